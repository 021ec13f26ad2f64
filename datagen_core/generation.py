"""Runs from beginning to end: reserve → plan → submit → wait → report, and the same from holes.

There is one loop, `Run.drive`, for `generate`, its retries and `resume`: submit what is missing and
not alive, wait, look again. Killing it loses nothing; the files tell the next one where to go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from typing import Any, NamedTuple

from datagen_core import worker
from datagen_core.batches import BatchMaker
from datagen_core.cache import Cache, ParamSet
from datagen_core.errors import IncompleteRunError, SchedulerUnavailableError
from datagen_core.execution import Executor, Job, Resources
from datagen_core.execution.choice import choose_executor, find_executor
from datagen_core.execution.limits import parse_time_limit
from datagen_core.generators import DatasetGenerator
from datagen_core.params import Params
from datagen_core.planning import (
    Binding,
    Settings,
    Shares,
    bind_generator,
    check_loadable,
    combine_resources,
    demand_of,
    rebind,
    share_out,
)
from datagen_core.schema import Schema
from datagen_core.sharding import Interval, IntervalSet
from datagen_core.status import TIME_LIMIT, RunStatus, inspect_run, record_verdict
from datagen_core.store.compaction import compact, wants_compaction
from datagen_core.store.layout import RunPaths, SetPaths, numbered
from datagen_core.store.publishing import remove_litter
from datagen_core.store.runs import (
    Attempt,
    Demand,
    Reservation,
    list_attempts,
    list_reservations,
    publish_attempt,
    reserve,
    reserved_samples,
)
from datagen_core.store.sets import open_set, publish_schema, read_schema, read_set

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_LONGEST_OUTAGE = 600.0
_REPORT_SECONDS = 0.2


class Progress(NamedTuple):
    """Where a run is: samples made, asked for, failed so far; and in one line what holds it up."""

    done: int
    total: int
    failed: int = 0
    note: str = ""


Observer = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """Observe nothing."""


@dataclass
class Run:
    """A run that this process looks after.

    Attributes
    ----------
    since
        The first attempt that counts; failures before it are forgiven.
    """

    paths: RunPaths
    reservation: Reservation
    binding: Binding
    executor: Executor
    settings: Settings
    since: int = 0

    def inspect(self) -> RunStatus:
        """Return the run's status."""
        return inspect_run(self.paths, self.reservation, self.executor, self.since)

    def drive(self, observer: Observer = ignore) -> RunStatus:
        """Submit what is missing until all is done, or nothing more can be; return the status.

        Ctrl-C ends the processes of this machine, which publish what they have; Slurm jobs go on.
        """
        try:
            status = self._loop(observer)
        except KeyboardInterrupt:
            if self.executor.name == "local":
                self.executor.cancel(list_attempts(self.paths))
            raise
        self._tidy(status)
        return status

    def _loop(self, observer: Observer) -> RunStatus:
        pause = _SHORTEST_PAUSE
        while True:
            status = self.inspect()
            observer(progress_of(status))
            if status.submittable:
                self.submit(status, observer)
                pause = _SHORTEST_PAUSE
            elif not status.alive:
                return status
            time.sleep(pause)
            pause = min(1.3 * pause, _LONGEST_PAUSE)

    def submit(self, status: RunStatus, observer: Observer = ignore) -> None:
        """Submit everything that is missing and not alive, without waiting for it."""
        settings = self._longer_after_timeout(status)
        shares = share_out(self.binding, status.submittable, self.executor, settings)
        width = self.executor.max_tasks() or len(shares.tasks)
        for first in range(0, len(shares.tasks), width):
            tasks = shares.tasks[first : first + width]
            attempt = publish_attempt(
                self.paths, self.reservation.id, self.executor.name, tasks, shares.minutes
            )
            self._submit(self._job(attempt, status, observer), observer)

    def _job(self, attempt: Attempt, status: RunStatus, observer: Observer) -> Job:
        place = (str(self.paths.set.root), self.paths.number, attempt.number)
        if self.executor.name == "inline":
            report = _Reporter(observer, progress_of(status))
            work: Callable[[int], Any] = partial(
                worker.run_task, place, generator=self.binding.generator, report=report
            )
        else:
            work = partial(worker.run_job, place)
        resources = combine_resources(self.binding.generator, self.settings.resources)
        return Job(attempt, resources, self.settings.njobs, self.settings.wait, work)

    def _submit(self, job: Job, observer: Observer) -> None:
        """Submit; while the scheduler does not answer, try again for ten minutes."""
        wait, begun = 1.0, time.monotonic()
        while True:
            try:
                self.executor.submit(job)
            except SchedulerUnavailableError as error:
                if not self.settings.wait or time.monotonic() - begun > _LONGEST_OUTAGE:
                    raise
                note = f"{error}; nothing is lost, trying again in {wait:.0f} s"
                observer(progress_of(self.inspect())._replace(note=note))
                time.sleep(wait)
                wait = min(2 * wait, 60.0)
            else:
                return

    def _longer_after_timeout(self, status: RunStatus) -> Settings:
        """Double the time limit for tasks that ran into theirs, as far as the partition allows."""
        limits = [a.minutes for a in list_attempts(self.paths)[self.since :] if a.minutes]
        late = any(item.reason.startswith(TIME_LIMIT) for item in status.ranges)
        if not late or not limits:
            return self.settings
        resources = combine_resources(self.binding.generator, self.settings.resources)
        minutes = min(2 * limits[-1], self.executor.max_minutes(resources) or 2 * limits[-1])
        longer = replace(self.settings.resources, minutes=minutes)
        return replace(self.settings, resources=longer)

    def _tidy(self, status: RunStatus) -> None:
        paths = self.paths.set
        remove_litter(paths.temporary)
        fields = read_schema(paths)
        if not status.missing and fields is not None and wants_compaction(paths):
            compress = self.binding.generator.compress
            compact(paths, read_set(paths), Schema.from_json(fields), compress=compress)


