"""Timings are what journals of past tasks add up to."""

from __future__ import annotations

import time

import pytest

from datagen_core.store.journals import BatchTimes, Journal
from datagen_core.store.layout import SetPaths
from datagen_core.store.timings import format_duration, format_rate, read_timings


@pytest.fixture
def paths(tmp_path):
    return SetPaths(tmp_path)


def test_timings_keep_the_first_batch_apart(paths):
    times = BatchTimes(Journal(paths.run(0).journal(0, 0)), born=0.0)
    for seconds in (5.0, 1.0, 3.0):
        times.add(seconds)
        times.write(waiting=0)
    (found,) = read_timings(paths)

    assert found.first == 5.0
    assert (found.count, found.seconds, found.squares) == (2, 4.0, 10.0)
    assert times.slowest == 5.0


def test_tasks_without_a_batch_have_no_timings(paths):
    Journal(paths.run(0).journal(0, 0)).append("start")

    assert read_timings(paths) == []


@pytest.mark.parametrize(
    ("startup", "known"), [(-0.1, None), (0.0, 0.0), (61.0, 61.0), (64.0, None), (1.8e9, None)]
)
def test_start_ups_that_clocks_made_impossible_are_not_known(paths, monkeypatch, startup, known):
    journal = Journal(paths.run(0).journal(0, 0))
    for event, moment in {"start": 100.0, "batches": 103.0}.items():
        monkeypatch.setattr("time.time", lambda now=moment: now)
        journal.append(event, **({"startup": startup, "first": 1.0} if event == "batches" else {}))
    (found,) = read_timings(paths)

    assert found.startup == known


def test_a_clock_that_is_set_changes_no_start_up(paths, monkeypatch):
    times = BatchTimes(Journal(paths.run(0).journal(0, 0)), born=time.monotonic() - 7.0)
    monkeypatch.setattr("time.time", lambda: 0.0)
    times.add(5.0)
    times.write(0)

    assert read_timings(paths)[0].startup == pytest.approx(2.0, abs=0.5)


def test_the_newest_timings_count(paths):
    for task in range(5):
        times = BatchTimes(Journal(paths.run(0).journal(0, task)), born=0.0)
        times.add(float(task))
        times.write(0)

    assert [timings.first for timings in read_timings(paths, most=2)] == [3.0, 4.0]


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (180, "3 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (86400, "1 d"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_durations_read_as_people_say_them(duration, text):
    assert format_duration(duration) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(0.0, "0/s"), (0.25, "0.25/s"), (3, "3/s"), (1234.5, "1,234/s")]
)
def test_slow_rates_are_not_rounded_to_nothing(rate, text):
    assert format_rate(rate) == text
