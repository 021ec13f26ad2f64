"""Batches of samples: how tasks share them, the random stream of each, and what else is drawn.

Everything random about a sample follows from its batch: see `batch_stream`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from datagen_core.ranges import Interval, IntervalSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import SeedSequence
    from numpy.typing import NDArray


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


def draw(seed: int, digest: str, raw: IntervalSet, count: int) -> IntervalSet:
    """Return `count` raw samples at random: those that draw the lowest lots.

    Parameters
    ----------
    seed
        The seed of the choice, not negative.
    digest
        The identity of the parameter set, so that each of a sweep's sets has other lots.
    raw
        The samples to choose from, at least `count`. The first one draws the first lot, and so on.

    Notes
    -----
    Lots are the raw 64-bit output of numpy's PCG64DXSM, seeded as in `batch_stream`, but without a
    spawn key. numpy never changes that stream, unlike those of its `Generator`. Of equal lots, the
    earlier one is lower.
    """
    import numpy as np  # here, so that listing a cache does not import it

    from datagen_core import edges

    lots = np.random.PCG64DXSM(np.random.SeedSequence(_entropy(seed, digest)))
    drawn = lots.random_raw(len(raw))
    last = np.partition(drawn, count - 1)[count - 1]
    chosen = drawn < last
    chosen[np.flatnonzero(drawn == last)[: count - chosen.sum()]] = True
    return IntervalSet.from_edges(edges.edges_of(edges.indices_of(raw.edges)[chosen]))


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
