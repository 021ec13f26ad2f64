"""`datagen status --watch`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import Cache
from datagen_core.cli import watching
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.status import statuses

FILE = Path(generators_for_tests.__file__)
LINE = "broken 0 run 0: 15 of 20 samples, tasks: 1 failed"


@pytest.fixture
def broken(generate_inline):
    generate_inline(f"{FILE}:broken", "-n", 20)


@pytest.fixture
def pauses(monkeypatch):
    seconds = []
    monkeypatch.setattr(watching.time, "sleep", seconds.append)
    return seconds


@pytest.mark.usefixtures("broken")
def test_each_look_is_a_line_until_nothing_was_alive_several_times(run_cli, pauses):
    answer = run_cli("status", "--watch", "--interval", 60)

    assert (answer.code, answer.out, answer.err) == (0, f"{LINE}\n" * 3, "")
    assert pauses == [60, 60]


@pytest.mark.usefixtures("broken", "pauses")
def test_each_look_is_a_line_of_json(run_cli):
    lines = run_cli("status", "broken", "--watch", "--json").out.splitlines()
    (plain,) = run_cli("status", "broken", "--json").json

    assert len(lines) == 3
    assert json.loads(lines[0]) == [{**plain, "rate": None}]


@pytest.mark.usefixtures("broken", "pauses")
def test_on_a_terminal_there_is_a_table(on_terminal):
    lines = on_terminal("status", "--watch")

    assert lines[-1].split() == ["0", "0", "15", "20", "1", "failed"]


@pytest.mark.usefixtures("broken")
def test_who_stops_watching_is_told_that_runs_go_on(run_cli, monkeypatch):
    def press(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", press)
    answer = run_cli("status", "--watch")

    assert (answer.code, answer.err) == (130, "no longer watching; the runs go on\n")


@pytest.mark.usefixtures("made")
def test_complete_runs_are_not_watched(run_cli, pauses):
    assert run_cli("status", "--watch").out == "all runs are complete\n"
    assert pauses == []


@pytest.mark.usefixtures("broken")
def test_a_run_that_has_become_complete_is_still_shown(cache):
    (made,) = Cache(cache)["broken"].values()
    (status,) = statuses(made.paths)
    whole = replace(status, done=IntervalSet([status.record.interval]), ranges=())
    looks = iter([[(made, status)], [(made, whole)]])

    assert [[each.done for each in found] for found in watching.watch(lambda: next(looks), 0)] == [
        [15],
        [20],
    ]


@pytest.mark.usefixtures("broken")
def test_ctrl_c_ends_it(run_cli, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", interrupt)
    answer = run_cli("status", "--watch")

    assert (answer.code, answer.out) == (130, f"{LINE}\n")


@pytest.mark.parametrize(
    ("rate", "missing", "shown"),
    [
        (None, 5, ("", "")),
        (0.0, 5, ("", "")),
        (0.25, 5, ("0.25/s", "20 s")),
        (1234.5, 0, ("1,234/s", "")),
    ],
)
def test_rate_and_time_left_need_a_rate(rate, missing, shown):
    assert (watching._rate(rate), watching._left(missing, rate)) == shown
