"""What one job does: make its batches, publish shards as it goes, leave a last word.

A worker is told what it runs, where the parameter set is and which task it has; what it is to make
it reads from files. It publishes whenever 64 MiB or 30 s have come together, on SIGTERM, before its
time limit, and at the end, so a kill loses at most that.
"""

from __future__ import annotations

import errno
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from datagen_core.errors import (
    CacheError,
    ChangedCodeError,
    DatagenError,
    NewerFormatError,
    RefusedSampleError,
    RemovedSetError,
    SchemaError,
    in_one_line,
    message_of,
    printable,
)
from datagen_core.executors.base import Recipe
from datagen_core.executors.processes import describe_job, describe_process, peak_memory
from datagen_core.generators.code import code_of_generator
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.inputs import look_in
from datagen_core.generators.registry import load_recorded
from datagen_core.generators.schema import Schema
from datagen_core.ranges import Interval, IntervalSet, cut_into_batches
from datagen_core.scheduling.batches import BatchMaker, preserved_global_generators
from datagen_core.scheduling.judging import batch_0_is_deadly
from datagen_core.scheduling.probing import ACCEPT, accept, is_settled, settle_in_task
from datagen_core.scheduling.provenance import describe_machine
from datagen_core.scheduling.surroundings import (
    check_seal,
    limited_threads,
    recorded_recipe,
    surroundings_of,
    threads_of_run,
)
from datagen_core.scheduling.termination import Terminated, Termination
from datagen_core.store.advice import command_for
from datagen_core.store.codes import read_code
from datagen_core.store.folders import open_to_append
from datagen_core.store.heartbeats import BEAT_SECONDS, beating
from datagen_core.store.journals import BatchTimes, Journal
from datagen_core.store.layout import RunPaths, SetPaths, inputs_folder, removed_set
from datagen_core.store.published import keep_published
from datagen_core.store.runs import Plan, RunRecord, read_plan, read_run
from datagen_core.store.sets import existing_samples, publish_schema, read_schema, read_set
from datagen_core.store.shard_writer import ShardWriter

MAX_FAILURES = 3
"""A task that failed at this many batches gives up the rest, which would most likely fail too."""

MAX_REFUSALS = 10
"""So does one whose first batches, this many, were all refused by the generator."""

