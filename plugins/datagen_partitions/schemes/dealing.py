"""Parts of schemes: whole numbers from proportions, and indices dealt out class by class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datagen_core import round_quotas
from datagen_partitions.errors import PartitionError

Labels = NDArray[Any]
"""The column `(n,)` that a data set is divided by: classes, ids or numbers."""

Indices = NDArray[np.int64]
"""Places in the data set, int64 `(m,)`; also counts of samples."""

Floats = NDArray[np.float64]


class Classes(NamedTuple):
    """The distinct values of a column and the places of each.

    Attributes
    ----------
    values
        In ascending order, `(C,)`.
    members
        For each value the indices of its samples, ascending.
    """

    values: Labels
    members: list[Indices]

    @property
    def sizes(self) -> Indices:
        """Number of samples per value, int64 `(C,)`."""
        return np.array([member.size for member in self.members], np.int64)


def group_by_value(labels: Labels) -> Classes:
    """Return the distinct values of a column and the indices of each."""
    values, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    return Classes(values, cut(order, sizes))


def cut(items: Indices, sizes: Sequence[int] | Indices) -> list[Indices]:
    """Cut into consecutive pieces of these sizes; items left at the end are in no piece."""
    return np.split(items, np.cumsum(sizes))[: len(sizes)]


def apportion(total: int, weights: Floats, rng: Generator) -> Indices:
    """Divide a whole number in proportion to weights, by the largest remainder.

    Each part is its exact quota rounded down or up, they sum to `total`, and equal remainders are
    ordered by lot, so that no part is favoured (Hamilton's method of apportionment).
    """
    scaled = weights / weights.max()  # else the sum of very large weights is infinite
    return round_quotas(scaled / scaled.sum() * total, total, rng.random(len(weights)))


def spread(total: int, parts: int, rng: Generator) -> Indices:
    """Divide a whole number into parts that differ by one at most; lots decide which are larger."""
    return apportion(total, np.ones(parts), rng)


def fill_first(total: int, proportions: Floats) -> Indices:
    """Divide a whole number as the MLaaS data generator: rounded down, the rest to the first parts.

    Unlike `apportion`, it favours the first parts, in each class anew.
    """
    counts: Indices = (proportions * total).astype(np.int64)
    counts[: total - counts.sum()] += 1
    return counts


def deal(members: Sequence[Indices], counts: Indices, rng: Generator) -> list[Indices]:
    """Shuffle each class and deal it out.

    Parameters
    ----------
    members
        The indices of each class.
    counts
        `(clients, C)`, numbers of samples per client and class; the rest is left out.
    rng
        It shuffles one class after the other; nothing else is drawn.

    Returns
    -------
    shares
        For each client its indices, class after class.
    """
    pieces = [
        cut(rng.permutation(member), wanted)
        for member, wanted in zip(members, counts.T, strict=True)
    ]
    return join(zip(*pieces, strict=True))


def deal_evenly(classes: Classes, held: NDArray[np.bool_], rng: Generator) -> list[Indices]:
    """Give each client an equal part of every class that it holds.

    Parameters
    ----------
    classes
        The classes to deal out; a class without holders is left out.
    held
        bool `(clients, C)`, the classes that each client holds.
    rng
        It decides which clients get one more where a class cannot be divided evenly.

    Raises
    ------
    PartitionError
        When a class has fewer samples than clients that hold it.
    """
    counts = np.zeros(held.shape, np.int64)
    for place, (value, size) in enumerate(zip(classes.values, classes.sizes, strict=True)):
        holders = np.flatnonzero(held[:, place])
        if holders.size > size:
            raise PartitionError(
                f"label {value} has {size} samples for {holders.size} clients that hold it; "
                "ask for fewer clients, or for fewer labels per client"
            )
        if holders.size:
            counts[holders, place] = spread(int(size), holders.size, rng)
    return deal(classes.members, counts, rng)


def join(pieces: Iterable[Sequence[Indices]]) -> list[Indices]:
    """Return the concatenated pieces of each client, int64 even without pieces."""
    nothing = np.empty(0, np.int64)
    return [np.concatenate([nothing, *mine]) for mine in pieces]
