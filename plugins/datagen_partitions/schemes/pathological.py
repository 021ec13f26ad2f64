"""A fixed number of labels for each client, by one of Flower's three rules."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.schemes.dealing import Indices, Labels, deal_evenly, group_by_value
from datagen_partitions.schemes.label_per_client import check_label_count
from datagen_partitions.schemes.params import PartitionParams


def divide_pathologically(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Give each client k labels; clients that hold a label share it evenly.

    The three ways to assign labels are those of flwr-datasets' PathologicalPartitioner, with the
    same labels for the same seed. "first-deterministic" is the way of Li et al. 2022
    (arXiv:2102.02079). Labels that no client holds are left out.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, `labels_per_client`, `class_assignment`: "random", k labels are drawn;
        "deterministic", client i holds labels i, i + 1, ..., i + k - 1 modulo their number;
        "first-deterministic", it holds label i, and the others are drawn.

    Raises
    ------
    PartitionError
        When there are fewer labels than k, or fewer samples of a label than clients that hold it.
    """
    classes = group_by_value(labels)
    count = check_label_count(params, len(classes.values))
    held = np.zeros((params.clients, len(classes.values)), np.bool_)
    for client, mine in enumerate(held):
        mine[_assign(client, count, len(mine), params.class_assignment, rng)] = True
    return deal_evenly(classes, held, rng)


def _assign(client: int, count: int, available: int, mode: str, rng: Generator) -> list[int]:
    if mode == "random":
        drawn: list[int] = rng.choice(available, size=count, replace=False).tolist()
        return drawn
    mine = [client % available]
    while len(mine) < count:
        following = (client + len(mine)) % available
        label = following if mode == "deterministic" else int(rng.choice(available, size=1)[0])
        mine += [label] * (label not in mine)
    return mine
