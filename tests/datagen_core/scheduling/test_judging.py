"""Why a task is over, and whether its samples are tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datagen_core.executors.inline import InlineExecutor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.judging import FRUITLESS_LIMIT
from datagen_core.scheduling.status import inspect_run, statuses
from datagen_core.store.journals import Journal
from datagen_core.store.layout import shard_name
from datagen_core.store.reservations import reserve
from datagen_core.store.runs import TaskKey, read_run
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine

MISSING = [IntervalSet([(5, 20)])]


class Silent(InlineExecutor):
    """An executor none of whose tasks lives, and what it says of them."""

    def __init__(self, verdict=""):
        self.verdict = verdict

    def poll(self, plans):
        return {}

    def diagnose(self, plan, task):
        return self.verdict


@pytest.fixture
def run(tmp_path):
    """Return a run of 20 samples, of which five are made."""
    paths, _ = open_set(tmp_path, demand_for(sine, tmp_path).record)
    paths.shards.mkdir(parents=True, exist_ok=True)
    (paths.shards / shard_name(Interval(0, 5))).touch()
    return paths.run(reserve(paths, more(20), "sine", {}).number)


def begin(run):
    plan = plan_for(run, "id", "inline", MISSING, 30)
    journal = Journal(run.journal(plan.number, 0))
    journal.append("start")
    return plan, journal


def judge(run, verdict=""):
    [item] = inspect_run(run, read_run(run.set, run.number), Silent(verdict)).ranges
    return item


def test_deaths_beside_samples_are_tried_twice_as_often(run):
    judged = []
    for _ in range(2 * FRUITLESS_LIMIT):
        begin(run)[1].append("end", reason="died: SIGSEGV")
        judged.append(judge(run))

    assert [item.blocked for item in judged] == [False] * (2 * FRUITLESS_LIMIT - 1) + [True]
    assert [judged[0].state, judged[-1].state] == ["lost", "failed"]


def test_a_task_that_was_cancelled_keeps_its_reason_and_its_log(run):
    plan, _ = begin(run)
    item = judge(run, "cancelled by me")

    assert (item.state, item.reason, item.blocked) == ("cancelled", "cancelled by me", True)
    assert item.log == plan.log(0)


def test_a_run_of_an_executor_that_is_not_here_says_so(run):
    plan_for(run, "id", "nowhere", MISSING, 30)
    [status] = statuses(run.set)

    assert status.orphaned
    assert "nowhere" in status.ranges[0].reason


def test_a_task_of_a_job_of_many_runs_has_a_place_of_its_own(run):
    plan, _ = begin(run)
    assert replace(plan, first=3).key(1) == TaskKey(plan.name, 4)
