"""Local chaos: kill -9 and SIGSTOP at random, of workers, submitters and movers of one cache.

All processes are real ones: `datagen generate` and `datagen resume` with local workers, a mover
that labels samples and writes down what it was told, and a reader that opens every visible file
over and over. `run_chaos` does one run and returns what was done and what was violated.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from datagen_core.errors import DatagenError
from datagen_core.reading.cache import Cache
from datagen_core.store.runs import Plan, list_plans, list_runs
from fault_checks import (
    Move,
    Reference,
    changes,
    find_sets,
    published,
    snapshot,
    source,
    violations,
    wrong_files,
)
from patience import patience

SAMPLES = 345  # with batches of 5 enough files that they are packed at the end
_FAULTS = 7
_MOST_SECONDS = 60.0


@dataclass
class Outcome:
    """What one run of chaos was: faults by kind, what the reader looked at, and what was wrong."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    checks: int = 0
    moves: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0


def make_reference(folder: Path) -> Reference:
    """Return the samples of an undisturbed run."""
    return Reference.make(folder, "slow", SAMPLES)


def run_chaos(folder: Path, reference: Reference, seed: int) -> Outcome:
    """Do one run in an empty folder. The seed decides about the faults, not about their timing."""
    chaos = _Chaos(folder, seed)
    begun = time.monotonic()
    try:
        chaos.strike()
        chaos.settle(reference)
    finally:
        chaos.end()
    chaos.outcome.seconds = time.monotonic() - begun
    return chaos.outcome


