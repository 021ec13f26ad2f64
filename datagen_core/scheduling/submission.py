"""Submitting what is missing of runs: a job for each run, or one for many runs of a kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from datagen_core.executors.base import Executor, Job, Resources
from datagen_core.executors.limits import format_minutes
from datagen_core.generators.identity import canonical_json
from datagen_core.scheduling import worker
from datagen_core.scheduling.estimation import format_duration
from datagen_core.scheduling.plan import Binding, Settings, Shares, combine_resources, share_out
from datagen_core.scheduling.status import TIME_LIMIT, Poll, RunStatus, inspect_run
from datagen_core.store.layout import RunPaths
from datagen_core.store.runs import Attempt, Reservation, TaskKey, list_attempts, publish_attempt

Report = Callable[[int], None]


def ignore(news: object) -> None:
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

    def inspect(self, poll: Poll | None = None) -> RunStatus:
        """Return the run's status; `poll` asks for the living tasks instead of the executor."""
        return inspect_run(self.paths, self.reservation, self.executor, self.since, poll)

    @property
    def resources(self) -> Resources:
        """What a task gets."""
        return combine_resources(self.binding.generator, self.settings.resources)


class Portion(NamedTuple):
    """The missing samples of a run, shared out among tasks."""

    run: Run
    shares: Shares


def group_alike(runs: Sequence[Run]) -> list[list[int]]:
    """Return the places of runs by groups that can share a job, in their order."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, run in enumerate(runs):
        settings = canonical_json([asdict(run.resources), run.settings.njobs, run.settings.wait])
        kind = (run.executor.name, run.binding.source, settings)
        # What is not loadable by name works in this process alone, for its own generator.
        groups.setdefault(kind if run.binding.source else (str(place),), []).append(place)
    return list(groups.values())


def share_out_runs(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> list[list[Portion]]:
    """Share out what is missing of runs that share a job; a list for each job to submit.

    All of them together get as many tasks as jobs may run at once, and each at least one. A job has
    at most as many as the scheduler takes.

    Raises
    ------
    ConfigurationError
        When a time limit is needed and not known, or is above what the partition allows.
    """
    alone = [replace(run.settings, njobs=-(-run.settings.njobs // len(runs))) for run in runs]
    portions = []
    for run, status, settings in zip(runs, statuses, alone, strict=True):
        chosen = _longer_after_timeout(run, status, settings)
        shares = share_out(run.binding, status.submittable, run.executor, chosen)
        portions.append(Portion(run, shares))
    _announce_limit(portions)
    return list(_pack(portions, runs[0].executor.max_tasks()))


def submit_together(portions: Sequence[Portion], report: Report) -> Job:
    """Publish the attempts of a job and return it; the scheduler has not heard of it yet.

    `report` is told of the samples that an inline executor makes.
    """
    minutes = max((part.shares.minutes or 0 for part in portions), default=0) or None
    name = f"{portions[0].run.reservation.id}-and-{len(portions) - 1}-more.{os.urandom(3).hex()}"
    attempts: list[Attempt] = []
    for run, shares in portions:
        place = sum(len(attempt.tasks) for attempt in attempts)
        shared = TaskKey(name, place) if len(portions) > 1 else None
        attempts.append(
            publish_attempt(
                run.paths, run.reservation.id, run.executor.name, shares.tasks, minutes, shared
            )
        )
    first = portions[0].run
    work = _work(first, attempts, report)
    settings = first.settings
    return Job(
        attempts[0], first.resources, settings.njobs, settings.wait, work, tuple(attempts[1:])
    )


def _work(run: Run, attempts: Sequence[Attempt], report: Report) -> Callable[[int], Any]:
    places = [(_place(attempt), len(attempt.tasks)) for attempt in attempts]
    if run.executor.name == "inline":
        generator = run.binding.generator
        return partial(worker.run_place, places, generator=generator, report=report)
    return partial(worker.run_job, places)


def _place(attempt: Attempt) -> worker.Place:
    return str(attempt.run.set.root), attempt.run.number, attempt.number


def _pack(portions: Sequence[Portion], width: int | None) -> Iterator[list[Portion]]:
    """Yield the portions in jobs of at most `width` tasks; a larger portion is cut."""
    job: list[Portion] = []
    for run, shares in portions:
        step = width or len(shares.tasks)
        for first in range(0, len(shares.tasks), step):
            tasks = shares.tasks[first : first + step]
            if job and width and _count(job) + len(tasks) > width:
                yield job
                job = []
            job.append(Portion(run, replace(shares, tasks=tasks)))
    yield job


def _count(job: Sequence[Portion]) -> int:
    return sum(len(part.shares.tasks) for part in job)


def _announce_limit(portions: Sequence[Portion]) -> None:
    """Tell the longest of the estimated time limits."""
    guesses = [
        (part.shares.minutes, part.shares.estimate.mean_seconds, part.run)
        for part in portions
        if part.shares.estimate and part.shares.minutes and _is_estimated(part.run)
    ]
    if guesses:
        minutes, seconds, run = max(guesses, key=lambda guess: guess[:2])
        run.announce(
            f"a job is estimated to take {format_duration(seconds)}, and gets a time limit of "
            f"{format_minutes(minutes)}; --time sets another one"
        )


def _is_estimated(run: Run) -> bool:
    return run.settings.resources.minutes is None


def _longer_after_timeout(run: Run, status: RunStatus, settings: Settings) -> Settings:
    """Double the time limit for tasks that ran into theirs, as far as the partition allows."""
    limits = [a.minutes for a in list_attempts(run.paths)[run.since :] if a.minutes]
    late = any(item.reason.startswith(TIME_LIMIT) for item in status.ranges)
    if not late or not limits:
        return settings
    minutes = min(2 * limits[-1], run.executor.max_minutes(run.resources) or 2 * limits[-1])
    return replace(settings, resources=replace(settings.resources, minutes=minutes))
