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
    - `shard_size` alone: all shards there are get dealt, so that clients differ by one shard at
      most; what fills no shard is left out, or is a shard too (`keep_incomplete_shard`).
    - Both: as many shards of that size as are needed; the rest is left out.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients` and those above.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When there are fewer samples or shards than that needs.
    """
    order = np.argsort(labels, kind="stable")
    each = params.shards_per_client
    if params.shard_size is None:
        shards = _cut_into(order, params.clients * (each or 1))
    else:
        shards = _cut_by_size(order, params.shard_size, keep=params.keep_incomplete_shard)
    taken = params.clients * each if each else len(shards)
    if not params.clients <= taken <= len(shards):
        message = (
            f"there are {len(shards)} shards of {params.shard_size} samples, and {params.clients} "
            f"clients need {max(taken, params.clients)}; ask for smaller shards, or fewer clients"
        )
        raise PartitionError(message)
    # numpy shuffles a list in another way than an array; the original has a list.
    places = list(range(len(shards)))
    rng.shuffle(places)
    per_client = [each] * params.clients if each else spread(taken, params.clients, rng)
    dealt = cut(np.array(places[:taken], np.int64), per_client)
    return join([shards[place] for place in mine] for mine in dealt)


def _cut_into(order: Indices, count: int) -> list[Indices]:
    if count > order.size:
        message = (
            f"cannot cut {order.size} samples into {count} shards; "
            "ask for fewer clients, or fewer shards per client"
        )
        raise PartitionError(message)
    return np.array_split(order, count)


def _cut_by_size(order: Indices, size: int, *, keep: bool) -> list[Indices]:
    shards = np.split(order, np.arange(size, order.size, size))
    return shards if keep or shards[-1].size == size else shards[:-1]
