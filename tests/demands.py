"""Demands and reserved ranges for tests of what comes after them."""

from __future__ import annotations

from datagen_core.ranges import Interval
from datagen_core.scheduling.claims import claiming
from datagen_core.scheduling.demands import load, make_demands
from datagen_core.scheduling.submission import make_job
from datagen_core.store.journals import Journal
from datagen_core.store.runs import Plan, next_plan, publish_plan
from datagen_core.store.sets import open_sets, set_paths


def demand_for(generator, cache, samples=1, params=None, seed=0, *, total=False):
    """Return the demand for samples of one parameter set."""
    return make_demands(load(generator), [params], seed, cache, samples, total=total)[0]


def open_set(cache, record):
    """Begin a parameter set unless it is there; return its paths and its published record."""
    paths = set_paths(cache, record)
    return paths, open_sets([(paths, record)])[0]


def more(samples):
    """Return what `reserve` asks: the indices of this many more samples."""
    return lambda reserved: Interval(reserved, reserved + samples)


def plan_for(run, run_id, executor, tasks, minutes=None):
    """Publish a plan for a run, as if submitted; the parameter set need not have been begun."""
    run.set.root.mkdir(parents=True, exist_ok=True)
    plan = Plan(run, executor, tuple(tasks), minutes, number=next_plan(run))
    plan = publish_plan(plan, run_id)
    Journal(plan.process).append("end", reason="submitted")
    return plan


def publish_job(parts, busy=0):
    """Publish the plans of a job, and return it; it counts as submitted."""
    with claiming(parts) as plans:
        return make_job(parts, plans, lambda _: None, busy)
