"""Shares of the shuffled data set whose sizes are given, or follow from the client's number."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Floats, Indices, Labels, apportion, cut
from datagen_partitions.schemes.params import PartitionParams


def divide_by_sizes(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Shuffle the data set and deal it out in parts of these sizes; the rest is left out.

    As flwr-datasets' SizePartitioner, which does not shuffle.

    Parameters
    ----------
    labels
        `(n,)`; only their number counts.
    params
        `sizes`, whose number is that of the clients.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When they sum to more than there is.
    """
    return cut(rng.permutation(labels.size), check_sizes(params, labels.size))


def divide_linearly(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out everything in parts proportional to the client's number, 1, 2, ..., clients."""
    return _divide_by_weights(labels, _numbers(params), rng)


def divide_by_squares(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out everything in parts proportional to the square of the client's number."""
    return _divide_by_weights(labels, _numbers(params) ** 2, rng)


def divide_exponentially(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out everything in parts proportional to e to the power of the client's number."""
    return _divide_by_weights(labels, np.exp(_numbers(params) - params.clients), rng)


def check_sizes(params: PartitionParams, available: int) -> tuple[int, ...]:
    """Return the sizes, or refuse them when they sum to more than there is."""
    sizes = params.sizes or ()
    if sum(sizes) > available:
        message = f"sizes sum to {sum(sizes)}, and there are {available} samples; ask for less"
        raise PartitionError(message)
    return sizes


def _numbers(params: PartitionParams) -> Floats:
    return np.arange(1.0, params.clients + 1)


def _divide_by_weights(labels: Labels, weights: Floats, rng: Generator) -> list[Indices]:
    """Round by the largest remainder; flwr-datasets gives the last client what is left."""
    return cut(rng.permutation(labels.size), apportion(labels.size, weights, rng))
