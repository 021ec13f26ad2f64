"""Shares along a real-valued column, with more or less noise."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Indices, Labels, cut, spread
from datagen_partitions.schemes.params import PartitionParams


def divide_continuously(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Sort by s z + (1 - s) e and cut into equal parts: z the column standardized, e ~ N(0, 1).

    The scheme of flwr-datasets' ContinuousPartitioner. Strictness s = 0 is iid, and with s = 1 each
    client has an interval of the column. Sizes differ by one at most.

    Parameters
    ----------
    labels
        Numbers, `(n,)`.
    params
        `clients`, `strictness`.

    Raises
    ------
    PartitionError
        When values are not finite, or all of them are equal.
    """
    strictness = params.strictness or 0.0
    values = np.asarray(labels, np.float64)
    if not np.isfinite(values).all():
        message = "the column to divide by has values that are not finite; leave these samples out"
        raise PartitionError(message)
    deviation = values.std()
    if strictness and deviation <= 1e-9 * np.abs(values).max():
        message = "all values of the column are the same; set strictness to 0, or take another one"
        raise PartitionError(message)
    scores = (1 - strictness) * rng.normal(size=values.size)
    if strictness:
        scores += strictness * (values - values.mean()) / deviation
    return cut(np.argsort(scores), spread(values.size, params.clients, rng))
