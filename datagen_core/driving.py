"""Driving a run: submit what is missing and not alive, wait, look again, until all is there.

There is one loop for `generate`, its retries and `resume`. Killing it loses nothing; the files tell
the next one where to go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from datagen_core import worker
from datagen_core.errors import CacheError, SchedulerUnavailableError
from datagen_core.estimation import format_duration
from datagen_core.execution import Executor, Job
from datagen_core.execution.limits import format_minutes
from datagen_core.planning import Binding, Settings, Shares, combine_resources, share_out
from datagen_core.schema import Schema
from datagen_core.status import TIME_LIMIT, RunStatus, inspect_run
from datagen_core.store.compaction import compact, wants_compaction
from datagen_core.store.layout import RunPaths
from datagen_core.store.publishing import remove_litter
from datagen_core.store.runs import Attempt, Reservation, list_attempts, publish_attempt
from datagen_core.store.sets import read_schema, read_set

T = TypeVar("T")

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


def ignore(news: Progress | str) -> None:
    """Observe nothing."""


@dataclass
class Run:
    """A run that this process looks after.

    Attributes
    ----------
    since
        The first attempt that counts; failures before it are forgiven.
    announce
        Called with what the user should know once, such as an estimated time limit.
    """

    paths: RunPaths
    reservation: Reservation
    binding: Binding
    executor: Executor
    settings: Settings
    since: int = 0
    announce: Callable[[str], None] = ignore

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
        except OSError as error:
            if error.filename is None:  # no file, but a closed terminal perhaps
                raise
            raise CacheError(self._explain_stop(error)) from error
        self._tidy(status)
        return status

    def _explain_stop(self, error: OSError) -> str:
        """Return in one line why the cache cannot be written, what is safe, and what to do."""
        done, size = len(self.inspect().done), self.reservation.interval.size
        return (
            f"{error.strerror}: {error.filename}; {done} of {size} samples are made and safe; when "
            f"that is mended, go on with: {_resume_command(self)}"
        )

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
        shares, width = self._patiently(partial(self._share_out, status), observer)
        self._announce_limit(shares)
        for first in range(0, len(shares.tasks), width):
            tasks = shares.tasks[first : first + width]
            attempt = publish_attempt(
                self.paths, self.reservation.id, self.executor.name, tasks, shares.minutes
            )
            job = self._job(attempt, status, observer)
            self._patiently(partial(self.executor.submit, job), observer)

    def _share_out(self, status: RunStatus) -> tuple[Shares, int]:
        """Return the tasks, and how many of them one job may have."""
        settings = self._longer_after_timeout(status)
        shares = share_out(self.binding, status.submittable, self.executor, settings)
        return shares, self.executor.max_tasks() or len(shares.tasks)

    def _announce_limit(self, shares: Shares) -> None:
        if shares.estimate and shares.minutes and self.settings.resources.minutes is None:
            self.announce(
                f"a job is estimated to take {format_duration(shares.estimate.mean_seconds)}, and "
                f"gets a time limit of {format_minutes(shares.minutes)}; --time sets another one"
            )

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

    def _patiently(self, ask: Callable[[], T], observer: Observer) -> T:
        """Return the scheduler's answer; while it gives none, ask again for ten minutes."""
        wait, begun = 1.0, time.monotonic()
        while True:
            try:
                return ask()
            except SchedulerUnavailableError as error:
                if not self.settings.wait or time.monotonic() - begun > _LONGEST_OUTAGE:
                    raise
                note = f"{error}; nothing is lost, trying again in {wait:.0f} s"
                observer(progress_of(self.inspect())._replace(note=note))
                time.sleep(wait)
                wait = min(2 * wait, 60.0)

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
            with suppress(OSError):  # all samples are there; packs would only read faster
                compact(paths, read_set(paths), Schema.from_json(fields))


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


def explain(run: Run, status: RunStatus) -> str:
    """Return in one line what is missing of a run, why, where its log is, and what to do."""
    worst = (status.blocked or list(status.ranges))[0]
    more = len(status.ranges) - 1
    others = f" (and {more} more ranges: datagen status)" if more else ""
    log = f"; log: {worst.log}" if worst.log else ""
    return (
        f"{len(status.missing)} of {status.reservation.interval.size} samples are missing, the "
        f"others are kept: samples {worst.samples} {worst.phase}: {worst.reason}{log}{others}; "
        f"go on with: {_resume_command(run)}"
    )


def _resume_command(run: Run) -> str:
    return f"datagen resume {run.binding.record.generator} --cache {run.binding.cache}"
