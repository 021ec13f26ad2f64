"""Many parameter sets of 50 samples: made, made again, listed and found; one set of many shards.

Commands are compared with processes that do the same with a peer, calls with calls in Python.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

from benchmarks.set_stores import GENERATOR, SAMPLES, SOURCE, STORES
from benchmarks.storing import DATAGEN, OWN, is_installed
from benchmarks.table import CostRow, compare_costs
from benchmarks.timing import Action, Cost, cheapest, cheapest_warm, run_command
from datagen_core import Cache, generate

SHARDS = 20_000
SCAN = "os.scandir in a process"
_SCAN = "import os, sys; print(sum(each.stat().st_size for each in os.scandir(sys.argv[1])))"

_MAKE_LIMITS = {1000: 3.0, 10_000: 30.0}
_LIST_LIMITS = {10_000: 1.5}
_SHARDS_LIMIT = 0.25

LIST = "datagen list"
_KEEPING = (
    "du", "du --by split", "prune --older-than 90d --dry-run", "prune --larger-than 1B --dry-run",
    f"logs {GENERATOR}", f"logs {GENERATOR} --failed",
)  # fmt: skip
"""No set is as old, and all are as large."""

_KEEPING_RATIO = 2.0
"""Aims are seconds of processor time."""

Act = Callable[[str, str, Path, int], Action]
"""Returns what a store, by name, does with this many sets in a folder."""


def measure(folder: Path, repeat: int, sets: int = 1000, shards: int = SHARDS) -> Iterator[CostRow]:
    """Yield the rows of some parameter sets, and of one set with many shards."""
    for way in WAYS:
        yield from _measure_making(folder / way, repeat, sets, way)
    made = {name: folder / "by command" / name / "0" for name in find_stores()}
    yield from measure_listing(made, repeat, sets)
    yield from measure_shards(folder / "shards", repeat, shards)


def measure_many(folder: Path, repeat: int) -> Iterator[CostRow]:
    """Yield the rows of 10,000 parameter sets, which are made by commands."""
    yield from _measure_making(folder, repeat, 10_000, "by command")
    made = {name: folder / name / "0" for name in find_stores()}
    yield from measure_listing(made, repeat, 10_000)
    yield from measure_keeping(made[OWN], repeat, 10_000)


def find_stores() -> list[str]:
    """Return the names of datagen and its peers, as far as these are installed."""
    return [name for name in STORES if name == OWN or is_installed(name)]


def _by_command(name: str, action: str, folder: Path, sets: int) -> Action:
    if name != OWN:
        module, root = "benchmarks.set_stores", Path(__file__).parents[1]
        arguments = "-m", module, name, action, str(folder), str(sets)
        return run_command(sys.executable, *arguments, cwd=root)
    if action == "list":
        return run_command(DATAGEN, "list", "--cache", str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    points = folder.with_suffix(".json")
    points.write_text(json.dumps(STORES[OWN](folder, sets).points))
    options = "--total", str(SAMPLES), "--executor", "inline", "--cache", str(folder)
    return run_command(DATAGEN, "generate", SOURCE, "--sweep", f"@{points}", *options)


def _in_python(name: str, action: str, folder: Path, sets: int) -> Action:
    folder.parent.mkdir(parents=True, exist_ok=True)
    method: Action = getattr(STORES[name](folder, sets), action)
    return method


WAYS: dict[str, Act] = {"by command": _by_command, "in Python": _in_python}


def _measure_making(folder: Path, repeat: int, sets: int, way: str) -> Iterator[CostRow]:
    """Make sets in a new folder each time, and once more in the first of them."""
    repeat = max(1, repeat // 3)  # these take seconds
    act, names = WAYS[way], find_stores()
    makes = {name: _fresh(act, name, folder / name, sets) for name in names}
    repeats = {name: act(name, "make", folder / name / "0", sets) for name in names}
    limit = _MAKE_LIMITS.get(sets)
    for title, actions in (("made", makes), ("made again", repeats)):
        costs = cheapest(actions, repeat)
        yield from _compare(f"{sets:,} sets of {SAMPLES}, {title}, {way}", costs, limit)


def _fresh(act: Act, name: str, folder: Path, sets: int) -> Action:
    places = (folder / str(number) for number in count())

    def make() -> None:
        act(name, "make", next(places), sets)()

    return make


def measure_listing(places: Mapping[str, Path], repeat: int, sets: int) -> Iterator[CostRow]:
    """Yield the rows of listing and finding sets that are in a folder for each store."""
    text = {name: _by_command(name, "list", place, sets) for name, place in places.items()}
    as_json = run_command(DATAGEN, "list", "--json", "--cache", str(places[OWN]))
    for title, actions in (("list", text), ("list --json", text | {OWN: as_json})):
        costs = cheapest(actions, repeat)
        yield from _compare(f"{sets:,} sets, {title}", costs, _LIST_LIMITS.get(sets))
    for action in ("list", "find"):
        calls = {name: _in_python(name, action, place, sets) for name, place in places.items()}
        costs = cheapest_warm(calls, repeat)
        yield from _compare(f"{sets:,} sets, {action} in Python", costs)


def measure_keeping(cache: Path, repeat: int, sets: int) -> Iterator[CostRow]:
    """Yield the rows of house-keeping, which is to take at most twice as long as a list."""
    words = {LIST: ["list"], **{each: each.split() for each in _KEEPING}}
    commands = {
        name: run_command(DATAGEN, *each, "--cache", str(cache)) for name, each in words.items()
    }
    costs = cheapest(commands, repeat)
    for each in _KEEPING:
        what = f"{sets:,} sets, {each}"
        yield from compare_costs(
            what, costs[each], {LIST: costs[LIST]}, aims={LIST: _KEEPING_RATIO}
        )


def measure_shards(folder: Path, repeat: int, shards: int = SHARDS) -> Iterator[CostRow]:
    """Yield the row of listing one set with many shards."""
    files = _link_shards(folder, shards)
    actions = {
        OWN: run_command(DATAGEN, "list", "--cache", str(folder)),
        SCAN: run_command(sys.executable, "-c", _SCAN, str(files)),
    }
    costs = cheapest(actions, repeat)
    what = f"list of a set with {shards:,} shards"
    yield from compare_costs(what, costs[OWN], {SCAN: costs[SCAN]}, limit=_SHARDS_LIMIT)


def _link_shards(cache: Path, shards: int) -> Path:
    """Make one shard, and link it under the names of further ones: `list` does not open them."""
    made = generate(SOURCE, SAMPLES, executor="inline", cache=cache)
    (first,) = made.paths.shards.iterdir()
    for number in range(1, shards):
        start = number * SAMPLES
        os.link(first, first.with_name(f"{start:012}-{start + SAMPLES:012}{first.suffix}"))
    counted = Cache(cache)[GENERATOR][0].counts["raw"]
    if counted != shards * SAMPLES:
        message = f"the cache counts {counted} samples in {shards} shards of {SAMPLES}"
        raise RuntimeError(message)
    return first.parent


def _compare(what: str, costs: Mapping[str, Cost], limit: float | None = None) -> Iterator[CostRow]:
    peers = {STORES[name].title: cost for name, cost in costs.items() if name != OWN}
    return compare_costs(what, costs[OWN], peers, limit=limit)
