"""Writing, topping up and reading one set of samples, beside other formats: processor time.

datagen writes as `generate(…, executor="inline")` does, in batches of 50; the peers write the same
draws in a loop of the same batches. What is read is equal in all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import drawn_samples
from benchmarks.drawn_samples import BATCH, Batch, Draw, draw_batches, draw_images, draw_pairs
from benchmarks.stores import Arrow, H5py, H5pyByBatch, HuggingFace, NumpyMap, Store, Zarr
from benchmarks.table import CostRow, compare_costs
from benchmarks.timing import Action, Cost, cheapest, cheapest_warm, run_command, use_fresh_memory
from datagen_core import Cache, DatagenError, generate
from datagen_core.files import require

MINIBATCH = 256
OWN = "datagen"
ONE_SHARD = "datagen, 1 shard"
DATAGEN = str(Path(sys.executable).parent / "datagen")
AIMS = {H5pyByBatch.name: 1.5}
"""Of writing, beside an append for each batch."""
LOOSE_AIMS = {ONE_SHARD: 3.0}


@dataclass(frozen=True)
class Work:
    """A generator, the same draws for peers, and how much is made."""

    generator: str
    title: str
    draw: Draw
    size: int
    more: int = 1000
    """How many samples a top-up adds."""
    runs: int = 16
    """How many runs make the samples when each leaves a shard."""

    @property
    def source(self) -> str:
        """The generator, as the command line names it."""
        return f"{drawn_samples.__file__}:{self.generator}"

    def generate(self, cache: Path, size: int) -> None:
        """Make more samples with datagen in this process."""
        generate(self.source, size, executor="inline", cache=cache)


WORKS = (
    Work("pairs", "float64 pairs", draw_pairs, 200_000),
    Work("images", "images of 28x28 bytes", draw_images, 20_000),
)


def measure(folder: Path, repeat: int, works: Sequence[Work] = WORKS) -> Iterator[CostRow]:
    """Yield all comparisons; peers that are not installed are left out."""
    use_fresh_memory()
    stores = find_stores((H5py(), Zarr(), Arrow(), HuggingFace()))
    writers = (H5pyByBatch(), *stores)
    for work in works:
        place = folder / work.generator
        yield from _compare_writing(place / "write", work, writers, repeat)
        yield from _compare_appending(place / "append", work, writers, repeat)
        yield from _compare_reading(place / "read", work, (NumpyMap(), *stores), repeat)


def find_stores(stores: Sequence[Store]) -> list[Store]:
    """Return the stores whose packages are installed, and say which are not."""
    return [store for store in stores if all(map(is_installed, store.modules))]


@cache
def is_installed(module: str) -> bool:
    """Whether a module of the extra `bench` can be imported; if not, say so on stderr."""
    try:
        require(module, "bench")
    except DatagenError as error:
        print(f"a peer is left out: {error}", file=sys.stderr)
        return False
    return True


def _compare_writing(
    folder: Path, work: Work, stores: Sequence[Store], repeat: int
) -> Iterator[CostRow]:
    folder.mkdir(parents=True)
    fresh = (folder / str(number) for number in count())
    actions: dict[str, Action] = {OWN: lambda: work.generate(next(fresh), work.size)}
    for store in stores:
        actions[store.name] = _writing(store, work, lambda: next(fresh))
    costs = cheapest(actions, repeat)
    what = f"write {work.size:,} {work.title}, batches of {BATCH}"
    yield from _compare(what, costs, AIMS)


def _writing(store: Store, work: Work, place: Callable[[], Path]) -> Action:
    return lambda: store.write(place(), draw_batches(work.draw, work.size))


def _compare_appending(
    folder: Path, work: Work, stores: Sequence[Store], repeat: int
) -> Iterator[CostRow]:
    folder.mkdir(parents=True)
    work.generate(folder / "cache", work.size)
    actions: dict[str, Action] = {OWN: lambda: work.generate(folder / "cache", work.more)}
    for store in stores:
        store.write(folder / store.name, draw_batches(work.draw, work.size))
        actions[store.name] = _appending(store, folder / store.name, work)
    costs = cheapest(actions, repeat)
    yield from _compare(f"append {work.more:,} to {work.size:,} {work.title}", costs)


def _appending(store: Store, folder: Path, work: Work) -> Action:
    return lambda: store.append(folder, draw_batches(work.draw, work.more))


def _compare_reading(
    folder: Path, work: Work, stores: Sequence[Store], repeat: int
) -> Iterator[CostRow]:
    caches = _fill_caches(folder, work)
    batches = _read_batches(caches["1 shard"], work)
    for store in stores:
        store.write(folder / store.name, batches)
    for name, reading in _READINGS.items():
        what = f"{name}, {work.size:,} {work.title}"
        own = {state: reading.own(cache, work) for state, cache in caches.items()}
        peers = {store.name: reading.peer(store, folder / store.name, work) for store in stores}
        costs = cheapest_warm(own | peers, repeat)
        yield from _compare_states(what, costs, list(peers))


def _compare_states(
    what: str, costs: Mapping[str, Cost], peers: Sequence[str]
) -> Iterator[CostRow]:
    """Yield one shard beside all peers, and other states beside the memory map and one shard."""
    first, *others = [name for name in costs if name not in peers]
    beside = {name: costs[name] for name in peers}
    yield from compare_costs(f"{what}, {first}", costs[first], beside)
    for state in others:
        beside = {NumpyMap.name: costs[NumpyMap.name], ONE_SHARD: costs[first]}
        aims = {} if "compacted" in state else LOOSE_AIMS
        yield from compare_costs(f"{what}, {state}", costs[state], beside, aims=aims)


def _fill_caches(folder: Path, work: Work) -> dict[str, Path]:
    """Make the same samples by one run, by two and by more, and by more with `compact` after them.

    The shards of two runs stay as they are; more runs may pack theirs.
    """
    several = f"{work.runs} runs"
    states = {"1 shard": 1, "2 runs": 2, several: work.runs, f"{several}, compacted": work.runs}
    for state, runs in states.items():
        for _ in range(runs):
            work.generate(folder / state, work.size // runs)
    run_command(DATAGEN, "compact", "--cache", str(folder / f"{several}, compacted"))()
    return {state: folder / state for state in states}


def _read_batches(cache: Path, work: Work) -> list[Batch]:
    x, y = _read(cache, work)
    parts = [slice(start, start + BATCH) for start in range(0, len(x), BATCH)]
    return [(x[part], y[part]) for part in parts]


@dataclass(frozen=True)
class _Reading:
    """A way to read, from datagen's cache and from a peer's store."""

    own: Callable[[Path, Work], Action]
    peer: Callable[[Store, Path, Work], Action]


def _read(cache: Path, work: Work) -> Batch:
    """Open a cache and return all samples as new arrays."""
    x, y = Cache(cache)[work.generator][0]["raw"].get()
    return x, y


def _read_own(cache: Path, work: Work) -> Action:
    return lambda: _read(cache, work)


def _read_peer(store: Store, folder: Path, _: Work) -> Action:
    return lambda: store.read(folder)


def _pick_own(cache: Path, work: Work) -> Action:
    split = Cache(cache)[work.generator][0]["raw"]
    positions = _positions(work.size)
    return lambda: split[next(positions)]


def _pick_peer(store: Store, folder: Path, work: Work) -> Action:
    rows, positions = store.open(folder).rows, _positions(work.size)
    return lambda: rows(next(positions))


def _pick_one_own(cache: Path, work: Work) -> Action:
    split = Cache(cache)[work.generator][0]["raw"]
    positions = cycle(next(_positions(work.size)).tolist())
    return lambda: split[next(positions)]


def _pick_one_peer(store: Store, folder: Path, work: Work) -> Action:
    one, positions = store.open(folder).one, cycle(next(_positions(work.size)).tolist())
    return lambda: one(next(positions))


def _positions(size: int) -> Iterator[NDArray[np.int64]]:
    return cycle(np.random.default_rng(1).integers(0, size, (50, MINIBATCH)))


_READINGS = {
    "whole": _Reading(_read_own, _read_peer),
    f"minibatch of {MINIBATCH}": _Reading(_pick_own, _pick_peer),
    "one sample": _Reading(_pick_one_own, _pick_one_peer),
}


def _compare(
    what: str, costs: Mapping[str, Cost], aims: Mapping[str, float] | None = None
) -> Iterator[CostRow]:
    peers = {name: cost for name, cost in costs.items() if name != OWN}
    return compare_costs(what, costs[OWN], peers, aims=aims)