_tasks = count()
"""How many tasks this process has begun."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


Address = tuple[str, int, int]
"""Where a plan is: the folder of its parameter set, the number of its run, and its own."""


def address_of(plan: Plan) -> Address:
    """Return the address of a published plan."""
    return str(plan.run.set.root), plan.run.number, plan.number


def run_task(
    address: Address,
    task: int,
    maker: BatchMaker | None = None,
    report: Callable[[int], None] = lambda _: None,
    begin: Callable[[Path], None] = lambda _: None,
    recipe: Recipe | None = None,
) -> str:
    """Do one task of a plan and return its last word; what exists already is not made again.

    Parameters
    ----------
    address
        Where the plan is.
    task
        The number of the task in its plan.
    maker
        For an inline run, which has it at hand; None to load the generator.
    report
        Called with the number of samples after each batch.
    begin
        Called with the path of the task's log.
    recipe
        What to run, and with what around it; None for jobs of earlier versions, which find it in
        the cache.

    Returns
    -------
    str
        "done", "failed", "time limit", "terminated", or why the plan of a newer version cannot be
        followed, or that the set was removed. Only files prove that samples exist.
    """
    root, number, plan_number = address
    run = SetPaths(Path(root)).run(number)
    look_in(inputs_folder(run.set.root.parent.parent))
    path = run.journal(plan_number, task)
    journal, process = Journal(path), describe_process()
    journal.append("start", **process, **describe_job(), beats=BEAT_SECONDS)
    born = time.monotonic() - (_age(process["started"]) if maker is None else 0.0)
    word = "interrupted"
    try:
        plan = read_plan(run, plan_number, strict=True)
        record = read_run(run.set, number)
        recipe = recipe or recorded_recipe(plan, record)
        threads = _threads_here(plan, record) if maker else nullcontext()
        beats = beating(path, plan.job_folder)
        with beats, surroundings_of(recipe), threads, preserved_global_generators():
            begin(plan.log(task))
            # What other processes print goes to their log anyway.
            log = plan.log(task) if maker is not None else None
            word = _Work(plan, task, record.id, journal, born, log, recipe).do(maker, report)
    except (NewerFormatError, FileNotFoundError) as error:
        word = _explain_end(run, error, aloud=maker is None)
    finally:
        journal.append("end", reason=word)
    return word


def _age(started: float) -> float:
    """Return how old this process is for a task: for later ones it has not started."""
    return 0.0 if next(_tasks) else time.time() - started


def _explain_end(run: RunPaths, error: DatagenError | OSError, *, aloud: bool) -> str:
    """Return the last word of a task that an error of the cache ends.

    Whose set was removed has no journal for it, and says it `aloud`.
    """
    if isinstance(error, NewerFormatError):
        return str(error)
    if run.set.root.exists():
        raise error
    word = str(removed_set(run.set))
    if aloud:
        sys.stderr.write(f"datagen: {printable(word)}\n")
    return word


def _threads_here(plan: Plan, record: RunRecord) -> AbstractContextManager[None]:
    """Let this process have the threads of a run; a worker has them from its start."""
    return limited_threads(threads_of_run(plan.run.set, record))


@dataclass
class _Work:
    """What a process does for one task."""

    plan: Plan
    number: int
    run_id: str
    journal: Journal
    born: float
    log: Path | None
    recipe: Recipe
    failures: int = 0
    refusals: int = 0
    made: int = 0
    hopeless: bool = False
    schema: Schema | None = None
    code: str = ""
    published: bool = False
    begun: float = field(default_factory=time.monotonic)
    termination: Termination = field(default_factory=Termination)

    def do(self, maker: BatchMaker | None, report: Callable[[int], None]) -> str:
        """Make the samples, and return the last word whatever happens."""
        try:
            with self.termination.installed():
                return self._make_all(self._take(maker) if maker else self._load(), report)
        except Terminated:
            return "terminated"
        except RemovedSetError:
            raise
        except self.termination.signs:
            raise
        except BaseException as error:  # whatever it was must reach the journal
            intervals = self.plan.tasks[self.number].intervals
            self._record_failure(Interval(intervals[0].start, intervals[-1].stop), error)
            return "failed"

    def _load(self) -> BatchMaker:
        run = self.plan.run
        read_run(run.set, run.number, strict=True)
        check_seal(self.recipe)
        generator = load_recorded(self.recipe.source).generator
        found = code_of_generator(generator)
        self._check_code(found)
        maker = BatchMaker.of(generator, read_set(run.set, strict=True))
        if self.plan.probe or found.id != self.plan.code:
            settle_in_task(self.plan, self.number, maker, found)
        self.code = found.id
        self.journal.append("code", id=found.id)
        return maker.growing(run.set)

    def _check_code(self, found: Code) -> None:
        """Refuse code that is not the plan's: a queued job would mix two kinds of samples."""
        if self.recipe.code not in {"", found.fingerprint}:
            raise ChangedCodeError(
                f"{self._changes(found)} changed since this job was submitted, so nothing was "
                "made; submit it with the code as it is now: "
                f"{command_for(self.plan.run.set, 'resume')}"
            )

    def _changes(self, found: Code) -> str:
        """Name what changed, as far as the cache says what there was."""
        changes: list[str] = []
        with suppress(DatagenError, OSError):
            planned = read_code(self.plan.run.set, self.plan.code or "")
            changes = found.changes_since(planned)
        return ", ".join(changes) or "the generator's code"

    def _take(self, maker: BatchMaker) -> BatchMaker:
        """Return a maker of this process, whose code it has probed already."""
        self.code = self.plan.code or ""
        if self.plan.probe == ACCEPT:
            accept(self.plan.run.set, self.code)
        return maker

    def _make_all(self, maker: BatchMaker, report: Callable[[int], None]) -> str:
        paths, record = self.plan.run.set, maker.record
        made = keep_published(paths, self.journal) if record.private else existing_samples(paths)
        missing = self.plan.tasks[self.number] - made
        self.schema = self._find_schema(maker, missing)
        peak = peak_memory if self.log is None else lambda: None  # of a process of its own
        times = BatchTimes(self.journal, self.born, peak=peak)
        writer = ShardWriter(
            paths.shards, paths.temporary, record.generator, record.digest, record.compress,
            (self.run_id, self.plan.number, self.code), private=record.private,
            announce=self._announce,
        )  # fmt: skip
        try:
            for piece in cut_into_batches(missing, record.batch_size):
                if writer.is_due(piece):
                    self._publish(maker, writer)
                if self._is_late(times.slowest):
                    return "time limit"
                self._make(maker, piece, writer, times)
                report(piece.size)
                if self.made == 1 and self.plan.number:
                    # Another process may have died here; what is made shows that not all do.
                    self._publish(maker, writer)
                if self._gives_up():
                    break
        finally:
            self._publish(maker, writer)
            times.write(0)
        return "failed" if self.failures or self.refusals else "done"

    def _gives_up(self) -> bool:
        """Whether the next batches would most likely not be made either."""
        vain = self.refusals >= MAX_REFUSALS and not self.made
        return self.hopeless or vain or self.failures >= MAX_FAILURES

    def _find_schema(self, maker: BatchMaker, missing: IntervalSet) -> Schema | None:
        """Return the set's schema; the first one is batch 0's, whichever batch is made first.

        None when the first batch to make decides it: that is batch 0, or batch 0 fails, or ends
        its process.
        """
        paths = self.plan.run.set
        schema = read_schema(paths, strict=True)
        if schema is not None:
            return schema
        try:
            declared = maker.declared_schema
            if declared is None and self._leaves_schema(maker, missing):
                return None
            schema = declared or self._infer(maker)
        except self.termination.signs:
            raise
        except BaseException as error:  # it fails again where it belongs, if it is asked for at all
            self._print(error)
            return None
        publish_schema(paths, schema)
        return schema

    def _leaves_schema(self, maker: BatchMaker, missing: IntervalSet) -> bool:
        first = missing and missing.intervals[0].start < maker.record.batch_size
        return bool(first) or batch_0_is_deadly(self.plan)

    def _infer(self, maker: BatchMaker) -> Schema:
        # Whoever finds this as the end of a journal knows what the process died of.
        self.journal.append("schema")
        return maker.first_schema()

    def _look_for_others(self, maker: BatchMaker) -> None:
        """Probe if other code has published the first samples of the set since this task began."""
        paths = self.plan.run.set
        if self.code and not is_settled(paths, self.code):
            settle_in_task(self.plan, self.number, maker, read_code(paths, self.code))

    def _publish(self, maker: BatchMaker, writer: ShardWriter) -> None:
        if writer.waiting and not self.published:
            self._look_for_others(maker)
            self.published = True
        with self.termination.shield():
            writer.publish()

    def _announce(self, samples: Interval) -> None:
        """Say of private samples that they are published, before anybody can have seen them."""
        self.journal.keep("published", samples=[samples])

    def _is_late(self, slowest: float) -> bool:
        """Whether the next batch might not end before the time limit.

        The margin covers a batch twice as slow as the slowest so far, and the publishing of it.
        Slurm may kill up to 30 s late, never early.
        """
        if self.plan.minutes is None:
            return False
        limit = self.plan.minutes * 60.0
        margin = max(min(30.0, limit / 4), 2 * slowest)
        return time.monotonic() - self.begun > limit - margin

    def _make(
        self, maker: BatchMaker, piece: Interval, writer: ShardWriter, times: BatchTimes
    ) -> None:
        begun = time.perf_counter()
        if self.schema is None and piece.start < maker.record.batch_size:
            self.journal.append("schema")
        try:
            columns, schema = maker.make(piece, self.schema)
            if self.schema is None:
                publish_schema(self.plan.run.set, schema)
                self.schema = schema
        except self.termination.signs:
            raise
        except BaseException as error:  # a generator may fail in any way
            self._record_failure(piece, error)
            return
        self.made += 1
        times.add(time.perf_counter() - begun)
        if self.made == 1:
            self.journal.append("machine", **describe_machine())
        writer.add(piece, columns)
        times.write_if_due(writer.waiting)

    def _record_failure(self, piece: Interval, error: BaseException) -> None:
        full = isinstance(error, OSError) and error.errno in _FULL
        final = full or isinstance(error, DatagenError)
        refusal: dict[str, bool] = {}
        is_changed = isinstance(error, ChangedCodeError) and error.whole_set
        if is_changed or isinstance(error, RefusedSampleError | SchemaError):
            self.refusals += 1
            whole_set: bool = getattr(error, "whole_set", False)
            self.hopeless |= whole_set
            refusal = {"refused": True, "whole_set": whole_set}
        else:
            self.failures += 1
        message = _describe(error)
        self.journal.append("error", range=list(piece), message=message, final=final, **refusal)
        if not refusal or self.refusals == 1:  # where a draw is refused is of no interest twice
            self._print(error)

    def _print(self, error: BaseException) -> None:
        """Leave the traceback in the task's log; the user sees one line of it."""
        sys.stdout.flush()
        if self.log is None:
            traceback.print_exception(error)
            return
        text = "".join(traceback.format_exception(error))
        # The disk may be full; the journal has the one line.
        with suppress(OSError, CacheError), open_to_append(self.log) as file:
            file.write(text.encode(errors="backslashreplace"))


def _describe(error: BaseException) -> str:
    """Return an error of a generator in one line."""
    if isinstance(error, SystemExit):
        return f"the generator called sys.exit({'' if error.code is None else repr(error.code)})"
    if isinstance(error, RefusedSampleError | ChangedCodeError):
        return message_of(error) or "it does not say why"
    return in_one_line(error)
