"""What a run will take: time, processors, disk and memory, as past tasks or a trial show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datagen_core.errors import CacheError, ExecutionError, count_of
from datagen_core.executors.choice import choose_executor
from datagen_core.generators.registry import Loaded
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.demands import make_demands
from datagen_core.scheduling.estimation import estimate
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import Run, begin
from datagen_core.scheduling.status import RunStatus
from datagen_core.scheduling.surroundings import threads_of
from datagen_core.store.keys import key_path
from datagen_core.store.layout import SetPaths, list_shards, shard_name
from datagen_core.store.timings import Estimate, JobTimings, read_timings

_MOST_TASKS = 200
"""The newest tasks that count."""

_EMPTY_SHARD = 6900
"""About the bytes of a shard without its samples."""


@dataclass(frozen=True)
class Past:
    """What is known of tasks that made batches.

    Attributes
    ----------
    timings
        What each of them recorded.
    sample_bytes
        The bytes of a sample on disk; None if there are none.
    batch_size, threads
        Of the parameter set.
    origin
        Where that is from, for people.
    """

    timings: Sequence[JobTimings]
    sample_bytes: float | None
    batch_size: int
    threads: int
    origin: str

    @property
    def peak(self) -> int | None:
        """The most memory that a task has used, in bytes; None if no task has recorded it."""
        return max((job.peak for job in self.timings if job.peak is not None), default=None)


@dataclass(frozen=True)
class Forecast:
    """What a run will take, without waiting for a scheduler.

    Attributes
    ----------
    jobs, batches
        The number of jobs at once, and of batches in all.
    wall_seconds, wall_seconds_most
        How long a job will take, and three standard deviations more.
    limit_minutes
        The time limit that a job would get.
    cpu_hours
        The processors of all jobs, times the time that they are taken.
    bytes
        The samples on disk; None if not known.
    memory_bytes
        What a job needs, at most so far; None if not known.
    """

    jobs: int
    batches: int
    wall_seconds: float
    wall_seconds_most: float
    limit_minutes: int
    cpu_hours: float
    bytes: int | None
    memory_bytes: int | None


def recall(param_sets: Sequence[ParamSet], origin: str) -> Past | None:
    """Return what the newest tasks of some sets recorded, the newest set last; None if nothing.

    Sets that cannot be read are passed over. `origin` is what to call the sets.
    """
    timings: list[JobTimings] = []
    sizes: list[float] = []
    newest: ParamSet | None = None
    for each in reversed(param_sets):
        with suppress(CacheError, OSError):
            each.record  # noqa: B018 (it is read)
            found = read_timings(each.paths, _MOST_TASKS - len(timings))
            newest = each if found and newest is None else newest
            timings += found
            sizes += _sizes_of_samples(each.paths)
        if len(timings) >= _MOST_TASKS:
            break
    if newest is None:
        return None
    size = math.fsum(sizes) / len(sizes) if sizes else None
    what = f"{count_of(len(timings), 'task')} of {origin}"
    return Past(timings, size, newest.record.batch_size, threads_of(newest.paths), what)


def _sizes_of_samples(paths: SetPaths) -> Iterator[float]:
    """Yield the bytes of a sample on disk, if there are samples."""
    size = samples = 0
    for folder in paths.folders:
        for interval in list_shards(folder):
            file = (folder / shard_name(interval)).stat().st_size
            size += max(file - _EMPTY_SHARD, file // 50)
            samples += interval.size
    if samples:
        yield size / samples


def try_batches(
    loaded: Loaded,
    params: Mapping[str, Any],
    batches: int,
    watch: Callable[[Sequence[Run]], Sequence[RunStatus]],
) -> Past:
    """Make a few batches in a cache of their own, which is removed, and return what they took.

    A process of this machine makes them; `watch` submits a run and waits for it, as `drive` does.

    Raises
    ------
    ExecutionError
        If they cannot be made.
    """
    with TemporaryDirectory(prefix="datagen-trial-", ignore_cleanup_errors=True) as folder:
        samples = batches * loaded.generator.batch_size
        (demand,) = make_demands(loaded, [params], 0, Path(folder), samples)
        samples = min(samples, demand.record.limit or samples)
        demand = replace(demand, samples=samples)
        try:
            runs = begin([demand], choose_executor("local"), Settings())
            (status,) = watch(runs)
        finally:
            if demand.record.private:
                key_path(demand.record).unlink(missing_ok=True)
        if status.missing:
            raise ExecutionError(_explain(loaded, status))
        past = recall(
            [ParamSet(demand.paths, 0)], f"a trial of {batches} batch(es) on this machine"
        )
    if past is None:
        raise ExecutionError(f"the trial of {loaded.generator.name} has recorded nothing")
    return past


def _explain(loaded: Loaded, status: RunStatus) -> str:
    reason = next((item.reason for item in status.ranges), "samples are missing")
    return (
        f"the trial of {loaded.generator.name} failed: {reason}; make a few samples with `datagen "
        "generate`, of which `datagen logs --failed` shows more"
    )


def predict(past: Past, samples: int, njobs: int) -> Forecast:
    """Return what it will take to make samples with so many jobs at once."""
    batches = -(-samples // past.batch_size)
    jobs = min(njobs, batches)
    job, start, one = (_estimate(past, each) for each in (-(-batches // jobs), 0, 1))
    seconds = jobs * start.mean_seconds + batches * (one.mean_seconds - start.mean_seconds)
    return Forecast(
        jobs,
        batches,
        job.mean_seconds,
        job.mean_seconds + 3 * job.deviation,
        job.limit_minutes,
        past.threads * seconds / 3600,
        None
        if past.sample_bytes is None
        else round(samples * past.sample_bytes) + jobs * _EMPTY_SHARD,
        past.peak,
    )


def _estimate(past: Past, batches: int) -> Estimate:
    guess = estimate(past.timings, batches)
    if guess is None:
        raise ValueError("no timings")
    return guess
