"""Runs of another cache, kept as history: their numbers change, since those here stay as they are.

A run that is imported reserves its range, so that later runs begin behind its samples. Its plans
are renamed as well, and none of what executors find jobs by comes along: where its jobs are alive,
they publish in the other cache, and nobody takes them for jobs of this one, or ends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.judging import record_verdict
from datagen_core.scheduling.liveness import read_verdict
from datagen_core.store import forms
from datagen_core.store.documents import copy_document
from datagen_core.store.journals import read_journal
from datagen_core.store.layout import RunPaths, SetPaths, numbered
from datagen_core.store.origins import Origin
from datagen_core.store.reservations import import_run, latest_run
from datagen_core.store.runs import Plan, RunRecord, list_plans, list_runs, next_plan, read_plan
from datagen_core.upkeep.merging.files import carry_text


def find_runs(paths: SetPaths, origins: Iterable[Origin]) -> list[RunRecord]:
    """Return the runs of a set, and of those that made samples and have no record what is known.

    `origins` are those of its files. Such files were copied from another cache without their runs.
    """
    runs = list_runs(paths)
    return [*runs, *find_lost_runs(runs, origins)]


def find_lost_runs(runs: Sequence[RunRecord], origins: Iterable[Origin]) -> Iterator[RunRecord]:
    """Yield what files tell of runs that have no record: the range is that of their samples."""
    known = {name for run in runs for name in (run.id, run.maker)}
    lost: dict[str, list[Origin]] = {}
    for origin in origins:
        if origin.run not in known and _is_id(origin.run):
            lost.setdefault(origin.run, []).append(origin)
    latest = latest_run(runs)
    details = latest.details if latest else {"executor": "inline", "njobs": 1}
    for name, made in sorted(lost.items()):
        start, stop = min(each.start for each in made), max(each.stop for each in made)
        yield RunRecord(-1, name, start, stop, latest.source if latest else "", details)


def _is_id(name: str) -> bool:
    with suppress(ValueError):
        forms.job(name)
        return True
    return False


def is_alive(paths: SetPaths, runs: Iterable[RunRecord], existing: IntervalSet) -> bool:
    """Return whether somebody makes missing samples of a set right now, as heartbeats say."""
    open_runs = (run for run in runs if run.number >= 0 and IntervalSet([run.interval]) - existing)
    plans = (plan for run in open_runs for plan in list_plans(paths.run(run.number)))
    tasks = ((plan, task) for plan in plans for task in range(len(plan.tasks)))
    return any(not plan.last_word(task) and plan.is_beating(task) for plan, task in tasks)


def import_runs(source: SetPaths, target: SetPaths, runs: Iterable[RunRecord]) -> int:
    """Keep the runs of another cache with their plans, journals and logs; return how many are new.

    What a run has done since an earlier import is added to it.
    """
    before = set(numbered(target.runs))
    for run in runs:
        new = import_run(target, run)
        if new.former and run.number >= 0:
            _import_plans(source.run(run.number), target.run(new.number), new.id)
    return len(set(numbered(target.runs)) - before)


def _import_plans(source: RunPaths, target: RunPaths, run_id: str) -> None:
    known = list_plans(target)
    for plan in list_plans(source):
        found = (each for each in known if _is_copy(each, plan))
        copied = next(found, None) or _import_plan(plan, target, run_id)
        for task in range(len(plan.tasks)):
            _import_task(plan, copied, task)


def _is_copy(plan: Plan, other: Plan) -> bool:
    return (plan.created, plan.tasks) == (other.created, other.tasks)


def _import_plan(plan: Plan, target: RunPaths, run_id: str) -> Plan:
    """Publish a plan as the next one of its run: as one with a job of its own, which is over."""
    while True:
        number = next_plan(target)
        path, temporary = target.plan(number), target.set.temporary
        name = f"{run_id}.{number}"
        if copy_document(plan.run.plan(plan.number), path, temporary, name=name, first=None):
            return read_plan(target, number)


def _import_task(plan: Plan, copied: Plan, task: int) -> None:
    base, target = plan.run.set.root.parent, copied.run.set.root.parent
    journal = plan.run.journal(plan.number, task)
    read_journal(journal)  # of a newer version, perhaps
    carry_text(base, journal, target, copied.run.journal(copied.number, task))
    carry_text(base, plan.log(task), target, copied.log(task))
    record_verdict(copied, task, read_verdict(plan, task))
