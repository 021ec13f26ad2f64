"""Labelled data as a simulation needs them, and checks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data import Data
from datagen_federated.errors import SimulationError

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups that `data_Distribution` counts: one per sample, `(n,)`, 0..count-1."""

    of: Indices
    count: int


def groups_of(data: Data) -> Groups:
    """Return the classes of the samples, or a single group for a regression."""
    if data.task == "classification":
        return Groups(data.y, len(data.classes))
    return Groups(np.zeros(len(data.y), np.int64), 1)


def output_count(data: Data) -> int:
    """Return the number of outputs of a model per sample."""
    return len(data.classes) if data.task == "classification" else 1


def target_scale(data: Data) -> tuple[float, float]:
    """Return mean and standard deviation of the targets; a deviation of 1 if all are equal."""
    mean, deviation = data.target_scale
    return mean, deviation or 1.0


def training_targets(data: Data) -> NDArray[Any]:
    """Return int64 labels, or float32 targets with mean 0 and standard deviation 1."""
    if data.task == "classification":
        return data.y.astype(np.int64)
    mean, deviation = target_scale(data)
    return ((data.y.astype(np.float64) - mean) / deviation).astype(np.float32)


def loss_unit(data: Data) -> float:
    """Return the factor of a loss in training: the squared unit of regression targets, else 1."""
    return target_scale(data)[1] ** 2 if data.task == "regression" else 1.0


def check_inputs(data: Data, shares: Sequence[Indices]) -> None:
    """Refuse data that cannot be simulated with.

    Raises
    ------
    SimulationError
        Without clients or without a test set.
    """
    if not shares:
        raise SimulationError("there are no clients; ask for at least one")
    if not len(data.y_test):
        message = "there is no test set, on which every model is measured; leave samples for it"
        raise SimulationError(message)
