"""Shares of the shuffled data set, of given sizes or of sizes that grow with the client."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Floats, Indices, Labels, apportion, cut
from datagen_partitions.schemes.params import PartitionParams


def divide_by_sizes(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Shuffle the data set and deal it out in parts of these sizes; the rest is left out.

    flwr-datasets' SizePartitioner does so without shuffling.

    Parameters
    ----------
    labels
        `(n,)`; only their number counts.
    params
        `sizes`, one per client.

    Raises
    ------
    PartitionError
        When sizes sum to more samples than there are.
    """
    return cut(rng.permutation(labels.size), check_sizes(params, labels.size))


def divide_linearly(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out all samples in parts proportional to 1, 2, ..., clients."""
    return _divide_by_weights(labels, _count_from_one(params), rng)


def divide_by_squares(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out all samples in parts proportional to 1, 4, 9, ..., clients squared."""
    return _divide_by_weights(labels, _count_from_one(params) ** 2, rng)


def divide_exponentially(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Deal out all samples in parts proportional to e, e^2, e^3, ..., e^clients."""
    return _divide_by_weights(labels, np.exp(_count_from_one(params) - params.clients), rng)


def check_sizes(params: PartitionParams, available: int) -> tuple[int, ...]:
    """Return the sizes; refuse those that sum to more samples than there are."""
    sizes = params.sizes or ()
    if sum(sizes) > available:
        message = f"sizes sum to {sum(sizes)}, and there are {available} samples; ask for less"
        raise PartitionError(message)
    return sizes


def _count_from_one(params: PartitionParams) -> Floats:
    return np.arange(1.0, params.clients + 1)


def _divide_by_weights(labels: Labels, weights: Floats, rng: Generator) -> list[Indices]:
    """Round by the largest remainder; flwr-datasets gives the rest to the last client."""
    return cut(rng.permutation(labels.size), apportion(labels.size, weights, rng))