class _Reporter:
    """Observes an inline run, which blocks the loop that would otherwise look at the files."""

    def __init__(self, observer: Observer, progress: Progress) -> None:
        self._observer, self._progress = observer, progress
        self._shown = time.monotonic()

    def __call__(self, samples: int) -> None:
        self._progress = self._progress._replace(done=self._progress.done + samples)
        if time.monotonic() - self._shown > _REPORT_SECONDS:
            self._shown = time.monotonic()
            self._observer(self._progress)


def progress_of(status: RunStatus) -> Progress:
    """Return what an observer of a run is told."""
    waiting = sum(item.waiting for item in status.ranges)
    failed = sum(
        len(item.samples) for item in status.ranges if item.phase in {"failed", "cancelled"}
    )
    held = [item.reason for item in status.ranges if item.reason and item.phase != "lost"]
    size = status.reservation.interval.size
    return Progress(min(len(status.done) + waiting, size), size, failed, held[0] if held else "")


def begin(binding: Binding, demand: Demand, executor: Executor, settings: Settings) -> Run | None:
    """Reserve a run; None when a total that was asked for is reached. Nothing is submitted yet.

    Everything that can be refused is refused before anything is written.
    """
    check_loadable(binding, executor)
    planned = IntervalSet([demand.interval(reserved_samples(binding.paths))])
    if planned:
        share_out(binding, planned, executor, settings)
    paths, record = open_set(binding.cache, binding.record)
    BatchMaker.of(binding.generator, record)
    if binding.generator.schema is not None:
        publish_schema(paths, binding.generator.schema.to_json())
    details = {"executor": executor.name, "njobs": settings.njobs, **binding.record.provenance}
    reservation = reserve(paths, demand, binding.source, details)
    if reservation is None:
        return None
    return Run(paths.run(reservation.number), reservation, binding, executor, settings)


def preview(
    binding: Binding, demand: Demand, executor: Executor, settings: Settings
) -> tuple[Interval, Shares, str]:
    """Return the indices, tasks and submission of a run that is not begun; write nothing."""
    check_loadable(binding, executor)
    interval = demand.interval(reserved_samples(binding.paths))
    if not interval.size:
        return interval, Shares((), None, None), "nothing to do"
    shares = share_out(binding, IntervalSet([interval]), executor, settings)
    run = binding.paths.run(0)
    attempt = Attempt(run, 0, "datagen-plan.0", executor.name, shares.tasks, shares.minutes, 0.0)
    resources = combine_resources(binding.generator, settings.resources)
    place = (str(binding.paths.root), 0, 0)
    job = Job(attempt, resources, settings.njobs, settings.wait, partial(worker.run_job, place))
    return interval, shares, executor.describe(job)


