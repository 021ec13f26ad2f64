"""A data set divided among clients, and each client's rows divided for training and validation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.client_files.clients import ClientData
from datagen_partitions.client_files.params import ImagePartitionParams
from datagen_partitions.client_files.rows import load_rows
from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes import Indices, count_clients, divide, split_validation


class Client(NamedTuple):
    """A client's rows: their places in the data set, and a mask of those for validation."""

    indices: Indices
    validation: NDArray[np.bool_]


class Partition(NamedTuple):
    """All clients, and notes on unexpected results of the division, one line each."""

    clients: list[Client]
    notes: tuple[str, ...]


@lru_cache(maxsize=1)  # a process makes samples of one parameter set, one by one
def divide_rows(params: ImagePartitionParams, seed: int) -> Partition:
    """Divide the data set, and shuffle each client's share into training and validation rows.

    With a number as `p_valid`, training rows come first; with compat "declearn" they are those of
    the files that declearn 2.9 writes for this seed, in the same order. With None rows are in the
    order of the scheme.

    Raises
    ------
    PartitionError
        When the data set cannot be divided so, or a client would have no training rows; the latter
        is allowed where `min_samples` is given.
    """
    rng = np.random.default_rng(seed)
    division = divide(params.scheme, load_rows(params).labels.ravel(), params, rng)
    if params.p_valid is None:
        clients = [Client(share, np.zeros(share.size, bool)) for share in division.shares]
    else:
        pairs = split_validation(division.shares, params.p_valid, rng)
        clients = [_join(train, valid) for train, valid in pairs]
    if params.min_samples is None:
        _refuse_idle(clients, params)
    return Partition(clients, division.notes)


def _join(train: Indices, valid: Indices) -> Client:
    validation = np.arange(train.size + valid.size) >= train.size
    return Client(np.concatenate([train, valid]), validation)


def _refuse_idle(clients: list[Client], params: ImagePartitionParams) -> None:
    """Refuse a client without training rows, on which declearn fails when it trains."""
    for number, client in enumerate(clients):
        if client.validation.all():
            raise PartitionError(
                f"{params.scheme}: client {number} has {client.indices.size} rows and none for "
                "training; ask for fewer clients, a smaller p_valid, another scheme or seed, or "
                "allow it with min_samples=0"
            )


def count_samples(params: ImagePartitionParams) -> int:
    """Return the number of clients, which does not depend on the seed."""
    known = count_clients(params.scheme, params)
    return len(divide_rows(params, 0).clients) if known is None else known


def make_samples(
    params: ImagePartitionParams, seed: int, start: int, stop: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the samples of the clients from `start` to before `stop`."""
    rows = load_rows(params)
    for client in divide_rows(params, seed).clients[start:stop]:
        yield {
            rows.field: rows.x[client.indices],
            "labels": rows.labels[client.indices],
            "indices": client.indices,
            "validation": client.validation,
        }


def divide_clients(params: ImagePartitionParams, seed: int) -> Iterator[ClientData]:
    """Yield each client's data as `datagen export --format declearn` writes them, without a cache.

    Raises
    ------
    DataError, ImagesError
        When the data set cannot be found or read.
    PartitionError
        When it cannot be divided so.
    """
    stop = len(divide_rows(params, seed).clients)
    return (ClientData.from_sample(sample) for sample in make_samples(params, seed, 0, stop))
