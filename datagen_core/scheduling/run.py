"""Runs from beginning to end: reserve → plan → submit → wait → report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from os import PathLike
from typing import Any

from datagen_core.errors import IncompleteRunError
from datagen_core.executors.base import Executor, Job, Resources
from datagen_core.executors.choice import choose_executor, find_executor
from datagen_core.executors.limits import parse_time_limit
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.cache import Cache, ParamSet
from datagen_core.scheduling import worker
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.driving import Observer, drive, explain, ignore
from datagen_core.scheduling.plan import (
    Binding,
    Settings,
    Shares,
    bind_all,
    check_loadable,
    combine_resources,
    demand_of,
    rebind,
    share_out,
)
from datagen_core.scheduling.status import RunStatus, record_verdict, status_of
from datagen_core.scheduling.submission import Run
from datagen_core.store.inputs import keep_inputs
from datagen_core.store.journals import read_timings
from datagen_core.store.layout import SetPaths, numbered
from datagen_core.store.runs import (
    Attempt,
    Demand,
    Reservation,
    list_attempts,
    reserve,
    reserved_samples,
)
from datagen_core.store.sets import (
    SetRecord,
    existing_samples,
    list_sets,
    open_set,
    publish_schema,
    read_set,
)


def begin(
    bindings: Sequence[Binding], demands: Sequence[Demand], executor: Executor, settings: Settings
) -> list[Run]:
    """Reserve runs, without those whose asked-for total is reached. Nothing is submitted yet.

    Everything that can be refused is refused before anything is written.
    """
    begun: dict[str, tuple[Params, int]] = {}
    for binding, demand in zip(bindings, demands, strict=True):
        check_loadable(binding, executor)
        planned = IntervalSet([demand.interval(reserved_samples(binding.paths))])
        if planned:
            share_out(binding, planned, executor, settings)
            stop = planned.intervals[-1].stop
            _account(binding, stop, begun)
            begun[binding.record.digest] = _bind_params(binding, binding.record), stop
    pairs = zip(bindings, demands, strict=True)
    runs = [_begin(binding, demand, executor, settings) for binding, demand in pairs]
    return [run for run in runs if run is not None]


def _begin(binding: Binding, demand: Demand, executor: Executor, settings: Settings) -> Run | None:
    keep_inputs(binding.cache, binding.record.params)
    paths, record = open_set(binding.cache, binding.record)
    declared = BatchMaker.of(binding.generator, record).declared_schema
    if declared is not None:
        publish_schema(paths, declared.to_json())
    details = {
        "executor": executor.name,
        "njobs": settings.njobs,
        "resources": asdict(settings.resources),
        **binding.record.provenance,
    }
    account = partial(_account, binding, begun={})
    reservation = reserve(paths, demand, binding.source, details, account)
    if reservation is None:
        _check_made(paths, demand)
        return None
    return Run(paths.run(reservation.number), reservation, binding, executor, settings)


def _account(
    binding: Binding, samples: int, begun: Mapping[str, tuple[Params, int]]
) -> dict[str, float | str]:
    """Return what samples cost; `begun` are sets that this call begins too, by digest."""
    bound = _bind_params(binding, binding.record)
    return binding.generator.account_of(bound, samples, partial(_list_others, binding, begun))


def _bind_params(binding: Binding, record: SetRecord) -> Params:
    return binding.generator.params_type.bind(record.params, binding.generator.name)


def _list_others(
    binding: Binding, begun: Mapping[str, tuple[Params, int]]
) -> list[tuple[Params, int]]:
    """Return parameters and reserved samples of the generator's other sets in the cache."""
    found: dict[str, tuple[Params, int]] = {}
    for paths in list_sets(binding.paths.root.parent).values():
        record = read_set(paths)
        found[record.digest] = _bind_params(binding, record), reserved_samples(paths)
    found |= begun
    found.pop(binding.record.digest, None)
    return list(found.values())


def _check_made(paths: SetPaths, demand: Demand) -> None:
    """Refuse to call a total reached that is reserved and not all there."""
    missing = IntervalSet([(0, demand.samples)]) - existing_samples(paths)
    if missing:
        name, cache = paths.root.parent.name, shlex.quote(str(paths.root.parent.parent))
        message = (
            f"{len(missing)} of {demand.samples} samples are missing ({missing}), though earlier "
            f"runs were to make them; go on with: datagen resume {name} --cache {cache}"
        )
        raise IncompleteRunError(message)


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
    work = partial(worker.run_job, [(place, len(attempt.tasks))])
    job = Job(attempt, resources, settings.njobs, settings.wait, work)
    return interval, shares, executor.describe(job)


def take_up(
    paths: SetPaths, reservation: Reservation, settings: Settings, njobs: int | None = None
) -> Run:
    """Return a run that was begun before; its failures so far are forgiven.

    Executor, number of jobs and resources are the run's own unless the settings name others. Its
    time limit is, too, as long as nothing is known from which another one could be estimated.
    """
    begun = Resources(**reservation.details["resources"])
    minutes = None if read_timings(paths) else begun.minutes
    resources = settings.resources.completed_by(replace(begun, minutes=minutes))
    settings = replace(settings, njobs=njobs or reservation.details["njobs"], resources=resources)
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
    return sweep(
        generator, n, [params], seed=seed, total=total, njobs=njobs, executor=executor, time=time,
        memory=memory, partition=partition, cache=cache, observer=observer,
    )[0]  # fmt: skip


def sweep(  # noqa: PLR0913 (the options of the command line)
    generator: str | DatasetGenerator,
    n: int,
    points: Sequence[Mapping[str, Any] | Params | None],
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
) -> list[ParamSet]:
    """Make `n` more samples of each of many parameter sets, as one submission; return the sets.

    `points` are the parameters of each; equal ones count once. All else, and what is raised, is as
    for `generate`.
    """
    resources = Resources(
        minutes=parse_time_limit(time) if time else None, memory=memory, partition=partition
    )
    settings = Settings(njobs=njobs, executor=executor, resources=resources)
    where = Cache(cache)
    bindings = bind_all(generator, None, points, seed, where.path)
    demands = [demand_of(binding, n, total=total) for binding in bindings]
    runs = begin(bindings, demands, choose_executor(executor), settings)
    for run, status in zip(runs, drive(runs, observer), strict=True):
        if status.missing:
            raise IncompleteRunError(explain(run, status))
    records = [binding.record for binding in bindings]
    return [where[record.generator][{**record.params, "seed": seed}] for record in records]
