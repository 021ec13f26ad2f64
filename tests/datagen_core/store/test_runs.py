"""Reservations never overlap; plans are planned before they are submitted."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.batches import deal
from datagen_core.errors import ConfigurationError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths
from datagen_core.store.reservations import latest_run, reserve, reserved_samples
from datagen_core.store.runs import (
    TaskKey,
    list_plans,
    list_refusals,
    list_runs,
    publish_plan,
    read_plan,
)
from demands import more, plan_for
from strategies import batch_sizes, interval_sets


@pytest.fixture
def paths(tmp_path):
    root = tmp_path / "sine" / "default-3bec39c0"
    root.mkdir(parents=True)
    return SetPaths(root)


@given(st.lists(st.integers(0, 50), max_size=5))
def test_runs_follow_on_one_another(tmp_path_factory, asked):
    paths = SetPaths(tmp_path_factory.mktemp("default-3bec39c0"))
    expected = 0
    for samples in asked:
        made = reserve(paths, more(samples), "sine", {})
        assert (made is None) == (samples == 0)
        assert made is None or made.interval == Interval(expected, expected + samples)
        expected += samples

    assert reserved_samples(paths) == expected


def test_reservations_at_once_are_disjoint(paths):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: reserve(paths, more(n), "sine", {}), range(1, 17)))
    ranges = [reservation.interval for reservation in made]

    assert [interval.size for interval in ranges] == list(range(1, 17))
    assert IntervalSet(ranges) == IntervalSet([(0, 136)])
    assert sorted(r.number for r in made) == list(range(16))


def test_reservations_come_back_in_order(paths):
    made = [reserve(paths, more(n), "a.py:sine", {"njobs": n}) for n in (5, 3)]

    assert list_runs(paths) == made
    assert made[0].id != made[1].id
    assert made[0].id.startswith("sine-3bec39c0-0-")


def test_the_id_of_a_run_is_short_whatever_its_folder_is_called(tmp_path):
    root = tmp_path / "sine" / "left=0,noise=0.5-3bec39c0"
    root.mkdir(parents=True)

    made = reserve(SetPaths(root), more(1), "sine", {})
    assert re.fullmatch(r"sine-3bec39c0-0-[0-9a-f]{6}", made.id)


def test_a_refusal_reserves_nothing(paths):
    def refuse(reserved):
        raise ConfigurationError(f"no more than {reserved}")

    with pytest.raises(ConfigurationError, match="no more than 0"):
        reserve(paths, refuse, "count", {})
    assert list_runs(paths) == []


def test_a_run_keeps_what_all_samples_up_to_its_end_cost_together(paths):
    for samples in (5, 3):
        reserve(paths, more(samples), "sine", {"njobs": 2}, lambda total: {"epsilon": total / 2})

    assert [run.account for run in list_runs(paths)] == [{"epsilon": 2.5}, {"epsilon": 4.0}]
    assert [run.interval for run in list_runs(paths)] == [Interval(0, 5), Interval(5, 8)]
    assert [run.details["njobs"] for run in list_runs(paths)] == [2, 2]


@given(interval_sets.filter(bool), batch_sizes, st.integers(1, 5))
def test_attempts_come_back_as_planned(tmp_path_factory, missing, size, tasks):
    run = SetPaths(tmp_path_factory.mktemp("set")).run(0)
    made = plan_for(run, "id", "inline", deal(missing, size, tasks), 30)

    assert read_plan(run, 0) == made
    assert IntervalSet(part for task in made.tasks for part in task) == missing


def test_events_are_those_of_the_task(paths):
    plan = plan_for(paths.run(0), "id", "local", [IntervalSet([(0, 5)]), IntervalSet([(5, 9)])])
    Journal(plan.run.journal(plan.number, 1)).append("start", pid=7)

    assert [event["pid"] for event in plan.events(1)] == [7]
    assert plan.events(0) == []
    assert (plan.start(0), plan.start(1)["pid"]) == (None, 7)
    assert [plan.is_beating(task) for task in range(2)] == [False, True]


def test_refusals_are_those_of_all_tasks_and_no_other_events(paths):
    run = paths.run(0)
    for number in range(2):
        plan = plan_for(run, "id", "local", [IntervalSet([(0, 5)]), IntervalSet([(5, 9)])])
        content = {"range": [0, 5], "message": f"no {number}", "final": True}
        Journal(run.journal(plan.number, 0)).append("error", **content)
        Journal(run.journal(plan.number, 1)).append("error", **content, refused=True)

    assert [event["message"] for event in list_refusals(run)] == ["no 0", "no 1"]


def test_a_plan_in_a_job_of_several_runs_has_its_place_there(paths):
    alone = plan_for(paths.run(0), "id", "local", [IntervalSet([(0, 5)]), IntervalSet([(5, 9)])])
    shared = publish_plan(replace(alone, number=1), "id", TaskKey("many", 7))

    assert (alone.is_shared, alone.keys[1]) == (False, TaskKey("id.0", 1))
    assert (shared.is_shared, shared.keys[1]) == (True, TaskKey("many", 8))
    assert read_plan(shared.run, 1) == shared


def test_the_first_receipt_is_kept(paths):
    plan = plan_for(paths.run(0), "id", "local", [])
    assert plan.read_receipt() is None

    plan.keep_receipt({"pids": [1, 2]})
    plan.keep_receipt({"pids": [3]})
    assert plan.read_receipt() == {"pids": [1, 2]}
    assert plan.read_receipt(lambda content: {"first": content["pids"][0]}) == {"first": 1}


def test_the_latest_run_was_begun_here_where_there_is_one(paths):
    for samples in (5, 3):
        reserve(paths, more(samples), "sine", {})
    own, other = list_runs(paths)
    imported = replace(other, former="sine-3bec39c0-4-abcdef")

    assert latest_run([own, imported]) == own
    assert latest_run([replace(own, former="sine-3bec39c0-3-abcdef"), imported]) == imported
    assert (latest_run([imported]), latest_run([])) == (imported, None)


def test_attempts_have_names_of_their_own(paths):
    run = paths.run(2)
    made = [plan_for(run, "id", "local", [], None) for _ in range(3)]

    assert [plan.name for plan in made] == ["id.0", "id.1", "id.2"]
    assert list_plans(run) == made
