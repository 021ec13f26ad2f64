"""Shares by a column of ids: one client per id, or per group of ids."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Classes, Indices, Labels, group_by_value, join
from datagen_partitions.schemes.params import PartitionParams


def divide_by_id(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:  # noqa: ARG001
    """Make a client of each id, in ascending order; its samples keep the order of the data set.

    The scheme of flwr-datasets' NaturalIdPartitioner. Nothing is drawn; all samples are dealt.

    Parameters
    ----------
    labels
        Ids, `(n,)`, of any type that sorts.
    params
        Not used.
    """
    return group_by_value(labels).members


def name_by_id(labels: Labels) -> tuple[str, ...]:
    """Return the clients' names: the ids as text."""
    return tuple(map(str, np.unique(labels)))


def divide_by_id_groups(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:  # noqa: ARG001
    """Make a client of each group of ids; its samples come id after id.

    The scheme of flwr-datasets' GroupedNaturalIdPartitioner, with the same groups. Nothing is
    drawn.

    Parameters
    ----------
    labels
        Ids, `(n,)`, of any type that sorts.
    params
        `group_size`; `group_mode`: ids left over when groups are full make a smaller group
        ("allow-smaller"), are spread over the first groups ("allow-bigger"), are left out
        ("drop-reminder", spelt as in flwr-datasets) or are an error ("strict"); `sort_ids`, else
        ids are in the order of the data set.

    Raises
    ------
    PartitionError
        When the group size does not fit the number of ids.
    """
    ids = group_by_value(labels)
    order = np.arange(len(ids.values)) if params.sort_ids else _order_of_appearance(ids)
    groups = _group(order, params)
    return join([ids.members[place] for place in group] for group in groups)


def _order_of_appearance(ids: Classes) -> Indices:
    return np.argsort([member[0] for member in ids.members])


def _group(order: Indices, params: PartitionParams) -> list[Indices]:
    size, mode = params.group_size or 1, params.group_mode
    groups, rest = divmod(order.size, size)
    if (not groups and mode != "allow-smaller") or (rest and mode == "strict"):
        raise PartitionError(
            f"{order.size} ids do not fit into groups of {size} with group_mode "
            f"{mode}; take another group_size, or group_mode allow-smaller"
        )
    if mode == "allow-bigger":
        return np.array_split(order, groups)
    pieces = np.split(order, np.arange(size, order.size, size))
    return pieces[:groups] if mode == "drop-reminder" else pieces
