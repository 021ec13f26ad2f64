"""Runs: reserved index ranges, and attempts to fill them.

A run is one `generate` call. Its reservation is published before any work, so two calls can never
get one index. Each submission of its missing ranges is an *attempt*, published before the
scheduler hears of it. Nothing here decides whether samples exist; only shard files do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from datagen_core.errors import ConfigurationError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import RunPaths, SetPaths, numbered


@dataclass(frozen=True, slots=True)
class Reservation:
    """The index range `[start, stop)` that run `number` makes, and how it was asked for."""

    number: int
    id: str
    start: int
    stop: int
    source: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def interval(self) -> Interval:
        """The reserved index range."""
        return Interval(self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Demand:
    """How many samples are asked for.

    Attributes
    ----------
    samples
        So many more; with `total`, so many altogether.
    limit
        So many there can be; None for no limit.
    """

    samples: int
    total: bool = False
    limit: int | None = None

    def interval(self, reserved: int) -> Interval:
        """Return the indices to make when the first `reserved` ones are reserved already.

        Raises
        ------
        ConfigurationError
            When there cannot be so many.
        """
        stop = max(self.samples, reserved) if self.total else reserved + self.samples
        if self.limit is not None and stop > self.limit:
            message = (
                f"with these parameters there are {self.limit} samples, of which {reserved} are "
                f"made or reserved; ask for at most {self.limit - reserved} more"
            )
            raise ConfigurationError(message)
        return Interval(reserved, stop)


def reserved_samples(paths: SetPaths) -> int:
    """Return how many samples all runs so far have reserved."""
    known = numbered(paths.runs)
    return read_reservation(paths, known[-1]).stop if known else 0


def reserve(
    paths: SetPaths,
    demand: Demand,
    source: str,
    details: Mapping[str, Any],
    account: Callable[[int], Mapping[str, Any]] = lambda _: {},
) -> Reservation | None:
    """Reserve the next indices; None when a total that was asked for is reached already.

    Concurrent calls get disjoint ranges: whoever publishes a number first has it, the other tries
    the next one. `account` says what all samples up to the last one cost, or refuses them.
    """
    while True:
        known = numbered(paths.runs)
        start, stop = demand.interval(read_reservation(paths, known[-1]).stop if known else 0)
        if stop == start:
            return None
        number = known[-1] + 1 if known else 0
        run_id = f"{paths.root.parent.name}-{paths.root.name[-8:]}-{number}-{os.urandom(3).hex()}"
        counted = {"account": dict(cost)} if (cost := account(stop)) else {}
        reservation = Reservation(number, run_id, start, stop, source, {**details, **counted})
        if _publish_reservation(paths, reservation):
            return reservation


def _publish_reservation(paths: SetPaths, reservation: Reservation) -> bool:
    content = {
        "id": reservation.id,
        "start": reservation.start,
        "stop": reservation.stop,
        "source": reservation.source,
        "details": dict(reservation.details),
    }
    return publish_document(paths.run(reservation.number).reservation, content, paths.temporary)


def read_reservation(paths: SetPaths, number: int) -> Reservation:
    """Return the reservation of one run."""
    content = read_document(paths.run(number).reservation)
    return Reservation(number=number, **content)


def read_account(paths: SetPaths) -> dict[str, Any]:
    """Return what all samples that were reserved cost together; empty when nothing is counted."""
    known = numbered(paths.runs)
    return dict(read_reservation(paths, known[-1]).details.get("account", {})) if known else {}


def list_reservations(paths: SetPaths) -> list[Reservation]:
    """Return the reservations of a parameter set, in the order of their ranges."""
    return [read_reservation(paths, number) for number in numbered(paths.runs)]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission: task t of it makes the ranges `tasks[t]`.

    Attributes
    ----------
    run
        The files of its run.
    number
        Counts the attempts of a run, from 0.
    name
        The job name: unique among all runs of all caches. It is the identity that executors use.
    executor
        The name of the executor that it was given to.
    tasks
        The index ranges of each task.
    minutes
        The time limit of a task, or None for no limit.
    created
        Seconds since the epoch.
    first
        The place of task 0 in the job; None when the job is this attempt's alone. Attempts of
        several runs may share a job, one behind the other, and then its name.
    """

    run: RunPaths
    number: int
    name: str
    executor: str
    tasks: tuple[IntervalSet, ...]
    minutes: int | None
    created: float
    first: int | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the job is shared with attempts of other runs."""
        return self.first is not None

    def key(self, task: int) -> TaskKey:
        """Return what executors call one of its tasks."""
        return TaskKey(self.name, (self.first or 0) + task)

    @property
    def keys(self) -> list[TaskKey]:
        """What executors call its tasks, in order."""
        return [self.key(task) for task in range(len(self.tasks))]

    @property
    def job_folder(self) -> Path:
        """Where an executor keeps what belongs to the job."""
        return self.run.set.job(self.name).folder if self.is_shared else self.run.folder

    def log(self, task: int) -> Path:
        """Return where the output of a task belongs."""
        if self.first is None:
            return self.run.log(self.number, task)
        return self.run.set.job(self.name).log(self.first + task)


class TaskKey(NamedTuple):
    """What an executor calls a task: the name of its job, and its place there."""

    job: str
    place: int


def publish_attempt(
    run: RunPaths,
    run_id: str,
    executor: str,
    tasks: Iterable[IntervalSet],
    minutes: int | None,
    shared: TaskKey | None = None,
) -> Attempt:
    """Publish the plan of the next attempt of a run and return it.

    Its job is its own, named after run and number, unless its first task has a place in `shared`.
    """
    tasks = tuple(tasks)
    while True:
        number = (numbered(run.attempts) or [-1])[-1] + 1
        name, first = shared or (f"{run_id}.{number}", None)
        attempt = Attempt(run, number, name, executor, tasks, minutes, time.time(), first)
        if _publish_attempt(attempt):
            return attempt


def _publish_attempt(attempt: Attempt) -> bool:
    content = {
        "name": attempt.name,
        "executor": attempt.executor,
        "tasks": [[list(interval) for interval in task] for task in attempt.tasks],
        "minutes": attempt.minutes,
        "created": attempt.created,
        "first": attempt.first,
    }
    path = attempt.run.attempt(attempt.number)
    return publish_document(path, content, attempt.run.set.temporary)


def read_attempt(run: RunPaths, number: int) -> Attempt:
    """Return one attempt of a run."""
    content = read_document(run.attempt(number))
    content["tasks"] = tuple(IntervalSet(task) for task in content["tasks"])
    return Attempt(run=run, number=number, **content)


def list_attempts(run: RunPaths) -> list[Attempt]:
    """Return the attempts of a run, oldest first."""
    return [read_attempt(run, number) for number in numbered(run.attempts)]
