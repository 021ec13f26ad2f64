"""The probe of many sets: one batch of each is made again, as before a package is upgraded.

Each generator runs in a process of its own: what ends it costs its set, and modules of one name in
two projects do not meet. Code that this user does not trust does not run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from datagen_core.errors import DatagenError, UntrustedError
from datagen_core.executors.base import THREAD_VARIABLES, Recipe, Resources
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.inputs import look_in
from datagen_core.generators.registry import load_recorded
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.probing import choose_batches
from datagen_core.scheduling.surroundings import (
    make_recipe,
    search_last,
    surroundings_of,
    threads_of,
)
from datagen_core.scheduling.trusting import (
    Decide,
    code_of_run,
    read_resources,
    require_trust,
    surroundings_of_run,
)
from datagen_core.store.layout import SetPaths, inputs_folder
from datagen_core.store.reservations import latest_run
from datagen_core.store.runs import RunRecord, list_runs
from datagen_core.streams import StdoutDiversion
from datagen_core.upkeep.deviations import find_deviations

Result = Literal[
    "equal", "differs", "failed", "not reproducible", "private", "not trusted", "no samples"
]


class Outcome(NamedTuple):
    """What became of a batch that was made again.

    Attributes
    ----------
    result
        "equal" or "differs"; "failed" where the batch cannot be made; otherwise why it was not made
        or compared.
    samples
        The samples that were compared, as ranges.
    why
        What differs, or the reason; empty where there is nothing to say.
    """

    result: Result
    samples: tuple[tuple[int, int], ...] = ()
    why: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether samples can no longer be made as they are."""
        return self.result in {"differs", "failed"}


def rehearse(param_sets: Iterable[ParamSet], decide: Decide) -> Iterator[tuple[ParamSet, Outcome]]:
    """Make one batch of each set again; yield each set with what became of it, one by one.

    `decide` is asked about what this user does not trust yet.
    """
    workers: dict[_Kind, _Worker] = {}  # one at most
    try:
        for param_set in param_sets:
            found = _look(param_set, decide)
            if not isinstance(found, Outcome):
                found = _worker_of(found, workers).ask(param_set)
            yield param_set, found
    finally:
        for worker in workers.values():
            worker.end()


def _worker_of(kind: _Kind, workers: dict[_Kind, _Worker]) -> _Worker:
    """Return a living worker of a kind, and end one of another kind."""
    for other in [each for each, worker in workers.items() if each != kind or not worker.is_alive]:
        workers.pop(other).end()
    if kind not in workers:
        workers[kind] = _Worker(kind)
    return workers[kind]


_Kind = tuple[Recipe, int]
"""What a process runs: a generator with what it has around it, and its number of threads."""


def _look(param_set: ParamSet, decide: Decide) -> Outcome | _Kind:
    """Return by what a batch is to be made, or why none is."""
    try:
        if param_set.record.private:
            return Outcome("private")
        return _find_kind(param_set, decide) if param_set.existing else Outcome("no samples")
    except UntrustedError as error:
        return Outcome("not trusted", why=str(error))
    except (DatagenError, OSError) as error:
        return Outcome("failed", why=str(error))


def _find_kind(param_set: ParamSet, decide: Decide) -> _Kind:
    record = latest_run(list_runs(param_set.paths)) or RunRecord(0, "", 0, 0, "")
    _require(param_set.paths, record, decide)
    source = record.source or param_set.generator
    return make_recipe(record.details, source, "", source), threads_of(param_set.paths)


def _require(paths: SetPaths, record: RunRecord, decide: Decide) -> None:
    if record.details:
        read_resources(paths, record)
    # No scheduler gets anything: only folders count of what the run has around it.
    around = surroundings_of_run(paths, record, Resources(), Resources())
    require_trust([*code_of_run(paths, record), *around], decide)


class _Worker:
    """A process that makes batches of sets, each of which it gets as a line of JSON."""

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind
        recipe, threads = kind
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        self._process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [
                sys.executable, *["-O"] * sys.flags.optimize, "-P", "-m", __name__,
                json.dumps(recipe),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment,
        )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, param_set: ParamSet) -> Outcome:
        """Return what becomes of a set."""
        question, answers = self._process.stdin, self._process.stdout
        answer = b""
        if question is not None and answers is not None:
            with suppress(BrokenPipeError):
                question.write(f"{json.dumps(str(param_set.paths.root))}\n".encode())
                question.flush()
                answer = answers.readline()
        if not answer:
            return Outcome("failed", why=f"its process ends with exit code {self._process.wait()}")
        return _read_outcome(json.loads(answer))

    def end(self) -> None:
        """End the process; it has nothing to lose."""
        self._process.kill()
        self._process.communicate()


def _read_outcome(answer: tuple[Result, list[tuple[int, int]], str]) -> Outcome:
    result, samples, why = answer
    return Outcome(result, tuple((start, stop) for start, stop in samples), why)


def main() -> None:
    """Make batches of the sets that standard input names, by the recipe of the first argument."""
    answer = StdoutDiversion()  # what a generator prints goes elsewhere
    recipe = Recipe(*json.loads(sys.argv[1]))
    search_last(recipe.folder)
    with surroundings_of(recipe):
        for line in sys.stdin:
            answer.write(f"{json.dumps(_answer(json.loads(line), json.loads(sys.argv[1])[0]))}\n")


def _answer(root: str, source: str) -> Outcome:
    paths = SetPaths(Path(root))
    look_in(inputs_folder(paths.root.parent.parent))
    try:
        return _compare(ParamSet(paths, 0), load_recorded(source).generator)
    except DatagenError as error:
        return Outcome("failed", why=str(error))


def _compare(param_set: ParamSet, generator: DatasetGenerator) -> Outcome:
    if generator.reproducible == "no":
        return Outcome("not reproducible", why="so its generator declares")
    samples, *_ = choose_batches(param_set.paths, param_set.record.batch_size)
    compared = tuple((part.start, part.stop) for part in samples)
    found = next(find_deviations(param_set, generator, _indices(samples)), None)
    if found is None:
        return Outcome("equal", compared)
    why = f"sample {found.sample} differs in field {found.field}: {found.why}"
    return Outcome("not reproducible" if found.expected else "differs", compared, why)


def _indices(samples: IntervalSet) -> Iterator[int]:
    for part in samples:
        yield from range(part.start, part.stop)


if __name__ == "__main__":
    main()
