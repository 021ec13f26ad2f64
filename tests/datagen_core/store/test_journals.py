"""Journals are advice: what cannot be written or read stops nothing."""

from __future__ import annotations

import pytest

from datagen_core.store.journals import BatchTimes, Journal, read_journal, read_timings
from datagen_core.store.layout import SetPaths


@pytest.fixture
def paths(tmp_path):
    return SetPaths(tmp_path)


def test_events_come_back_in_order(tmp_path):
    journal = Journal(tmp_path / "folder" / "0-0.jsonl")
    journal.append("start", pid=1)
    journal.append("end", reason="done")

    assert [(event["event"], event.get("reason")) for event in read_journal(journal._path)] == [
        ("start", None),
        ("end", "done"),
    ]


def test_a_torn_line_is_left_out(tmp_path):
    journal = Journal(tmp_path / "0-0.jsonl")
    journal.append("start")
    with (tmp_path / "0-0.jsonl").open("a") as file:
        file.write('{"event": "en')

    assert [event["event"] for event in read_journal(tmp_path / "0-0.jsonl")] == ["start"]


def test_a_missing_journal_is_empty(tmp_path):
    assert read_journal(tmp_path / "missing") == []


def test_a_journal_that_cannot_be_written_stops_no_work(tmp_path):
    (tmp_path / "0-0.jsonl").mkdir()

    Journal(tmp_path / "0-0.jsonl").append("start")
    assert list((tmp_path / "0-0.jsonl").iterdir()) == []


def test_timings_keep_the_first_batch_apart(paths):
    times = BatchTimes(Journal(paths.run(0).journal(0, 0)), born=0.0)
    for seconds in (5.0, 1.0, 3.0):
        times.add(seconds)
        times.write(waiting=0)
    (found,) = read_timings(paths)

    assert found["first"] == 5.0
    assert (found["count"], found["seconds"], found["squares"]) == (2, 4.0, 10.0)
    assert times.slowest == 5.0


def test_tasks_without_a_batch_have_no_timings(paths):
    Journal(paths.run(0).journal(0, 0)).append("start")

    assert read_timings(paths) == []


def test_the_newest_timings_count(paths):
    for task in range(5):
        times = BatchTimes(Journal(paths.run(0).journal(0, task)), born=0.0)
        times.add(float(task))
        times.write(0)

    assert [timings["first"] for timings in read_timings(paths, most=2)] == [3.0, 4.0]


def test_lines_are_written_about_once_a_second(paths):
    journal = Journal(paths.run(0).journal(0, 0))
    times = BatchTimes(journal, born=0.0)
    times.add(1.0)
    times.write_if_due(waiting=5)
    assert read_journal(journal._path) == []

    times._written -= 10
    times.write_if_due(waiting=7)
    assert [event["waiting"] for event in read_journal(journal._path)] == [7]
