"""Parts of schemes: whole numbers from proportions, and indices dealt out class by class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datagen_partitions.errors import PartitionError

Labels = NDArray[Any]
"""The column `(n,)` that a data set is divided by: classes, ids or numbers."""

Indices = NDArray[np.int64]
"""Places in the data set, int64 `(m,)`; also counts of samples."""

Floats = NDArray[np.float64]


class Classes(NamedTuple):
    """The distinct values of a column and where each of them is.

    Attributes
    ----------
    values
        In ascending order, `(C,)`.
    members
        For each of them the indices of its samples, ascending.
    """

    values: Labels
    members: list[Indices]

    @property
    def sizes(self) -> Indices:
        """How many samples each has, int64 `(C,)`."""
        return np.array([member.size for member in self.members], np.int64)


def group_by_value(labels: Labels) -> Classes:
    """Return the distinct values of a column and the indices of each."""
    values, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    return Classes(values, cut(order, sizes))


def cut(items: Indices, sizes: Sequence[int] | Indices) -> list[Indices]:
    """Cut into consecutive pieces of these sizes; what is left at the end is in none."""
    return np.split(items, np.cumsum(sizes))[: len(sizes)]


def apportion(total: int, weights: Floats, rng: Generator) -> Indices:
    """Divide a whole number in proportion to weights, by the largest remainder.

    Each part is its exact quota rounded down or up, they sum to `total`, and equal remainders are
    ordered by lot, so that nobody is favoured (Hamilton's method of apportionment).
    """
    scaled = weights / weights.max()  # else the sum of very large weights is infinite
    quotas = scaled / scaled.sum() * total
    counts: Indices = np.floor(quotas).astype(np.int64)
    order = np.lexsort((rng.random(len(weights)), counts - quotas))
    counts[order[: total - counts.sum()]] += 1
    return counts


def spread(total: int, parts: int, rng: Generator) -> Indices:
    """Divide a whole number into parts that differ by one at most; lots decide which are larger."""
    return apportion(total, np.ones(parts), rng)


def fill_first(total: int, proportions: Floats) -> Indices:
    """Divide a whole number as the MLaaS data generator does: rounded down, the rest to the first.

    It favours the first parts, in each class anew; `apportion` does not.
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
        `(clients, C)`, how many samples of each class a client gets; the rest goes to nobody.
    rng
        It shuffles one class after the other, and nothing else is drawn.

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
        What is dealt out; a class that nobody holds goes to nobody.
    held
        bool `(clients, C)`, which classes each client holds.
    rng
        It decides who gets one more where a class does not come out even.

    Raises
    ------
    PartitionError
        When a class has fewer samples than clients that hold it.
    """
    counts = np.zeros(held.shape, np.int64)
    for place, (value, size) in enumerate(zip(classes.values, classes.sizes, strict=True)):
        holders = np.flatnonzero(held[:, place])
        if holders.size > size:
            message = (
                f"label {value} has {size} samples for {holders.size} clients that hold it; "
                "ask for fewer clients, or for fewer labels per client"
            )
            raise PartitionError(message)
        if holders.size:
            counts[holders, place] = spread(int(size), holders.size, rng)
    return deal(classes.members, counts, rng)


def join(pieces: Iterable[Sequence[Indices]]) -> list[Indices]:
    """Return for each client the concatenation of its pieces, int64 even where it has none."""
    nothing = np.empty(0, np.int64)
    return [np.concatenate([nothing, *mine]) for mine in pieces]