class _Chaos:
    def __init__(self, folder: Path, seed: int) -> None:
        self.outcome = Outcome(seed)
        self._folder, self._cache = folder, folder / "cache"
        self._cache.mkdir(parents=True)
        self._random = random.Random(seed)
        self._drivers: list[subprocess.Popen[bytes]] = []
        self._stopped: list[psutil.Process] = []
        self._reader = self._start("read", str(self._cache), log="reader")
        self._mover = self._start_mover()
        self._seen: dict[str, tuple[int, str]] = {}

    def strike(self) -> None:
        """Start a run and disturb it, until it is through or has suffered enough."""
        self._drive()
        kinds: list[Callable[[], bool]] = [
            *4 * [self._kill_worker],
            *4 * [self._stop_worker],
            *2 * [self._kill_driver],
            self._stop_driver,
            *2 * [self._drive_twice],
            self._kill_mover,
        ]
        time.sleep(self._random.uniform(0.0, 1.0))
        while self.outcome.faults.total() < _FAULTS and self._living_drivers():
            time.sleep(self._random.uniform(0.0, 0.4))
            kind = self._random.choice(kinds)
            if kind():
                self.outcome.faults[kind.__name__[1:]] += 1
            if self._random.random() < 0.6:
                self._wake()
        self._wake()

    def settle(self, reference: Reference) -> None:
        """Let all of it come to rest, resume, and check."""
        for driver in self._drivers:
            self._await(driver, "a submitter")
        self._mover.kill()  # while it moves, perhaps
        self._mover.wait()
        self._seen = published(self._cache)
        self._finish("generate", source("slow"), "--total", str(SAMPLES))
        self._finish("resume")
        self._await_workers()
        self._hear_out()
        rested = snapshot(self._cache)
        self._finish("resume")
        self._blame(changes(self._seen, published(self._cache)))
        self._blame(made_twice(self._cache))
        self._blame(["a second resume changed something"] * (snapshot(self._cache) != rested))
        moves = _read_moves(self._folder / "moves")
        self.outcome.moves = len(moves)
        self._blame(violations(self._cache, reference, moves, complete=True))

    def end(self) -> None:
        """Leave no process behind."""
        for process in [*self._drivers, self._reader, self._mover]:
            process.kill()
            process.wait()
        for worker in self._workers():
            with suppress(psutil.Error):
                worker.kill()

    def _blame(self, found: list[str]) -> None:
        self.outcome.violations += found

    def _start(self, *words: str, log: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{log}.log").open("ab") as output:
            command = [sys.executable, __file__, *words]
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def _start_mover(self) -> subprocess.Popen[bytes]:
        seed = str(self._random.randrange(1000))
        return self._start("move", str(self._cache), seed, str(self._folder / "moves"), log="mover")

    def _datagen(self, *words: str) -> subprocess.Popen[bytes]:
        options = ["--executor", "local", "--njobs", "3", "--cache", str(self._cache)]
        command = [sys.executable, "-m", "datagen_core", *words, *options]
        with (self._folder / "drivers.log").open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def _drive(self) -> None:
        begun = any(self._cache.glob("*/*/runs/*.json"))
        words = ["resume"] if begun else ["generate", source("slow"), "--total", str(SAMPLES)]
        self._drivers.append(self._datagen(*words))

    def _living_drivers(self) -> list[subprocess.Popen[bytes]]:
        return [driver for driver in self._drivers if driver.poll() is None]

    def _workers(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if "datagen_core.worker" in words and str(self._cache) in " ".join(words):
                    found.append(process)
        return found

    def _kill_worker(self) -> bool:
        return self._signal_worker(signal.SIGKILL)

    def _stop_worker(self) -> bool:
        return self._signal_worker(signal.SIGSTOP)

    def _signal_worker(self, what: signal.Signals) -> bool:
        workers = self._await_worker()
        if not workers:
            return False
        worker = self._random.choice(workers)
        with suppress(psutil.Error):
            worker.send_signal(what)
        if what == signal.SIGSTOP:
            self._stopped.append(worker)
        return True

    def _await_worker(self) -> list[psutil.Process]:
        """Return the workers once there are any: they are what is to be struck most."""
        while not (found := self._workers()) and self._living_drivers():
            self._wake()
            time.sleep(0.02)
        return found

    def _kill_driver(self) -> bool:
        for driver in self._living_drivers():
            driver.kill()
            driver.wait()
        time.sleep(self._random.uniform(0.0, 0.3))
        self._drive()
        return True

    def _stop_driver(self) -> bool:
        drivers = self._living_drivers()
        if not drivers:
            return False
        driver = psutil.Process(self._random.choice(drivers).pid)
        driver.suspend()
        self._stopped.append(driver)
        return True

    def _drive_twice(self) -> bool:
        self._drive()
        return True

    def _kill_mover(self) -> bool:
        self._mover.kill()
        self._mover.wait()
        self._mover = self._start_mover()
        return True

    def _wake(self) -> None:
        for process in self._stopped:
            with suppress(psutil.Error):
                process.resume()
        self._stopped.clear()

    def _await(self, process: subprocess.Popen[bytes], what: str) -> None:
        try:
            process.wait(patience(_MOST_SECONDS))
        except subprocess.TimeoutExpired:
            log = (self._folder / "drivers.log").read_text()[-400:]
            self._blame([f"{what} was never through; it said: {log}"])

    def _finish(self, *words: str) -> None:
        process = self._datagen(*words)
        self._await(process, words[0])
        if process.poll():
            log = (self._folder / "drivers.log").read_text()[-400:]
            self._blame([f"{words[0]} ended with {process.returncode}; it said: {log}"])

    def _await_workers(self) -> None:
        _, alive = psutil.wait_procs(self._workers(), timeout=patience(_MOST_SECONDS))
        self._blame([f"worker {worker.pid} never ended" for worker in alive])

    def _hear_out(self) -> None:
        self._reader.send_signal(signal.SIGTERM)
        self._reader.wait()
        said = (self._folder / "reader.log").read_text()
        if not said.startswith("{"):
            self._blame([f"the reader failed: {said[-800:]}"])
            return
        report = json.loads(said)
        self.outcome.checks = report["checks"]
        self._blame([f"a reader saw: {line}" for line in report["violations"]])


def made_twice(cache: Path) -> Iterator[str]:
    """Yield the samples that were submitted again while a task was still at work on them."""
    for paths in find_sets(cache):
        for record in list_runs(paths):
            plans = list_plans(paths.run(record.number))
            for earlier, later in itertools.combinations(plans, 2):
                yield from _overlaps(earlier, later)


def _overlaps(earlier: Plan, later: Plan) -> Iterator[str]:
    for number, samples in enumerate(earlier.tasks):
        work = [event["time"] for event in earlier.events(number) if event["event"] != "end"]
        if samples & later.samples and max(work, default=0.0) > later.created:
            yield f"{samples & later.samples} were submitted again as a task was at work on them"


def _read_moves(path: Path) -> list[Move]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [Move(*json.loads(line)) for line in lines]


def _read(cache: Path) -> None:
    """Open every visible file over and over; nothing that was there may be gone or torn."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    checks, wrong, before = 0, [], Counter[Path]()
    while not ended and not wrong:
        for paths in find_sets(cache):
            wrong += [*wrong_files(paths, None), *_fewer(cache, before)]
            checks += 1
        time.sleep(0.03)
    sys.stdout.write(json.dumps({"checks": checks, "violations": wrong}))


def _fewer(cache: Path, before: Counter[Path]) -> Iterator[str]:
    for dataset in Cache(cache).values():
        for param_set in dataset.values():
            root, now = param_set.paths.root, sum(param_set.counts.values())
            if now < before[root]:
                yield f"{root} had {before[root]} samples and then {now}"
            before[root] = now


def _move(cache: Path, seed: int, journal: Path) -> None:
    """Label samples as they come, and write down which moves were reported done."""
    choice = random.Random(seed)
    while True:
        time.sleep(choice.uniform(0.0, 0.1))
        split = choice.choice(["train", "test"])
        with suppress(DatagenError, KeyError):
            samples = Cache(cache)["slow"][0].move(choice.randint(1, 9), split)
            with journal.open("a") as file:
                file.write(json.dumps([split, samples.intervals]) + "\n")


def main() -> None:
    """Be the reader or the mover."""
    what, cache, *rest = sys.argv[1:]
    if what == "read":
        return _read(Path(cache))
    return _move(Path(cache), int(rest[0]), Path(rest[1]))


if __name__ == "__main__":
    main()
