"""Reading everything, random minibatches, and counting; many shards, few, and compacted ones.

Every whole read starts from nothing: it finds the set, lists its files and opens them, as the peers
open theirs. Minibatches come from a split, or a memory map, that is open already.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import NAME, Data, fill_cache, find_images, make_pairs
from benchmarks.pickles import count_pickles, pick, read_pickles, write_pickles
from benchmarks.table import Row
from benchmarks.timing import Action, race, use_fresh_memory
from datagen_core.reading.cache import Cache
from datagen_core.reading.splits import Split
from datagen_core.store.compaction import compact

SHARDS = (1, 100, 1000)
MINIBATCH = 256
NUMPY = "numpy memory map"
PICKLES = "pickles"

AIMS = {
    ("compacted", "whole", NUMPY): 1.5,
    ("compacted", "minibatch", NUMPY): 3.0,
    ("100 shards", "whole", PICKLES): 1 / 2,
    ("100 shards", "minibatch", PICKLES): 1 / 300,
}
COUNT_AIM = 1 / 25
SAME = 1.25
"""Two measurements of the same work may differ by so much."""


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield all comparisons of reading."""
    use_fresh_memory()
    for data in (make_pairs(), find_images()):
        for shards in SHARDS:
            place = folder / f"{data.title}-{shards}"
            candidates = _Candidates(place, data, shards)
            yield from _compare(candidates, repeat)
            if shards == 1:
                yield _measure_check(candidates, repeat)
    yield from _measure_counts(folder / "counts", repeat)


class _Candidates:
    """The same samples in a cache, as numpy files and as pickles, and the ways to read them."""

    def __init__(self, folder: Path, data: Data, shards: int) -> None:
        self.title = data.title
        self.shards = shards
        self._cache, self._numpy, self._pickles = folder / "cache", folder / "npy", folder / "pkl"
        fill_cache(self._cache, data, shards)
        self._numpy.mkdir()
        np.save(self._numpy / "x.npy", data.x)
        np.save(self._numpy / "y.npy", data.y)
        # As a loop that yields them would leave them: Python numbers, and one array an image.
        x, y = (list(a) if a.ndim > 1 else a.tolist() for a in (data.x, data.y))
        write_pickles(self._pickles, x, y, shards)
        orders = np.random.default_rng(1).integers(0, len(data.x), (50, MINIBATCH))
        self._positions = cycle(list(orders))

    def split(self) -> Split:
        """Return all samples of the cache, of which nothing is open yet."""
        return Cache(self._cache)[NAME][0]["train"]

    def _maps(self) -> tuple[NDArray[Any], NDArray[Any]]:
        x, y = (np.load(self._numpy / f"{name}.npy", mmap_mode="r") for name in "xy")
        return x, y

    def compact(self) -> None:
        """Compact the cache; the shards stay beside the pack, as they do for a day."""
        param_set = Cache(self._cache)[NAME][0]
        compact(param_set.paths, param_set.record, param_set.schema)

    def whole_reads(self) -> dict[str, Action]:
        """Return ways to read everything into memory."""
        return {
            "datagen": lambda: self.split().get(),
            NUMPY: lambda: [np.array(column) for column in self._maps()],
            PICKLES: lambda: read_pickles(self._pickles),
        }

    def minibatches(self) -> dict[str, Action]:
        """Return ways to read random samples."""
        split, maps, lists = self.split(), self._maps(), read_pickles(self._pickles)
        split.take(np.arange(len(split)))  # opens all files
        return {
            "datagen": lambda: split[next(self._positions)],
            NUMPY: lambda: _pick_from_maps(maps, next(self._positions)),
            PICKLES: lambda: pick(read_pickles(self._pickles), next(self._positions)),
            "pickles' lists kept in memory": lambda: pick(lists, next(self._positions)),
        }


def _pick_from_maps(
    maps: tuple[NDArray[Any], NDArray[Any]], positions: NDArray[np.int64]
) -> list[NDArray[Any]]:
    return [column[positions] for column in maps]


def _compare(candidates: _Candidates, repeat: int) -> Iterator[Row]:
    shards = f"{candidates.shards:,} shard{'s' if candidates.shards > 1 else ''}"
    yield from _compare_state(candidates, shards, shards, repeat)
    if candidates.shards > 1:
        candidates.compact()
        yield from _compare_state(candidates, "compacted", f"{shards}, compacted", repeat)


def _compare_state(candidates: _Candidates, state: str, title: str, repeat: int) -> Iterator[Row]:
    works = {"whole": candidates.whole_reads(), "minibatch": candidates.minibatches()}
    for work, actions in works.items():
        seconds = race(actions, repeat)
        for peer in list(actions)[1:]:
            what = f"{work}, {candidates.title}, {title}"
            aim = AIMS.get((state, work, peer))
            yield Row(what, seconds["datagen"], peer, seconds[peer], aim)


def _measure_check(candidates: _Candidates, repeat: int) -> Row:
    actions: dict[str, Action] = {
        "checked": lambda: candidates.split().get(verify=True),
        "not": lambda: candidates.split().get(),
    }
    seconds = race(actions, repeat)
    what = f"whole, verified, {candidates.title}, 1 shard"
    return Row(what, seconds["checked"], "datagen, not verified", seconds["not"])


def _measure_counts(folder: Path, repeat: int) -> Iterator[Row]:
    few, many = make_pairs(), make_pairs(10_000_000)
    fill_cache(folder / "few", few, 1000)
    fill_cache(folder / "many", many, 1000)
    write_pickles(folder / "pkl", few.x.tolist(), few.y.tolist(), 1000)
    actions: dict[str, Action] = {
        "few": lambda: Cache(folder / "few")[NAME][0].counts,
        "many": lambda: Cache(folder / "many")[NAME][0].counts,
        PICKLES: lambda: count_pickles(folder / "pkl"),
    }
    seconds = race(actions, repeat)
    what = "count, {} in 1,000 shards"
    yield Row(what.format(few.title), seconds["few"], PICKLES, seconds[PICKLES], COUNT_AIM)
    peer = f"datagen, {few.title}"
    yield Row(what.format(many.title), seconds["many"], peer, seconds["few"], SAME)
