"""The power fails after any system call: what was reported done is there, nothing is damaged."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from datagen_core.errors import DatagenError
from datagen_core.ranges import IntervalSet
from datagen_core.reading.cache import Cache
from datagen_core.store import ledger
from datagen_core.store.derived import list_derived, newest_derived
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger
from datagen_core.store.published import published_samples
from fault_checks import Move, Reference, resume, violations
from power_loss import Call, State, crash_states, lay_out, record
from power_loss_scenario import DAMAGE, KEPT_GENERATIONS

_SCENARIO = Path(__file__).parents[1] / "power_loss_scenario.py"
_IN_MEMORY = Path("/dev/shm")  # the disk is a model, and each state is written and read once
_SAMPLES = 33
_RESUMED = 20
"""Of this many states one is taken up again."""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class Laboratory:
    """A recording, and a place for the states that follow from it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.disk = folder, folder / "disk"
        self.disk.mkdir()
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.disk / "config")}
        command = [sys.executable, str(_SCENARIO), str(self.disk)]
        self.calls = record(command, folder / "calls", env=environment)
        self._reference = Reference.make(folder / "reference", "quick", _SAMPLES)

    def explore(
        self, model: str, calls: list[Call], seeds: int = 1, stride: int = 1
    ) -> tuple[int, list[str]]:
        """Return how many states were checked, all or every few, and what the first bad one has."""
        states, found, scratch = 0, [], self._folder / "state"
        possible = crash_states(calls, self.disk, model, self.disk / "done", seeds)
        for state in islice(possible, None, None, stride):
            lay_out(state.tree, scratch)
            found += [f"after {state.told}: {each}" for each in self._check(scratch, state)]
            if states % _RESUMED == 0 and not found:
                found += self._resume(scratch / "cache")
            shutil.rmtree(scratch)
            states += 1
            if found:
                break
        return states, found

    def _check(self, disk: Path, state: State) -> Iterator[str]:
        done = [json.loads(line) for line in state.told]
        moves = [Move(each["split"], each["samples"]) for each in done if each["what"] == "move"]
        yield from violations(disk / "cache", self._reference, moves)
        yield from violations(disk / "sweep", None)
        yield from violations(disk / "private", None)
        yield from violations(disk / "removed", None)
        yield from violations(disk / "there", None)
        yield from violations(disk / "joined", self._reference)
        yield from _mislabelled(disk)
        yield from _headless(disk)
        try:
            for each in done:
                yield from _LOST.get(each["what"], _nothing)(disk, each)
            yield from _untold(disk, state)
        except (DatagenError, OSError) as error:
            yield f"{type(error).__name__}: {error}"

    def _resume(self, cache: Path) -> list[str]:
        resume(cache)
        return violations(cache, self._reference, complete=True)


def _nothing(*_: object) -> Iterator[str]:
    yield from ()


def _lost_samples(disk: Path, done: dict) -> Iterator[str]:
    found = Cache(disk / "cache")["quick"][0]
    if lost := IntervalSet([(0, done["samples"])]) - found.existing:
        yield f"samples {lost} are lost"
    if found.reserved < done["samples"]:
        yield f"of {done} only {found.reserved} are reserved"


def _lost_results(disk: Path, done: dict) -> Iterator[str]:
    made = list_derived(Cache(disk / "cache")["quick"][0].paths, done["split"])
    if sum(len(derived.existing()) for derived in made) < done["samples"]:
        yield f"{done} is lost"
    if newest_derived(Cache(disk / "cache")["quick"][0].paths, done["split"], "total") is None:
        yield f"the use of {done} is lost"


def _lost_sets(disk: Path, done: dict) -> Iterator[str]:
    sizes = [len(found.existing) for found in Cache(disk / "sweep")["scaled"].values()]
    if sizes != [done["samples"]] * done["sets"]:
        yield f"of a sweep are left {sizes}"


def _lost_private(disk: Path, done: dict) -> Iterator[str]:
    if len(Cache(disk / "private")["votes"][0].existing) != done["samples"]:
        yield "private samples are lost"


def _lost_record(disk: Path, done: dict) -> Iterator[str]:
    found = Cache(disk / "cache")["quick"][0]
    known = [*(each.digest for each in found.frozen), *(found.view(v).digest for v in found.views)]
    if done["digest"] not in known:
        yield f"{done} is lost"
    for view in found.views:
        if found.view(view)["train"].users != ["a"]:
            yield f"the users of {view} are lost"


