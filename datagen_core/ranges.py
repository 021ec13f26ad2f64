"""Index ranges and sets of them: the arithmetic of samples.

A sample is its index. Samples that exist, are missing, belong to a task or belong to a split are
therefore an `IntervalSet`; those of a split have an order besides, and are an `IntervalList`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import and_, gt
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


MOST_SAMPLES = 2**63 - 1
"""How many samples a parameter set can have: an index is an int64."""

MANY = 512
"""From so many intervals on, a set is an array of its edges, which numpy works with."""

_BRIEF = 5


class Interval(NamedTuple):
    """The indices `start, …, stop - 1`."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of indices."""
        return self.stop - self.start


def _normal(pairs: Iterable[tuple[int, int]]) -> Iterator[Interval]:
    """Yield sorted intervals, joined where they touch, without empty ones."""
    start = stop = None
    for low, high in sorted(pairs):
        if high <= low:
            continue
        if stop is None or low > stop:
            if start is not None and stop is not None:
                yield Interval(start, stop)
            start, stop = low, high
        elif high > stop:
            stop = high
    if start is not None and stop is not None:
        yield Interval(start, stop)


class IntervalSet:
    """An immutable set of indices, kept as sorted disjoint intervals that do not touch.

    The time of an operation depends on the number of intervals, not on the number of indices. Very
    many intervals are an array of their edges, see `datagen_core.edges`.
    """

    __slots__ = ("_edges", "_intervals")

    _edges: NDArray[np.int64] | None
    _intervals: tuple[Interval, ...] | None

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        if isinstance(pairs, IntervalSet):
            pairs = IntervalList.of([pairs])
        if isinstance(pairs, IntervalList):
            self._edges, self._intervals = _unite(pairs.parts)
        else:
            self._edges, self._intervals = None, tuple(_normal(pairs))

    @classmethod
    def from_edges(cls, edges: NDArray[np.int64]) -> IntervalSet:
        """Return the set that has these edges, see `datagen_core.edges`."""
        made = cls()
        made._edges, made._intervals = edges, None
        return made

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Its intervals, sorted."""
        if self._intervals is None:
            self._intervals = tuple(_as_intervals(self.edges))
        return self._intervals

    @property
    def edges(self) -> NDArray[np.int64]:
        """The edges of its intervals as one array, int64 `(2 * ranges,)`."""
        if self._edges is None:
            self._edges = _edges().join(self._intervals or ())
        return self._edges

    @property
    def ranges(self) -> int:
        """The number of its intervals."""
        return len(self.edges) // 2 if self._intervals is None else len(self._intervals)

    @property
    def span(self) -> Interval:
        """The interval from its first index to its last one; empty if it has none."""
        if self._intervals is None:
            first, last = (int(each) for each in self.edges[[0, -1]])
            return Interval(first, last)
        if not self._intervals:
            return Interval(0, 0)
        return Interval(self._intervals[0].start, self._intervals[-1].stop)

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.intervals)

    def __len__(self) -> int:
        if self._intervals is None:
            return int(self.edges[1::2].sum() - self.edges[::2].sum())
        return sum(stop - start for start, stop in self._intervals)

    def __bool__(self) -> bool:
        return self.ranges > 0

    def __contains__(self, index: int) -> bool:
        return any(self.clip((index, index + 1)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        if self.ranges < MANY:
            return other.ranges < MANY and self.intervals == other.intervals
        return self.ranges == other.ranges and bool((self.edges == other.edges).all())

    def __hash__(self) -> int:
        return hash((self.ranges, self.span, len(self)))

    def __repr__(self) -> str:
        return f"IntervalSet({self.brief()})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._intervals is None:
            return IntervalSet.from_edges, (self._edges,)
        return IntervalSet, (self._intervals,)

    def __setstate__(self, state: list[tuple[Interval, ...]]) -> None:
        """Take the state that version 0.1 pickled."""
        self._edges, (self._intervals,) = None, state

    def __or__(self, other: IntervalSet) -> IntervalSet:
        made = IntervalSet()
        made._edges, made._intervals = _unite((self, other))
        return made

    def __and__(self, other: IntervalSet) -> IntervalSet:
        if self._is_many(other):
            return IntervalSet.from_edges(_edges().combine(self.edges, other.edges, and_))
        return IntervalSet(_overlaps(self.intervals, other.intervals))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not self or not other:
            return self
        if self._is_many(other):
            return IntervalSet.from_edges(_edges().combine(self.edges, other.edges, gt))
        end = self.span.stop
        edges = [0, *(edge for interval in other.intervals for edge in interval), max(end, 0)]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return self & IntervalSet((low, min(high, end)) for low, high in gaps)

    def _is_many(self, other: IntervalSet) -> bool:
        return max(self.ranges, other.ranges) >= MANY

    def __str__(self) -> str:
        """Return the indices for people, with the last one of each interval: `0-49, 70`."""
        parts = (f"{low}-{high - 1}" if high - low > 1 else f"{low}" for low, high in self)
        return ", ".join(parts) or "none"

    def brief(self) -> str:
        """Return the indices for people, without those behind the first few intervals."""
        more = self.ranges - _BRIEF
        if more <= 1:
            return str(self)
        return f"{IntervalSet(self._cut(0, _BRIEF))} and {more:,} more ranges"

    def _cut(self, first: int, last: int) -> Sequence[Interval]:
        """Return the intervals from one place to the one before another."""
        if self._intervals is None:
            return list(_as_intervals(self.edges[2 * first : 2 * last]))
        return self._intervals[first:last]

    def clip(self, interval: tuple[int, int]) -> Iterator[Interval]:
        """Yield the parts that lie in an interval; what lies outside of it costs nothing."""
        start, stop = interval
        if self._intervals is None:
            first, last = self.edges.searchsorted([start, stop], side="right")
            known = self._cut(first // 2, (last + 1) // 2)
            place = 0
        else:
            known = self._intervals
            place = max(0, bisect_right(known, (start, float("inf"))) - 1)
        while place < len(known) and known[place].start < stop:
            low, high = known[place]
            if max(low, start) < min(high, stop):
                yield Interval(max(low, start), min(high, stop))
            place += 1

    def lowest(self, count: int) -> IntervalSet:
        """Return the `count` lowest indices, or all of them if there are fewer."""
        if self._intervals is None:
            return IntervalSet.from_edges(_edges().lowest(self.edges, count))
        return IntervalSet(_first_of(self._intervals, count))


def _edges() -> ModuleType:
    """Return the module for very many intervals, which loads numpy; listing a cache does not."""
    from datagen_core import edges

    return edges


def _as_intervals(edges: NDArray[np.int64]) -> Iterator[Interval]:
    return map(Interval._make, edges.reshape(-1, 2).tolist())


def _unite(
    parts: Sequence[IntervalSet],
) -> tuple[NDArray[np.int64] | None, tuple[Interval, ...] | None]:
    """Return the edges or the intervals of a union."""
    if sum(part.ranges for part in parts) < MANY:
        return None, tuple(_normal(chain.from_iterable(parts)))
    if len(parts) == 1:
        return parts[0].edges, None
    from numpy import concatenate

    return _edges().join(concatenate([part.edges for part in parts])), None


class IntervalList(Sequence[Interval]):
    """Disjoint intervals in an order of their own, such as that in which a split has grown.

    Attributes
    ----------
    parts
        Sets of which each one is in ascending order, one after another; very many intervals cost
        as little as few.
    """

    __slots__ = ("parts",)

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self.parts: tuple[IntervalSet, ...]
        if isinstance(pairs, IntervalList):
            self.parts = pairs.parts
        elif isinstance(pairs, IntervalSet):
            self.parts = (pairs,) if pairs else ()
        else:
            self.parts = tuple(map(IntervalSet, _ascending(pairs)))

    @classmethod
    def of(cls, parts: Iterable[IntervalSet]) -> IntervalList:
        """Return the intervals of some sets, one set after another."""
        made = cls()
        made.parts = tuple(part for part in parts if part)
        return made

    @property
    def size(self) -> int:
        """Number of indices."""
        return sum(map(len, self.parts))

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Start and stop of each interval as int64 `(len(self), 2)`."""
        import numpy as np  # here, so that listing a cache does not import it

        arrays = [np.empty(0, np.int64), *(part.edges for part in self.parts)]
        return np.concatenate(arrays).reshape(-1, 2)

    def __len__(self) -> int:
        return sum(part.ranges for part in self.parts)

    def __iter__(self) -> Iterator[Interval]:
        return chain.from_iterable(self.parts)

    @overload
    def __getitem__(self, key: int) -> Interval: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Interval]: ...
    def __getitem__(self, key: int | slice) -> Interval | Sequence[Interval]:
        if len(self.parts) == 1:
            return self.parts[0].intervals[key]
        return tuple(self)[key]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, IntervalList) and max(len(self), len(other)) >= MANY:
            return len(self) == len(other) and bool((self.bounds == other.bounds).all())
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((len(self), self.size))

    def __repr__(self) -> str:
        return f"IntervalList({', '.join(part.brief() for part in self.parts)})"

    def first(self, count: int) -> IntervalList:
        """Return the first `count` indices, or all of them if there are fewer."""
        taken = []
        for part in self.parts:
            if count <= 0:
                break
            taken.append(part if len(part) <= count else part.lowest(count))
            count -= len(part)
        return IntervalList.of(taken)

    def without(self, removed: IntervalSet) -> IntervalList:
        """Return them without some indices, in their order."""
        return IntervalList.of(part - removed for part in self.parts) if removed else self

    def followed_by(self, samples: IntervalSet) -> IntervalList:
        """Return them with others behind, so that the first ones never change."""
        last = self.parts[-1] if self.parts else None
        if last and samples and type(last) is IntervalSet and last.span.stop <= samples.span.start:
            return IntervalList.of([*self.parts[:-1], last | samples])
        return IntervalList.of([*self.parts, samples])


def _ascending(pairs: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Cut intervals where one does not begin behind the one before it."""
    run: list[tuple[int, int]] = []
    for pair in pairs:
        if run and pair[0] < run[-1][1]:
            yield run
            run = []
        if pair[0] < pair[1]:
            run.append(pair)
    if run:
        yield run


def _overlaps(left: tuple[Interval, ...], right: tuple[Interval, ...]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(left) and j < len(right):
        yield max(left[i].start, right[j].start), min(left[i].stop, right[j].stop)
        if left[i].stop < right[j].stop:
            i += 1
        else:
            j += 1


def _first_of(intervals: Iterable[Interval], count: int) -> list[Interval]:
    """Return the first `count` indices of intervals, in the order of the intervals, or all."""
    taken = []
    for start, stop in intervals:
        if count <= 0:
            break
        taken.append(Interval(start, min(stop, start + count)))
        count -= stop - start
    return taken


def cut_into_batches(intervals: Iterable[Interval], batch_size: int) -> Iterator[Interval]:
    """Cut intervals at the borders of batches, so that each piece lies within one batch."""
    for start, stop in intervals:
        first = start - start % batch_size
        for low in range(first, stop, batch_size):
            yield Interval(max(start, low), min(stop, low + batch_size))
