"""Journals are advice: what cannot be written or read stops nothing."""

from __future__ import annotations

import itertools
import os

import pytest

from datagen_core.errors import DamagedFileError
from datagen_core.store.journals import (
    BatchTimes,
    Journal,
    last_word,
    read_journal,
    record_death,
)
from datagen_core.store.layout import SetPaths


@pytest.fixture
def paths(tmp_path):
    return SetPaths(tmp_path)


def test_events_come_back_in_order(paths):
    journal = Journal(paths.run(0).journal(0, 0))
    journal.append("start", pid=1)
    journal.append("end", reason="done")

    assert [(event["event"], event.get("reason")) for event in read_journal(journal._path)] == [
        ("start", None),
        ("end", "done"),
    ]


@pytest.mark.parametrize(
    ("content", "version"),
    [({"pid": 1}, "1.0"), ({"refused": True}, "1.1"), ({"peak": 5, "refused": True}, "1.3")],
)
def test_a_line_has_the_first_format_that_knows_its_keys(paths, content, version):
    """So that earlier versions go on with all that they understand."""
    journal = Journal(paths.run(0).journal(0, 0))
    journal.append("word", **content)

    assert [event["format"] for event in read_journal(journal._path)] == [version]


def test_a_torn_line_is_left_out(paths):
    path = paths.run(0).journal(0, 0)
    Journal(path).append("start")
    with path.open("a") as file:
        file.write('{"event": "en')

    assert [event["event"] for event in read_journal(path)] == ["start"]


def test_a_death_is_the_last_word_of_a_task_that_has_said_none(paths):
    path = paths.run(0).journal(0, 0)
    record_death(path, "died: SIGKILL")
    assert not path.exists()  # it had not begun

    Journal(path).append("start")
    record_death(path, "died: SIGKILL")
    record_death(path, "died: SIGTERM")
    assert last_word(path) == "died: SIGKILL"
    assert len(read_journal(path)) == 2


def test_a_missing_journal_is_empty(tmp_path):
    assert read_journal(tmp_path / "missing") == []


def test_a_journal_that_cannot_be_written_stops_no_work(paths):
    path = paths.run(0).journal(0, 0)
    path.mkdir(parents=True)

    Journal(path).append("start")
    assert list(path.iterdir()) == []


def test_lines_are_written_about_once_a_second(paths):
    journal = Journal(paths.run(0).journal(0, 0))
    times = BatchTimes(journal, born=0.0)
    times.add(1.0)
    times.write_if_due(waiting=5)
    assert read_journal(journal._path) == []

    times._written -= 10
    times.write_if_due(waiting=7)
    assert [event["waiting"] for event in read_journal(journal._path)] == [7]


def test_a_young_task_writes_each_second_however_long_the_machine_runs(paths, monkeypatch):
    month = 30 * 24 * 3600.0
    monkeypatch.setattr("time.monotonic", lambda: month + 1.5)
    times = BatchTimes(
        Journal(paths.run(0).journal(0, 0)), born=month, _written=month, _begun=month
    )
    times.write_if_due(waiting=3)

    assert [event["waiting"] for event in read_journal(times.journal._path)] == [3]


def test_the_journal_of_a_day_has_a_line_every_ten_seconds(paths, monkeypatch):
    seconds = itertools.count(step=0.5)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    times = BatchTimes(Journal(paths.run(0).journal(0, 0)), born=0.0, _written=0.0, _begun=0.0)
    lines = []
    monkeypatch.setattr(times.journal, "append", lambda *_, **content: lines.append(content))
    for number in range(2 * 24 * 3600):
        times.write_if_due(number)

    assert len(lines) < 24 * 3600 / 10 * 1.1
    assert lines[1]["waiting"] < 10


DAMAGED_LINES = [
    b"\xff\xfe", b"{", b"null", b"[]", b"1", b'{"event": 1, "time": 1}', b'{"event": "end"}',
    b'{"event": "end", "time": 1}', b'{"event": "end", "time": 1, "reason": []}',
    b'{"event": "end", "time": 1e999, "reason": "done"}', b"[" * 100_000,
    b'{"event": "end", "time": -1, "reason": "done"}', b'{"event": "x", "time": ' + b"9" * 5000,
    b'{"event": "code", "time": 1, "id": "../../x"}', b'{"a":' * 60 + b"1" + b"}" * 60,
    b'{"event": "error", "time": 1, "message": "", "final": true, "range": [9, 2]}',
    b'{"event": "published", "time": 1, "samples": [[0, 1.5]]}', b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGED_LINES, ids=range(len(DAMAGED_LINES)))
def test_a_damaged_line_costs_itself(paths, line):
    path = paths.run(0).journal(0, 0)
    Journal(path).append("start")
    with path.open("ab") as file:
        file.write(line + b"\n")
    Journal(path).append("end", reason="done")

    assert [event["event"] for event in read_journal(path)] == ["start", "end"]
    with pytest.raises(DamagedFileError, match=r"jsonl is damaged: line 2; restore"):
        read_journal(path, strict=True)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_no_journal_has_no_events(tmp_path, make):
    path = tmp_path / "0-0.jsonl"
    make(path)

    assert read_journal(path) == []
    with pytest.raises(DamagedFileError, match="something else is in its place"):
        read_journal(path, strict=True)


def test_what_batches_took_adds_up_behind_the_first(paths):
    journal = Journal(paths.run(0).journal(0, 0))
    times = BatchTimes(journal, born=0.0)
    for seconds in (5.0, 1.0, 2.0, 3.0):
        times.add(seconds)
    times.write(7)

    [line] = read_journal(paths.run(0).journal(0, 0))
    sums = [line[key] for key in ("first", "count", "seconds", "squares", "waiting")]
    assert (sums, times.slowest) == ([5, 3, 6, 14, 7], 5)