def _lost_consent(disk: Path, done: dict) -> Iterator[str]:
    if not Cache(disk / "cache")["quick"][0].paths.probe(done["code"]).exists():
        yield f"{done} is lost"


def _lost_damage(disk: Path, done: dict) -> Iterator[str]:
    aside = (disk / "repaired").glob("*/*/damaged/*")
    if sum(path.read_bytes().startswith(DAMAGE) for path in aside) != done["files"]:
        yield "a damaged file is gone"


def _lost_repair(disk: Path, done: dict) -> Iterator[str]:
    if len(Cache(disk / "repaired")["quick"][0].existing) != done["samples"]:
        yield "repaired samples are lost"
    yield from violations(disk / "repaired", None)


def _returned(disk: Path, done: dict) -> Iterator[str]:
    found = Cache(disk / "removed")["scaled"]
    if done["number"] in found or len(found) != done["left"]:
        yield f"of two sets, one of which was removed, are there {list(found)}"


def _lost_import(disk: Path, done: dict) -> Iterator[str]:
    found = Cache(disk / "joined")["quick"][0]
    kept = (len(found.existing), found.reserved, len(found[done["split"]]))
    if kept != (done["samples"], done["samples"], done["moved"]):
        yield f"of {done} are left {kept}"


def _mislabelled(disk: Path) -> Iterator[str]:
    """Yield samples that came by an import, and that a move could take into another split."""
    for data_set in Cache(disk / "joined").values():
        for found in data_set.values():
            raw = read_ledger(found.paths).raw(found.existing)
            if coming := raw & IntervalSet([(6, 15)]):
                yield f"samples {coming} are raw, which are in a split where they come from"


def _headless(disk: Path) -> Iterator[str]:
    """Yield folders with samples that are no parameter sets."""
    for folder in {path.parents[1] for path in disk.glob("*/*/*/shards/*.h5")}:
        if not (folder / "params.json").exists():
            yield f"{folder} has samples and no params.json"


_LOST = {
    "accept": _lost_consent,
    "aside": _lost_damage,
    "freeze": _lost_record,
    "generate": _lost_samples,
    "import": _lost_import,
    "preprocess": _lost_results,
    "sweep": _lost_sets,
    "private": _lost_private,
    "remove": _returned,
    "repair": _lost_repair,
    "view": _lost_record,
}
"""What looks for that which was reported done."""


def _untold(disk: Path, state: State) -> Iterator[str]:
    """Yield private samples that somebody may have seen, and that would be made a second time."""
    shards = [Path(path) for path in state.seen if re.fullmatch(r"private/.*/shards/[^/]*h5", path)]
    for path in shards:
        paths = SetPaths(disk / path.parents[1])
        start, stop = map(int, path.stem.split("-"))
        if paths.params.exists() and IntervalSet([(start, stop)]) - published_samples(paths):
            yield f"{path} was seen, and no journal tells of it"


@pytest.fixture(scope="module")
def laboratory():
    """Return a recording of one of everything."""
    place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "KEPT_GENERATIONS", KEPT_GENERATIONS)
        yield Laboratory(Path(folder))


@pytest.mark.parametrize(
    ("model", "stride", "fewest"),
    [("metadata", 3, 250), ("entries", 3, 150), ("strict", 1, 100), ("random", 3, 400)],
)
def test_what_was_reported_done_survives(laboratory, model, stride, fewest):
    states, found = laboratory.explore(model, laboratory.calls, stride=stride)
    assert found == []
    assert states >= fewest


@pytest.mark.slow
@pytest.mark.stress
@pytest.mark.parametrize(
    ("model", "seeds", "fewest"),
    [("metadata", 1, 750), ("entries", 1, 450), ("strict", 1, 100), ("random", 3, 3000)],
)
def test_what_was_reported_done_survives_in_every_state(laboratory, model, seeds, fewest):
    states, found = laboratory.explore(model, laboratory.calls, seeds)
    assert found == []
    assert states >= fewest


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_sync_that_is_dropped_is_found(laboratory, kind):
    made = {call.paths[0] for call in laboratory.calls if call.name == "mkdir"}
    folders = {*made, str(laboratory.disk)}
    dropped = {"file": lambda path: path not in folders, "folder": folders.__contains__}[kind]
    calls = [
        call for call in laboratory.calls if call.name != "fsync" or not dropped(call.paths[0])
    ]
    assert laboratory.explore("strict", calls)[1]
