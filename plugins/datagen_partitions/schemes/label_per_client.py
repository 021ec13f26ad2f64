"""A fixed number of labels for each client."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import (
    Indices,
    Labels,
    deal_evenly,
    group_by_value,
    join,
)
from datagen_partitions.schemes.params import PartitionParams


def divide_by_label_count(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Give each client k labels; clients that hold a label share it evenly.

    Li et al. 2022 (arXiv:2102.02079), "#C = k". With `label_coverage` all labels are
    dealt out first, so that none is lost as long as clients x k is at least the number of labels;
    the other labels of a client are drawn. Without it, and with compat "original", clients draw
    independently, and labels that no client drew are left out.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, `labels_per_client`, `label_coverage`.

    Raises
    ------
    PartitionError
        When there are fewer labels than k, or fewer samples of a label than clients that hold it.
    """
    if params.compat == "original":
        return _divide_as_original(labels, params, rng)
    classes = group_by_value(labels)
    count = check_label_count(params, len(classes.values))
    held = np.zeros((params.clients, len(classes.values)), np.bool_)
    if params.label_coverage:
        _cover(held, count, rng)
    for mine in held:
        free = np.flatnonzero(~mine)
        mine[rng.choice(free, count - mine.sum(), replace=False)] = True
    return deal_evenly(classes, held, rng)


def check_label_count(params: PartitionParams, available: int) -> int:
    """Return `labels_per_client`; refuse more labels than there are."""
    count = params.labels_per_client or 1
    if count > available:
        message = f"there are {available} labels, not {count}; ask for fewer labels_per_client"
        raise PartitionError(message)
    return count


def _cover(held: NDArray[np.bool_], count: int, rng: Generator) -> None:
    """Deal labels to clients by turns, both in random order, until all have one or `count` each."""
    clients, available = held.shape
    labels = rng.permutation(available)[: clients * count]
    held[rng.permutation(clients)[np.arange(labels.size) % clients], labels] = True


def _divide_as_original(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    available = int(np.max(labels)) + 1
    count = check_label_count(params, available)
    drawn = [rng.choice(available, count, replace=False) for _ in range(params.clients)]
    pieces: list[list[Indices]] = [[] for _ in drawn]
    for value in range(available):
        holders = [client for client, mine in enumerate(drawn) if value in mine]
        if holders:
            member = rng.permutation(np.flatnonzero(labels == value))
            for client, part in zip(holders, np.array_split(member, len(holders)), strict=True):
                pieces[client].append(part)
    return join(pieces)
