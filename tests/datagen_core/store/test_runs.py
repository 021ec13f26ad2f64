"""Reservations never overlap; attempts are planned before they are submitted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import ConfigurationError
from datagen_core.ranges import Interval, IntervalSet, deal
from datagen_core.store.layout import SetPaths
from datagen_core.store.runs import (
    Demand,
    list_attempts,
    list_reservations,
    publish_attempt,
    read_attempt,
    reserve,
    reserved_samples,
)
from strategies import batch_sizes, interval_sets


@pytest.fixture
def paths(tmp_path):
    return SetPaths(tmp_path / "sine" / "default-3bec39c0")


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=5))
def test_runs_follow_on_one_another(tmp_path_factory, asked):
    paths = SetPaths(tmp_path_factory.mktemp("sine") / "default-3bec39c0")
    expected = 0
    for samples, total in asked:
        made = reserve(paths, Demand(samples, total), "sine", {})
        stop = max(expected, samples) if total else expected + samples
        assert (made is None) == (stop == expected)
        assert made is None or made.interval == Interval(expected, stop)
        expected = stop

    assert reserved_samples(paths) == expected


def test_reservations_at_once_are_disjoint(paths):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: reserve(paths, Demand(n), "sine", {}), range(1, 17)))
    ranges = [reservation.interval for reservation in made]

    assert [interval.size for interval in ranges] == list(range(1, 17))
    assert IntervalSet(ranges) == IntervalSet([(0, 136)])
    assert sorted(r.number for r in made) == list(range(16))


def test_reservations_come_back_in_order(paths):
    made = [reserve(paths, Demand(n), "a.py:sine", {"njobs": n}) for n in (5, 3)]

    assert list_reservations(paths) == made
    assert made[0].id != made[1].id
    assert made[0].id.startswith("sine-3bec39c0-0-")


@pytest.mark.parametrize(
    ("demand", "most"), [(Demand(26, limit=25), 25), (Demand(30, True, 25), 25)]
)
def test_more_than_there_can_be_is_refused(paths, demand, most):
    with pytest.raises(ConfigurationError, match=f"there are {most} samples.*at most {most} more"):
        reserve(paths, demand, "count", {})
    assert list_reservations(paths) == []


def test_the_limit_itself_can_be_reached(paths):
    assert reserve(paths, Demand(20, limit=25), "count", {}).stop == 20
    assert reserve(paths, Demand(25, True, 25), "count", {}).stop == 25
    assert reserve(paths, Demand(25, True, 25), "count", {}) is None


@given(interval_sets.filter(bool), batch_sizes, st.integers(1, 5))
def test_attempts_come_back_as_planned(tmp_path_factory, missing, size, tasks):
    run = SetPaths(tmp_path_factory.mktemp("set")).run(0)
    made = publish_attempt(run, "id", "inline", deal(missing, size, tasks), 30)

    assert read_attempt(run, 0) == made
    assert IntervalSet(part for task in made.tasks for part in task) == missing


def test_attempts_have_names_of_their_own(paths):
    run = paths.run(2)
    made = [publish_attempt(run, "id", "local", [], None) for _ in range(3)]

    assert [attempt.name for attempt in made] == ["id.0", "id.1", "id.2"]
    assert list_attempts(run) == made
