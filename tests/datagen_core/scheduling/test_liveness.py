"""Who is alive where executors do not see it: other users' tasks live while they give signs."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from datagen_core.executors.base import Executor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.judging import record_verdict
from datagen_core.scheduling.liveness import find_living
from datagen_core.store import runs
from datagen_core.store.journals import Journal
from datagen_core.store.reservations import reserve
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine

TASKS = (IntervalSet([(0, 10)]), IntervalSet([(10, 20)]))
ALL = IntervalSet([(0, 20)])
WEEK = 7 * 24 * 3600


class Blind(Executor):
    """An executor that sees nothing of others."""

    name = "blind"


class Here(Blind):
    """An executor of the cluster `here`."""

    def cluster(self):
        return "here"


@pytest.fixture
def plan(tmp_path):
    paths, _ = open_set(tmp_path, demand_for(sine, tmp_path).record)
    run = paths.run(reserve(paths, more(20), "sine", {}).number)
    return plan_for(run, "id", "blind", TASKS, 30)


@pytest.fixture
def of_another(monkeypatch):
    monkeypatch.setattr(runs, "owner_of", lambda path, folder: 0)


@pytest.fixture
def journal(plan):
    journal = Journal(plan.run.journal(0, 0))
    journal.append("start", host="far", beats=15.0)
    return journal


def living(plan, states=None, executor=None):
    signs = find_living([plan], states or {}, executor or Blind(), ALL)
    assert not signs.unknown
    return {key.place: (state.state, state.reason) for key, state in signs.states.items()}


def silence(path, seconds):
    os.utime(path, (0, path.stat().st_mtime - seconds))


def test_what_an_executor_says_of_its_own_tasks_is_true(plan, journal):
    assert living(plan) == {}


@pytest.mark.usefixtures("of_another")
def test_tasks_of_others_live_while_they_give_signs(plan, journal):
    assert living(plan) == {
        0: ("running", "on far, by root"),
        1: ("queued", "by root, and perhaps not visible here"),
    }
    silence(journal._path, 310)
    assert list(living(plan)) == [1]
    journal.append("end", reason="failed")
    assert list(living(plan)) == [1]


@pytest.mark.usefixtures("of_another")
def test_a_task_of_another_may_wait_in_a_queue_for_a_week(plan):
    silence(plan.job_folder, 310)
    silence(plan.run.plan(0), WEEK)
    assert list(living(plan)) == [0, 1]  # and the time limit of the task

    silence(plan.run.plan(0), 1801)
    assert living(plan) == {}


@pytest.mark.usefixtures("of_another")
def test_tasks_of_a_plan_that_was_removed_wait_no_longer(plan):
    plan.run.plan(0).unlink()
    silence(plan.job_folder, 310)

    assert living(plan) == {}


@pytest.mark.usefixtures("of_another")
def test_processes_of_another_do_not_wait_in_a_queue(plan):
    executor = Blind()
    executor.ends_with_caller = True
    assert list(living(plan, executor=executor)) == [0, 1]

    silence(plan.job_folder, 310)
    assert living(plan, executor=executor) == {}


@pytest.mark.usefixtures("of_another")
def test_who_cancels_tasks_of_another_takes_them_for_over(plan, journal):
    record_verdict(plan, 0, "died: SIGKILL")  # which somebody took it for
    record_verdict(plan, 1, "cancelled by me")

    assert list(living(plan)) == [0]


def test_without_an_executor_only_signs_are_known(plan, journal):
    alive = find_living([plan], None, None, ALL)
    assert ([key.place for key in alive.states], [key.place for key in alive.unknown]) == ([0], [1])

    silence(journal._path, 310)
    dead = find_living([plan], None, None, ALL)
    assert (list(dead.states), [key.place for key in dead.unknown]) == ([], [1])


def test_what_is_not_missing_is_not_looked_for(plan):
    assert find_living([plan], None, Blind(), TASKS[1]).unknown == {plan.key(1)}


def test_tasks_of_another_cluster_live_as_long_as_they_give_signs_of_life(plan, journal):
    there = replace(plan, cluster="there")
    assert living(there, executor=Here()) == {
        0: ("running", "on far, on cluster there"),
        1: ("queued", "on cluster there, and perhaps not visible here"),
    }
    silence(journal._path, 310)
    silence(plan.job_folder, 310)
    silence(plan.run.plan(0), WEEK + 1801)
    assert living(there, executor=Here()) == {}


def test_a_scheduler_without_an_answer_leaves_nothing_unknown_of_another_cluster(plan, journal):
    there, here = replace(plan, cluster="there"), replace(plan, cluster="here")
    assert not find_living([there], None, Here(), ALL).unknown
    assert find_living([here], None, Here(), ALL).unknown == set(plan.keys)
    assert find_living([there], None, Blind(), ALL).unknown == set(plan.keys)
