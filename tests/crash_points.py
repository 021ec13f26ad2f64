"""Explores every step of every kind of publish: `python crash_points.py FOLDER`.

A process of its own, because it forks: what a scenario does is done by children, which start at
once and may be killed. The parent only looks at the files. Each line of standard input asks for one
exploration, `["crash", "move", "none", 1]`: fate, scenario, mutant, and every how many steps the
fate strikes. Fates:

- crash: a child is killed at step k, for every k, and what it began is taken up again;
- zombie: a child is stopped at step k, another one does the same to the end, the first wakes up;
- race: two children do the same at the same moment.

Each is answered by a line, a JSON object: the last step that was struck, and what was violated.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from datagen_core.errors import SplitError
from datagen_core.executors.choice import choose_executor
from datagen_core.generators.registry import load_generator
from datagen_core.ranges import IntervalSet
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling import driving
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.generate import generate
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.worker import run_task
from datagen_core.store import assignments, ledger
from datagen_core.store.compaction import compact
from datagen_core.store.layout import SetPaths
from datagen_core.store.sets import read_set
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.preprocess import preprocess
from demands import demand_for, plan_for
from fault_checks import Move, Reference, changes, published, resume, snapshot, source, violations
from fault_injection import Steps
from mutants import MUTANTS

_RACES = 12
_MOST = 40  # no scenario makes more samples


def _the_set(cache: Path) -> ParamSet:
    return Cache(cache)["quick"][0]


def _generate(cache: Path) -> list[Move]:
    generate(source("quick"), 4, executor="inline", cache=cache)
    return []


def _plan(cache: Path, samples: int = 8) -> None:
    """Publish a run with one plan of one task, as a scheduler is given it."""
    demand = demand_for(source("quick"), cache, samples)
    [run] = begin([demand], choose_executor("inline"), Settings())
    assert run is not None
    whole = [IntervalSet([run.record.interval])]
    plan_for(run.paths, run.record.id, "inline", whole, None)


def _work(cache: Path) -> list[Move]:
    paths = SetPaths(next(cache.glob("*/*/params.json")).parent)
    maker = BatchMaker.of(load_generator(source("quick")).generator, read_set(paths))
    word = run_task((str(paths.root), 0, 0), 0, maker)
    assert word == "done", word
    return []


def _fill(cache: Path) -> None:
    _plan(cache, 18)
    _work(cache)
    _the_set(cache).move(2, "test")


def _move(cache: Path) -> list[Move]:
    return [Move("train", _the_set(cache).move(4, "train").intervals)]


def _move_often(cache: Path) -> None:
    """Leave a ledger of which every change spends a generation, and forgets an operation."""
    ledger.KEPT_GENERATIONS = ledger.KEPT_OPERATIONS = 1  # in all children, too
    assignments.KEPT_OPERATIONS = 1
    _fill(cache)
    for _ in range(3):
        _the_set(cache).move(1, "test")


def _move_twice(cache: Path) -> list[Move]:
    return [Move("train", _the_set(cache).move(2, "train").intervals) for _ in range(2)]


def _exclude(cache: Path) -> list[Move]:
    found = _the_set(cache)
    moved = found.move(1, "train")
    done = []
    with suppress(SplitError):  # another one excluded them, or this one before it was killed
        done = [Move("excluded", found.exclude([1, 12, 13], "why").samples.intervals)]
    return [Move("train", moved.intervals), *done]


def _compact(cache: Path) -> list[Move]:
    found = _the_set(cache)
    compact(found.paths, found.record, found.schema, grace=0)
    return []


def _preprocess(cache: Path) -> list[Move]:
    total = load_generator(source("quick")).generator.preprocessors["total"]
    preprocess(_the_set(cache), total, "test", 2)
    return []


def _fill_two(cache: Path) -> None:
    """Leave a cache inside of another one, which has more samples, and more of them in splits."""
    _fill(cache)
    other = cache / "other"
    for samples in (12, 18):
        generate(source("quick"), samples, executor="inline", cache=other)
    _the_set(other).move(2, "test")
    _the_set(other).move(24, "train")
    _the_set(other).exclude([20], "why")


def _import(cache: Path) -> list[Move]:
    (found,) = import_cache(cache / "other", cache=cache)
    assert not found.refused, found.refused
    assert ledger.read_ledger(_the_set(cache).paths).splits["train"] == ((2, 26),)
    return []


class Scenario(NamedTuple):
    """What is there before, and what is done."""

    prepare: Callable[[Path], object]
    act: Callable[[Path], list[Move]]


SCENARIOS = {
    "generate": Scenario(Path.mkdir, _generate),
    "work": Scenario(_plan, _work),
    "move": Scenario(_fill, _move),
    "spend": Scenario(_move_often, _move_twice),
    "exclude": Scenario(_fill, _exclude),
    "compact": Scenario(_fill, _compact),
    "preprocess": Scenario(_fill, _preprocess),
    "import": Scenario(_fill_two, _import),
}


class Child:
    """A process that does one thing; what it reports comes through a pipe."""

    def __init__(self, act: Callable[[], list[Move]]) -> None:
        self._pipe, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._pipe)
            _run(act, write)
        os.close(write)
        self.failure = ""

    def stops(self) -> bool:
        """Wait until it stops or is over; return whether it stopped."""
        flags = os.WEXITED | os.WSTOPPED | os.WNOWAIT  # what ended is left to `report`
        state = os.waitid(os.P_PID, self.pid, flags)
        return state is not None and state.si_code == os.CLD_STOPPED

    def report(self) -> list[Move] | None:
        """Wait until it is over; return what it reported done, None when it was killed."""
        with os.fdopen(self._pipe) as pipe:
            text = pipe.read()
        os.waitpid(self.pid, 0)
        found = json.loads(text) if text else None
        if isinstance(found, str):
            self.failure = found
            return None
        return None if found is None else [Move(split, samples) for split, samples in found]


def _run(act: Callable[[], list[Move]], pipe: int) -> None:
    try:
        ledger._LOCK_SECONDS = 0.02  # a stopped child may hold the courtesy lock
        driving._SHORTEST_PAUSE = 0.0
        report: Any = act()
    except BaseException as error:
        traceback.print_exc()
        report = f"{type(error).__name__}: {error}"
    os.write(pipe, json.dumps(report).encode())
    os._exit(0)


class Explorer:
    """One scenario with one mutant."""

    def __init__(
        self, scenario: Scenario, mutant: str, folder: Path, reference: Reference, stride: int
    ) -> None:
        self._folder, self._scenario, self._mutate = folder, scenario, MUTANTS[mutant]
        self._reference, self._stride = reference, stride
        self._template = folder / "template"
        scenario.prepare(self._template)
        self.steps = 0

    def _cache(self, number: int) -> Path:
        shutil.rmtree(self._folder / f"cache-{number - self._stride}", ignore_errors=True)
        cache = self._folder / f"cache-{number}"
        shutil.copytree(self._template, cache)
        return cache

    def _child(self, cache: Path, before: Callable[[], object] = lambda: None) -> Child:
        def act() -> list[Move]:
            self._mutate()
            before()
            return self._scenario.act(cache)

        return Child(act)

    def _injected(self, cache: Path, at: int, what: signal.Signals) -> Child:
        steps = Steps(cache, at, what)

        def act() -> list[Move]:
            self._mutate()
            steps.install()
            moves = self._scenario.act(cache)
            steps.reach()  # all is done, and nobody knows
            return moves

        return Child(act)

    def crash(self) -> Iterator[str]:
        """Kill a child at every step, or every few steps."""
        for at in itertools.count(1, self._stride):
            cache = self._cache(at)
            child = self._injected(cache, at, signal.SIGKILL)
            moves = child.report()
            yield from self._look(f"killed at step {at}", cache, child, moves or [])
            if moves is not None or child.failure:
                break
            self.steps = at

    def zombie(self) -> Iterator[str]:
        """Stop a child at every step, or every few steps, and let another one overtake it."""
        for at in itertools.count(1, self._stride):
            cache = self._cache(at)
            sleeper = self._injected(cache, at, signal.SIGSTOP)
            if not sleeper.stops():
                sleeper.report()
                break
            self.steps = at
            yield from self._overtake(f"stopped at step {at}", cache, sleeper)

    def _overtake(self, when: str, cache: Path, sleeper: Child) -> Iterator[str]:
        other = self._child(cache)
        moves = other.report() or []
        yield from self._problems(when, violations(cache, self._reference, moves), other)
        before = published(cache)
        os.kill(sleeper.pid, signal.SIGCONT)
        moves += sleeper.report() or []
        yield from self._problems(when, changes(before, published(cache)), sleeper)
        yield from self._look(when, cache, sleeper, moves)

    def race(self) -> Iterator[str]:
        """Let two children start at one moment."""
        for self.steps in range(1, _RACES + 1):
            cache = self._cache(self.steps)
            wait, go = os.pipe()
            start = lambda wait=wait, go=go: (os.close(go), os.read(wait, 1))  # noqa: E731
            children = [self._child(cache, start) for _ in range(2)]
            os.close(go)
            os.close(wait)
            moves: list[Move] = []
            for child in children:
                moves += child.report() or []
                yield from self._problems(f"race {self.steps}", [], child)
            yield from self._look(f"race {self.steps}", cache, children[0], moves)

    def _look(self, when: str, cache: Path, child: Child, moves: list[Move]) -> Iterator[str]:
        """Check, do it again, take up what is left, check; taking up once more changes nothing."""
        before = published(cache)
        yield from self._problems(when, violations(cache, self._reference, moves), child)
        again = self._child(cache)
        moves = [*moves, *(again.report() or [])]
        yield from self._problems(f"{when}, done again", [], again)
        resumed = self._resumed_twice(cache)
        found = violations(cache, self._reference, moves, complete=True)
        found += changes(before, published(cache))
        yield from self._problems(f"{when}, resumed", found, resumed)

    def _resumed_twice(self, cache: Path) -> Child:
        def act() -> list[Move]:
            self._mutate()
            resume(cache)
            resumed = snapshot(cache)
            resume(cache)
            assert snapshot(cache) == resumed, "a second resume changed something"
            return []

        child = Child(act)
        child.report()
        return child

    @staticmethod
    def _problems(when: str, found: list[str], child: Child) -> Iterator[str]:
        yield from (f"{when}: {problem}" for problem in found)
        if child.failure:
            yield f"{when}: {child.failure}"


def main() -> None:
    """Explore what is asked for, each in a process of its own: a mutant changes the process."""
    folder = Path(sys.argv[1])
    reference = Reference.make(folder / "reference", "quick", _MOST)
    gc.freeze()  # forking is most of the work, and a collection would copy every page
    gc.disable()
    for line in sys.stdin:
        explorer = os.fork()
        if not explorer:
            _answer(line, folder / "explored", reference)
            os._exit(0)
        if os.waitpid(explorer, 0)[1]:
            sys.exit(f"no answer to {line}")


def _answer(line: str, folder: Path, reference: Reference) -> None:
    fate, scenario, mutant, stride = json.loads(line)
    folder.mkdir()
    explorer = Explorer(SCENARIOS[scenario], mutant, folder, reference, stride)
    found = getattr(explorer, fate)()
    some = list(itertools.islice(found, None if mutant == "none" else 1))
    shutil.rmtree(folder)
    sys.stdout.write(json.dumps({"steps": explorer.steps, "violations": some}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
