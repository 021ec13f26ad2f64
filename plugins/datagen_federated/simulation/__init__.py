"""Federated runs, simulated: models, training, evaluation, aggregation and their measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datagen_core.files import require
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
    server combines their weights. Every client's model and the global model are measured on the
    whole test set; nothing is selected by these measurements.

    Parameters
    ----------
    data
        The labelled data set.
    shares
        int64 places of each client's samples in `data.x`.
    validation
        int64 places of samples in `data.x` that the global model is also measured on each round.
    params
        Models, training and aggregation.
    rng
        The source of all randomness: with the same state everything but measured times is the same,
        to the last bit, on the same kind of machine with the same versions.
    groups
        The groups that `data_Distribution` counts; by default classes, or one group for a
        regression.

    Raises
    ------
    SimulationError
        When the model does not fit the data, or there are no clients or test samples.
    MissingPackageError
        When torch is not installed.
    """
    check_inputs(data, shares)
    specs = list_weights(params, data.x.shape[1:], output_count(data))
    require("torch", "torch")
    # Both import torch, which is slow.
    from datagen_federated.simulation.federation import Federation
    from datagen_federated.simulation.recording import Recorder

    recorder = Recorder(params, specs, shares, groups or groups_of(data))
    Federation(data, shares, validation, params, specs, rng).run(recorder)
    return recorder.finish()
