"""Jobs for tests of the Slurm executor."""

from __future__ import annotations

import os
from pathlib import Path

from datagen_core.executors.base import Job, Resources
from datagen_core.executors.slurm.executor import SlurmExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.surroundings import describe_surroundings, make_recipe
from datagen_core.store.reservations import reserve
from demands import demand_for, more, open_set, plan_for
from slurm_cluster import wait_until

EXECUTOR = SlurmExecutor()
SOURCE = f"{Path(__file__).with_name('slurm_tasks.py')}:tasks"


def make_job(folder, what, tasks=1, waiting=True, **resources):
    """Return a job whose tasks do something of slurm_tasks.py, such as "note"."""
    params = {"folder": str(folder), "what": what, "job": os.urandom(4).hex()}
    demand = demand_for(SOURCE, folder / "a cache", params=params)
    paths, _ = open_set(folder / "a cache", demand.record)
    record = reserve(paths, more(10 * tasks), SOURCE, {})
    ranges = [IntervalSet([(task * 10, task * 10 + 10)]) for task in range(tasks)]
    plan = plan_for(paths.run(0), record.id, "slurm", ranges, resources.pop("minutes", None))
    recipe = make_recipe(describe_surroundings(), SOURCE, demand.code.fingerprint)
    return Job((plan,), Resources(**resources), 256, waiting, print, recipe=recipe)


def phases(plan):
    """Return the states of the living tasks of a plan."""
    return {task: state.state for (_, task), state in (EXECUTOR.poll([plan]) or {}).items()}


def wait_for_end(plan):
    wait_until(lambda: EXECUTOR.poll([plan]) == {}, "the end of the job")
