"""Taking up a run that was begun before, perhaps by somebody else, whose code must be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from datagen_core.executors.base import Executor, Resources
from datagen_core.executors.choice import choose_executor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.demands import renew_demand
from datagen_core.scheduling.plan import Settings, check_loadable
from datagen_core.scheduling.probing import settle
from datagen_core.scheduling.run import Run, complete
from datagen_core.scheduling.surroundings import (
    check_moved,
    locate_source,
    make_recipe,
    surroundings_of,
)
from datagen_core.scheduling.trusting import (
    Decide,
    code_of_run,
    read_resources,
    refuse,
    require_trust,
    surroundings_of_run,
    trust_call,
)
from datagen_core.store.codes import keep_code
from datagen_core.store.keys import read_key
from datagen_core.store.layout import SetPaths, numbered
from datagen_core.store.runs import RunRecord, list_plans, read_run
from datagen_core.store.sets import check_known, existing_samples, read_set
from datagen_core.store.timings import read_timings


def take_up(  # noqa: PLR0913 (what is recorded, what is asked for, and who says yes)
    paths: SetPaths,
    record: RunRecord,
    settings: Settings,
    njobs: int | None = None,
    choose: Callable[[str], Executor] = choose_executor,
    folder: Path | None = None,
    *,
    decide: Decide = refuse,
) -> Run:
    """Return a run that was begun before; its failures so far are forgiven.

    Executor, number of jobs and resources are the run's own unless the settings name others; with
    another executor, its options and GPUs are left. Its time limit is its own, too, as long as
    nothing is known from which another one could be estimated.

    Parameters
    ----------
    choose
        Finds an executor by its name; for many runs, one that remembers it.
    folder
        Where the file of the generator is now, if it was moved.
    decide
        Is asked whether code and surroundings of the run that this user does not trust yet are to
        be used.

    Raises
    ------
    DatagenError
        As `check_trusted`, and if its code may not add to the set, or cannot be loaded.
    """
    source, begun = check_trusted(paths, record, settings, folder, decide=decide)
    executor = choose(settings.executor or record.details["executor"])
    settings = replace(settings, njobs=njobs or record.details["njobs"])
    settings = _go_on(paths, record, begun, settings, executor)
    with surroundings_of(make_recipe(record.details, source, "", record.source)):
        demand = renew_demand(paths, source, record.interval.size)
        if source != record.source:
            check_moved(paths, record, source, demand.code)
        check_loadable(demand, executor)
        missing = IntervalSet([record.interval]) - existing_samples(paths)
        (demand,) = settle([demand], [missing], executor, settings)
    keep_code(paths, demand.code)
    if folder is not None:
        trust_call(source, record.details)
    since = (numbered(paths.run(record.number).plans) or [-1])[-1] + 1
    maker = BatchMaker.of(demand.generator, demand.record, demand.params).growing(paths)
    return Run(record, demand, maker, executor, settings, since)


def check_trusted(
    paths: SetPaths,
    record: RunRecord,
    settings: Settings,
    folder: Path | None = None,
    *,
    decide: Decide = refuse,
) -> tuple[str, Resources]:
    """Return the code of a run, and what it asked for, if all of it may be used; nothing is loaded.

    Parameters are those of `take_up`.

    Raises
    ------
    NewerFormatError
        If a newer version says more about the set or the run than this one knows.
    CacheError
        If the set is private, and this user not its owner.
    UntrustedError
        If something of the run is not trusted; nothing of it was used.
    """
    check_known(paths)
    read_run(paths, record.number, strict=True)
    if (known := read_set(paths, strict=True)).private:
        read_key(known)  # nobody is asked to trust what only its owner goes on with
    source, begun = locate_source(record.source, folder), _read_begun(paths, record, settings)
    things = surroundings_of_run(paths, record, settings.resources, begun)
    require_trust([*things, *([] if folder else code_of_run(paths, record, source))], decide)
    return source, begun


def _read_begun(paths: SetPaths, record: RunRecord, settings: Settings) -> Resources:
    """Return what a run asked for, without options and GPUs of an executor that is not used."""
    begun = read_resources(paths, record)
    other = settings.executor not in {None, record.details["executor"]}
    return replace(begun, options={}, gpus=0) if other else begun


def _go_on(
    paths: SetPaths, record: RunRecord, begun: Resources, settings: Settings, executor: Executor
) -> Settings:
    """Return settings completed by those of the run, and by the executor."""
    minutes = None if read_timings(paths) else begun.minutes
    resources = settings.resources.completed_by(replace(begun, minutes=minutes))
    plans = list_plans(paths.run(record.number))
    return complete(executor, replace(settings, resources=resources), plans)