def take_up(
    paths: SetPaths, reservation: Reservation, settings: Settings, njobs: int | None = None
) -> Run:
    """Return a run that was begun before; its failures so far are forgiven.

    Executor and number of jobs are the run's own unless the settings name others.
    """
    settings = replace(settings, njobs=njobs or reservation.details["njobs"])
    binding = rebind(paths, reservation)
    executor = choose_executor(settings.executor or reservation.details["executor"])
    check_loadable(binding, executor)
    run = paths.run(reservation.number)
    since = (numbered(run.attempts) or [-1])[-1] + 1
    return Run(run, reservation, binding, executor, settings, since)


def cancel(paths: SetPaths, reservation: Reservation, who: str) -> RunStatus:
    """Cancel the tasks of a run that are alive; they publish what they have. Return the status."""
    run = paths.run(reservation.number)
    attempts = list_attempts(run)
    for item in attempts:
        for task in range(len(item.tasks)):
            record_verdict(item, task, f"cancelled by {who}")
    for name in {item.executor for item in attempts}:
        find_executor(name).cancel([item for item in attempts if item.executor == name])
    return status_of(paths, reservation)


def status_of(paths: SetPaths, reservation: Reservation) -> RunStatus:
    """Return the status of a run, asking its executor only when samples are missing."""
    run = paths.run(reservation.number)
    status = inspect_run(run, reservation, None)
    if not status.missing:
        return status
    attempts = list_attempts(run)
    name = attempts[-1].executor if attempts else reservation.details["executor"]
    return inspect_run(run, reservation, find_executor(name))


def statuses(param_set: ParamSet) -> list[RunStatus]:
    """Return the status of every run of a parameter set."""
    paths = param_set.paths
    return [status_of(paths, reservation) for reservation in list_reservations(paths)]


def generate(  # noqa: PLR0913 (the options of the command line)
    generator: str | DatasetGenerator,
    n: int,
    params: Mapping[str, Any] | Params | None = None,
    *,
    seed: int = 0,
    total: bool = False,
    njobs: int = 1,
    executor: str | None = None,
    time: str | None = None,
    memory: str | None = None,
    partition: str | None = None,
    cache: str | PathLike[str] | None = None,
    observer: Observer = ignore,
) -> ParamSet:
    """Make `n` more samples and return their parameter set.

    Parameters
    ----------
    generator
        A name (see `datagen generators`), `path/to/file.py:name`, or a `DatasetGenerator`.
    n
        How many more; with `total`, how many altogether.
    params
        Its parameters; those left out are at their defaults.
    seed
        The samples are a function of generator, parameters, seed and index, and of nothing else.
    njobs
        How many jobs may run at once.
    executor
        "slurm", "local" or "inline"; None for Slurm where there is one, else this machine.
    time, memory, partition
        As for sbatch; time is estimated from past runs when it is left out.
    cache
        The cache's folder; None for `$DATAGEN_CACHE`, else `./datagen-cache`.
    observer
        Called with `Progress` now and then.

    Raises
    ------
    ConfigurationError
        For anything wrong with the arguments, before anything was written.
    IncompleteRunError
        When samples are missing at the end; those that were made are kept.
    """
    resources = Resources(
        minutes=parse_time_limit(time) if time else None, memory=memory, partition=partition
    )
    settings = Settings(njobs=njobs, executor=executor, resources=resources)
    where = Cache(cache)
    binding = bind_generator(generator, None, params, seed, where.path)
    run = begin(binding, demand_of(binding, n, total=total), choose_executor(executor), settings)
    if run is not None:
        status = run.drive(observer)
        if status.missing:
            raise IncompleteRunError(explain(run, status))
    return where[binding.record.generator][{**binding.record.params, "seed": seed}]


def explain(run: Run, status: RunStatus) -> str:
    """Return in one line what is missing of a run, why, where its log is, and what to do."""
    worst = (status.blocked or list(status.ranges))[0]
    more = len(status.ranges) - 1
    others = f" (and {more} more ranges: datagen status)" if more else ""
    log = f"; log: {worst.log}" if worst.log else ""
    return (
        f"{len(status.missing)} of {status.reservation.interval.size} samples are missing, the "
        f"others are kept: samples {worst.samples} {worst.phase}: {worst.reason}{log}{others}; "
        f"go on with: datagen resume {run.binding.record.generator} --cache {run.binding.cache}"
    )
