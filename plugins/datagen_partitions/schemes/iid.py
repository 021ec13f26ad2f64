"""Equal parts of the shuffled data set."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.schemes.dealing import Indices, Labels, cut, spread
from datagen_partitions.schemes.params import PartitionParams


def divide_iid(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Shuffle the data set and deal it out in parts that differ by one sample at most.

    McMahan et al. 2017 (arXiv:1602.05629), section 3, "IID". With `compat` the rest of the division
    n / clients goes to the last client ("declearn") or is left out ("original").

    Parameters
    ----------
    labels
        `(n,)`; only their number counts.
    params
        `clients`.
    """
    order = rng.permutation(labels.size)
    if params.compat is None:
        return cut(order, spread(labels.size, params.clients, rng))
    parts = np.full(params.clients, labels.size // params.clients)
    if params.compat == "declearn":
        parts[-1] += labels.size % params.clients
    return cut(order, parts)
