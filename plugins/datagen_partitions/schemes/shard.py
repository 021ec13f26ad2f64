"""Shards: pieces of the data set sorted by label, a few for each client."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Indices, Labels, cut, join, spread
from datagen_partitions.schemes.params import PartitionParams


def divide_into_shards(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Sort by label, cut into shards, and deal the shards out by lot.

    McMahan et al. 2017 (arXiv:1602.05629), section 3, "pathological non-IID". A shard that lies on
    the border of two labels holds both.

    - `shards_per_client` alone: all samples are dealt, and shards differ by one sample at most.
    - `shard_size` alone: all shards are dealt, so that clients differ by one shard at most; samples
      that do not fill a shard are left out, or are a shard too (`keep_incomplete_shard`).
    - Both: `shards_per_client` shards of that size per client; the rest is left out.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, `shards_per_client`, `shard_size`, `keep_incomplete_shard`.

    Raises
    ------
    PartitionError
        When there are too few samples or shards.
    """
    order = np.argsort(labels, kind="stable")
    each = params.shards_per_client
    if params.shard_size is None:
        shards = _cut_into(order, params.clients * (each or 1))
    else:
        shards = _cut_by_size(order, params.shard_size, keep=params.keep_incomplete_shard)
    taken = params.clients * each if each else len(shards)
    if not params.clients <= taken <= len(shards):
        raise PartitionError(
            f"there are {len(shards)} shards of {params.shard_size} samples, and {params.clients} "
            f"clients need {max(taken, params.clients)}; ask for smaller shards, or fewer clients"
        )
    # NumPy shuffles a list differently from an array; the original has a list.
    places = list(range(len(shards)))
    rng.shuffle(places)
    per_client = [each] * params.clients if each else spread(taken, params.clients, rng)
    dealt = cut(np.array(places[:taken], np.int64), per_client)
    return join([shards[place] for place in mine] for mine in dealt)


def _cut_into(order: Indices, count: int) -> list[Indices]:
    if count > order.size:
        raise PartitionError(
            f"cannot cut {order.size} samples into {count} shards; "
            "ask for fewer clients, or fewer shards per client"
        )
    return np.array_split(order, count)


def _cut_by_size(order: Indices, size: int, *, keep: bool) -> list[Indices]:
    shards = np.split(order, np.arange(size, order.size, size))
    return shards if keep or shards[-1].size == size else shards[:-1]
