"""Federated runs, simulated: models, training, evaluation, aggregation and their measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datagen_federated.data import Data
from datagen_federated.errors import SimulationError
from datagen_federated.models.architecture import (
    WeightSpec,
    count_weights,
    list_weights,
    to_keras_layers,
)
from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.inputs import (
    Groups,
    Indices,
    check_inputs,
    groups_of,
    output_count,
)
from datagen_federated.simulation.records import FAIL_REASONS, Run, client_dtype, round_dtype

__all__ = [
    "FAIL_REASONS",
    "Groups",
    "Run",
    "SimulationError",
    "TrainingParams",
    "WeightSpec",
    "client_dtype",
    "count_weights",
    "list_weights",
    "round_dtype",
    "simulate",
    "to_keras_layers",
]


def simulate(
    data: Data,
    shares: Sequence[Indices],
    validation: Indices,
    params: TrainingParams,
    rng: np.random.Generator,
    groups: Groups | None = None,
) -> Run:
    """Simulate a federated run on this machine, one client after the other.

    Each round, the selected clients train from the global weights on their own samples, and the
    server combines what they return. Every client's model and the global model are measured on the
    whole test set; nothing is selected by these measurements.

    Parameters
    ----------
    data
        The labelled data set.
    shares
        For each client, int64 places of its samples in `data.x`.
    validation
        int64 places of samples in `data.x` that the global model is also measured on each round.
    params
        Models, training and aggregation.
    rng
        Where all randomness comes from: with an equal state everything but measured times is the
        same, to the last bit, on the same kind of machine with the same versions.
    groups
        What `data_Distribution` counts; by default classes, or one group for a regression.

    Raises
    ------
    SimulationError
        When the model does not fit the data, when there is nothing to train or to measure on, or
        without torch.
    """
    check_inputs(data, shares)
    specs = list_weights(params, data.x.shape[1:], output_count(data))
    _require_torch()
    # Both import torch, for which a command's start must not pay.
    from datagen_federated.simulation.federation import Federation
    from datagen_federated.simulation.recording import Recorder

    recorder = Recorder(params, specs, shares, groups or groups_of(data))
    Federation(data, shares, validation, params, specs, rng).run(recorder)
    return recorder.finish()


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        message = "simulated training needs torch; pip install 'datagen[torch]'"
        raise SimulationError(message) from error
