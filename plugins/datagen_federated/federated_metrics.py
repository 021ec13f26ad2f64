"""The generator `federated_metrics`: simulated federated runs as tables of metrics."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np

from datagen_core import (
    DatasetGenerator,
    Field,
    RefusedSampleError,
    Schema,
    generator,
    hookimpl,
)
from datagen_federated.runs.experiment import inspect_params, prepare_experiment
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.simulation import (
    client_dtype,
    count_weights,
    round_dtype,
    simulate,
)
from datagen_federated.simulation.sketch import WIDTH
from datagen_partitions.schemes import PartitionError


def schema_of(params: FederatedMetricsParams) -> Schema:
    """Return the fields of a run; the number of classes and options for saving decide."""
    experiment = prepare_experiment(params)
    measured = ("Computation_Time", "cpu_time")
    fields = {
        "clients": Field(client_dtype(experiment.groups.count), ragged=True, measured=measured),
        "rounds": Field(round_dtype(), ragged=True),
        "client_names": Field(str, ragged=True),
        "params_count": Field("int64"),
        "dropped": Field("int64"),
        "torch_version": Field(str),
    }
    if params.save_updates:
        fields["updates"] = Field("float32", (WIDTH,), ragged=True)
    if params.save_weights:
        size = count_weights(experiment.specs)
        fields["weights"] = fields["global_weights"] = Field("float32", (size,), ragged=True)
    return Schema(fields)


@generator(
    params=FederatedMetricsParams,
    memory="2GB",
    schema=schema_of,
    preflight=inspect_params,
)
def federated_metrics(
    params: FederatedMetricsParams, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Simulate federated runs; one sample is one run: metrics of its clients and rounds.

    Each run makes its own draws, from the stream of its index: the part for validation, the
    division among clients, the first weights, dropouts, the order of samples.

    Yields
    ------
    sample
        `clients`: records, one row per round and client, rounds outermost
        (`datagen_federated.simulation.Run.clients`). `rounds`: records of the global model, one row
        per round. `client_names`: text, by `client_id - 1`. `params_count`: number of weights of
        the model. `dropped`: samples left out by the division. `torch_version`. With
        `save_updates`:
        `updates` float32 `(rows, 256)`; with `save_weights`: `weights` float32 `(rows, P)` and
        `global_weights` float32 `(rounds, P)`.

    Raises
    ------
    RefusedSampleError
        When the division that was drawn for a run cannot be made, such as one that leaves too few
        samples to a client.
    """
    experiment = prepare_experiment(params)
    dividing, simulating = rng.spawn(2)
    try:
        division, validation = experiment.draw(dividing)
    except PartitionError as error:  # this draw's; the example that was looked at before was fine
        raise RefusedSampleError(str(error)) from error
    run = simulate(
        experiment.data, division.shares, validation, params, simulating, experiment.groups
    )
    saved = {
        "updates": run.updates,
        "weights": run.weights,
        "global_weights": run.global_weights,
    }
    yield {
        "clients": run.clients,
        "rounds": run.rounds,
        "client_names": list(division.names),
        "params_count": run.params_count,
        "dropped": division.dropped,
        "torch_version": version("torch"),
        **{name: array for name, array in saved.items() if array is not None},
    }


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `federated_metrics`."""
    return federated_metrics
