"""Index ranges, interval sets, batches and random streams: the arithmetic of samples.

A sample is its index. Samples that exist, are missing, belong to a task or belong to a split are
therefore an `IntervalSet`. Everything random about a sample follows from its batch: see
`batch_stream`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import SeedSequence
    from numpy.typing import NDArray


MOST_SAMPLES = 2**63 - 1
"""How many samples a parameter set can have: an index is an int64."""

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


@dataclass(frozen=True, init=False, slots=True)
class IntervalSet:
    """An immutable set of indices, kept as sorted disjoint intervals that do not touch.

    The time of an operation depends on the number of intervals, not on the number of indices.
    """

    intervals: tuple[Interval, ...]

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        object.__setattr__(self, "intervals", tuple(_normal(pairs)))

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.intervals)

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.intervals)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __contains__(self, index: int) -> bool:
        place = bisect_right(self.intervals, (index, float("inf"))) - 1
        return place >= 0 and index < self.intervals[place].stop

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet((*self.intervals, *other.intervals))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet(_overlaps(self.intervals, other.intervals))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not self.intervals:
            return self
        end = self.intervals[-1].stop
        edges = [0, *(edge for interval in other.intervals for edge in interval), max(end, 0)]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return self & IntervalSet((low, min(high, end)) for low, high in gaps)

    def __str__(self) -> str:
        """Return the indices for people, with the last one of each interval: `0-49, 70`."""
        parts = (f"{low}-{high - 1}" if high - low > 1 else f"{low}" for low, high in self)
        return ", ".join(parts) or "none"

    def brief(self) -> str:
        """Return the indices for people, without those behind the first few intervals."""
        more = len(self.intervals) - _BRIEF
        if more <= 1:
            return str(self)
        return f"{IntervalSet(self.intervals[:_BRIEF])} and {more:,} more ranges"

    def clip(self, interval: tuple[int, int]) -> Iterator[Interval]:
        """Yield the parts that lie in an interval; what lies outside of it costs nothing."""
        start, stop = interval
        first = max(0, bisect_right(self.intervals, (start, float("inf"))) - 1)
        for place in range(first, len(self.intervals)):
            low, high = self.intervals[place]
            if low >= stop:
                return
            if max(low, start) < min(high, stop):
                yield Interval(max(low, start), min(high, stop))

    def lowest(self, count: int) -> IntervalSet:
        """Return the `count` lowest indices, or all of them if there are fewer."""
        return IntervalSet(first_of(self.intervals, count))


def _overlaps(left: tuple[Interval, ...], right: tuple[Interval, ...]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(left) and j < len(right):
        yield max(left[i].start, right[j].start), min(left[i].stop, right[j].stop)
        if left[i].stop < right[j].stop:
            i += 1
        else:
            j += 1


def without(intervals: Iterable[Interval], removed: IntervalSet) -> Iterator[Interval]:
    """Yield disjoint intervals without some indices, in the order of the intervals."""
    for start, stop in intervals:
        rest = start
        for low, high in removed.clip((start, stop)):
            if rest < low:
                yield Interval(rest, low)
            rest = high
        if rest < stop:
            yield Interval(rest, stop)


def first_of(intervals: Iterable[Interval], count: int) -> list[Interval]:
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


def count_batches(intervals: Iterable[Interval], batch_size: int) -> int:
    """Return how many pieces `cut_into_batches` yields."""
    return sum(-(-stop // batch_size) - start // batch_size for start, stop in intervals)


def deal(missing: IntervalSet, batch_size: int, tasks: int) -> list[IntervalSet]:
    """Share missing samples evenly among at most `tasks` tasks, in order and in whole batches.

    If the batches do not divide evenly, the first tasks get one more. No task is empty. The time
    depends on the number of intervals and of tasks, not on the number of batches.
    """
    counts = [count_batches([interval], batch_size) for interval in missing]
    ends = list(accumulate(counts))
    total = ends[-1] if ends else 0
    tasks = min(tasks, total)
    shares = [total // tasks + (task < total % tasks) for task in range(tasks)]
    borders = [
        _start_of(batch, missing, ends, batch_size) for batch in accumulate(shares, initial=0)
    ]
    return [IntervalSet(_between(missing, low, high)) for low, high in pairwise(borders)]


def _start_of(number: int, samples: IntervalSet, ends: Sequence[int], batch_size: int) -> int:
    """Return the first index of a batch, counted among those of `samples`; the end after the last.

    `ends` are the numbers of batches up to the end of each interval.
    """
    place = bisect_right(ends, number)
    if place == len(ends):
        return samples.intervals[-1].stop if ends else 0
    start, stop = samples.intervals[place]
    last = -(-stop // batch_size)
    return max(start, (last - (ends[place] - number)) * batch_size)


def _between(samples: IntervalSet, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of samples from `low` up to `high`."""
    place = max(0, bisect_right(samples.intervals, (low, float("inf"))) - 1)
    while place < len(samples.intervals) and samples.intervals[place].start < high:
        start, stop = samples.intervals[place]
        yield max(start, low), min(stop, high)
        place += 1


def is_one_batch(samples: IntervalSet, batch_size: int) -> bool:
    """Return whether samples, of which there are some, all lie in the same batch."""
    first, last = samples.intervals[0].start, samples.intervals[-1].stop - 1
    return first // batch_size == last // batch_size


def batch_stream(seed: int, digest: str, batch: int) -> SeedSequence:
    """Return the seed sequence from which everything random in a batch follows.

    Parameters
    ----------
    seed
        The seed of the parameter set, not negative.
    digest
        The hexadecimal SHA-256 identity of the parameter set.
    batch
        The number of the batch: the index of its first sample divided by the batch size.

    Notes
    -----
    `SeedSequence` mixes (seed, eight 32-bit words of the digest) and keys the batches apart by
    `spawn_key`, which is how numpy documents independent streams (Parallel Random Number
    Generation, section `SeedSequence` spawning).
    """
    import numpy as np  # here, so that listing a cache does not import it

    return np.random.SeedSequence(_entropy(seed, digest), spawn_key=(batch,))


@lru_cache(16)
def _entropy(seed: int, digest: str) -> NDArray[np.uint32]:
    """Return the 32-bit words of `[seed, *words of the digest]`, as `SeedSequence` makes them.

    Given as an array, they take it half as long as a list, which it converts item by item.
    """
    import numpy as np  # as above

    seed_words = max(1, -(-seed.bit_length() // 32))
    digest_words = np.frombuffer(bytes.fromhex(digest), ">u4")
    words = np.frombuffer(seed.to_bytes(4 * seed_words, "little"), "<u4")
    entropy = np.concatenate([words, digest_words]).astype(np.uint32)
    entropy.setflags(write=False)  # the same array for every batch
    return entropy


def round_quotas(
    quotas: NDArray[np.float64], total: int, ties: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Round quotas to whole numbers that sum to `total`, by the largest remainder (Hamilton).

    Parameters
    ----------
    quotas
        float64 `(parts,)`: the exact shares of `total`, which sum to it up to rounding.
    ties
        float64 `(parts,)`, such as lots: of equal remainders, the part with the least is rounded
        up first; None for the first part.

    Returns
    -------
    array
        int64 `(parts,)`, each quota rounded down or up.
    """
    import numpy as np  # as above

    parts: NDArray[np.int64] = np.floor(quotas).astype(np.int64)
    rest = parts - quotas
    order = np.argsort(rest, kind="stable") if ties is None else np.lexsort((ties, rest))
    parts[order[: total - parts.sum()]] += 1
    return parts
