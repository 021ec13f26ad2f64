"""Very many index ranges, as arrays of their edges: `start, stop, start, stop, ...`.

The edges of a set rise, as int64, since its ranges are sorted and do not touch. What takes a loop
over the ranges a second takes these functions a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Edges: TypeAlias = NDArray[np.int64]

_Inside: TypeAlias = NDArray[np.bool_]


def join(ranges: Sequence[tuple[int, int]] | Edges) -> Edges:
    """Return the edges of ranges `(n, 2)` that may overlap, touch or be empty, in any order."""
    pairs = np.asarray(ranges, np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if not len(pairs):
        return np.empty(0, np.int64)
    starts, ends = pairs[:, 0], np.maximum.accumulate(pairs[:, 1])
    first = np.concatenate([[True], starts[1:] > ends[:-1]])
    last = np.concatenate([first[1:], [True]])
    edges: Edges = np.stack([starts[first], ends[last]], axis=1).reshape(-1)
    return edges


def combine(left: Edges, right: Edges, keep: Callable[[_Inside, _Inside], _Inside]) -> Edges:
    """Return the edges of the indices for which `keep(in left, in right)` holds."""
    points = np.concatenate([left, right])
    points.sort(kind="stable")  # which merges what is sorted
    inside = keep(contains(left, points), contains(right, points))
    before = np.concatenate([[False], inside[:-1]])
    edges: Edges = points[inside != before]
    return edges


def contains(edges: Edges, indices: NDArray[np.int64]) -> _Inside:
    """Return which indices are in a set."""
    inside: _Inside = (np.searchsorted(edges, indices, side="right") & 1).astype(bool)
    return inside


def lowest(edges: Edges, count: int) -> Edges:
    """Return the edges of the `count` lowest indices, or of all if there are fewer."""
    ends = np.cumsum(edges[1::2] - edges[::2])
    place = int(np.searchsorted(ends, count))
    if place == len(ends):
        return edges
    taken = edges[: 2 * place + 2].copy()
    taken[-1] -= ends[place] - count
    return taken if taken[-1] > taken[-2] else taken[:-2]


def indices_of(edges: Edges) -> NDArray[np.int64]:
    """Return the indices of ranges, in the order of the ranges; those of a set rise."""
    starts, sizes = edges[::2], edges[1::2] - edges[::2]
    shifts = starts - (np.cumsum(sizes) - sizes)
    indices: NDArray[np.int64] = np.arange(sizes.sum()) + np.repeat(shifts, sizes)
    return indices


def edges_of(indices: NDArray[np.int64]) -> Edges:
    """Return the edges of indices that rise."""
    return join(np.stack([indices, indices + 1], axis=1))


def to_bits(edges: Edges) -> bytes:
    """Return a bit for each index from the first edge on, the lowest bit of a byte first."""
    change = np.zeros(edges[-1] - edges[0], np.int8)
    change[edges[::2] - edges[0]] = 1
    change[edges[1:-1:2] - edges[0]] = -1
    return np.packbits(np.cumsum(change, dtype=np.int8).view(bool), bitorder="little").tobytes()


def from_bits(bits: bytes, start: int) -> Edges:
    """Return the edges of which `to_bits` returned the bits; `start` is the first one."""
    inside = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little").view(np.int8)
    return np.flatnonzero(np.diff(inside, prepend=np.int8(0), append=np.int8(0))) + start
