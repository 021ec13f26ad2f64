"""What is submitted again gets more time where time was too short."""

from __future__ import annotations

import pytest

from datagen_core.executors.inline import InlineExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.driving import inspect
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.submission import plan_jobs
from datagen_core.store.journals import Journal
from demands import demand_for, plan_for
from generators_for_tests import sine


@pytest.fixture
def run(tmp_path):
    (run,) = begin([demand_for(sine, tmp_path, 40)], InlineExecutor(), Settings())
    run.plan = None
    return run


def time_out(run, minutes, start, stop):
    plan = plan_for(run.paths, run.record.id, "inline", [IntervalSet([(start, stop)])], minutes)
    journal = Journal(run.paths.journal(plan.number, 0))
    journal.append("start")
    journal.append("end", reason="time limit")


def minutes_of(run):
    [[(_, plan)]] = plan_jobs([run], inspect([run]))
    return plan.minutes


def test_a_time_limit_that_was_reached_is_doubled(run):
    time_out(run, 6, 0, 40)
    assert minutes_of(run) == 12

    time_out(run, 12, 0, 40)
    assert minutes_of(run) == 24


def test_tasks_that_reach_one_limit_one_after_another_double_it_once(run):
    time_out(run, 6, 0, 40)
    plan_for(run.paths, run.record.id, "inline", [IntervalSet([(0, 20)])], 12)
    (run.paths.set.shards / "000000000000-000000000020.h5").touch()
    assert minutes_of(run) == 12
