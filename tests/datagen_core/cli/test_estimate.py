"""`datagen estimate`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

import generators_for_tests
from private_sets import SOURCE

FILE = Path(generators_for_tests.__file__)


@pytest.fixture
def timed(made):
    """Return a set whose tasks took 2 s to start and 1 s for each of 10 batches of 10 samples."""
    for number, path in enumerate(sorted(made.paths.runs.glob("*/0-0.jsonl"))):
        line = {"format": "1.3", "event": "batches", "time": 1.0, "startup": 2.0, "first": 1.0,
                "count": 9, "seconds": 9.0, "squares": 9.0, "waiting": 0,
                "peak": 10**8 * (number + 1)}  # fmt: skip
        path.write_text(f"{json.dumps(line)}\n")
    return made


def test_past_tasks_say_what_more_will_take(run_cli, timed):
    answer = run_cli("estimate", "sine", "-n", 72_000, "--njobs", 4, "--json").json

    assert (answer["jobs"], answer["batches"], answer["tasks"]) == (4, 7200, 2)
    assert answer["wall_seconds"] == pytest.approx(2 + 1800)
    assert answer["wall_seconds_most"] > answer["wall_seconds"]
    assert answer["limit_minutes"] * 60 > answer["wall_seconds_most"]
    assert answer["cpu_hours"] == pytest.approx((4 * 2 + 7200) / 3600)
    assert answer["bytes"] == pytest.approx(72_000 * 16, rel=0.5)
    assert answer["memory_bytes"] == 2 * 10**8
    assert answer["history"] == "2 tasks of sine 0"


@pytest.mark.parametrize("words", [["-p", "left=-7"], ["-p", "left=-7,seed=3"]])
def test_other_sets_say_it_of_a_new_one(run_cli, timed, words):
    answer = run_cli("estimate", f"{FILE}:sine", "-n", 1000, *words)

    assert answer.out.endswith("history     2 tasks of 1 set of sine\n")
    assert "memory      200.0 MB for each job" in answer.out


def test_what_was_never_timed_names_a_trial(run_cli, cache, made):
    for words in (["pate_votes", "-n", "5"], [f"{FILE}:count", "-n", "5", "-p", "a=b c"]):
        answer = run_cli("estimate", *words)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert f"datagen estimate {words[0]} -n 5 --njobs 1" in answer.err
        assert answer.err.endswith("--trial 3\n")
    assert (
        "no parameter set has a parameter 'lft'"
        in run_cli("estimate", "sine", "-n", 5, "-p", "lft=0").err
    )


def test_a_generator_that_there_is_not_cannot_be_tried(run_cli, cache, made):
    answer = run_cli("estimate", "siine", "-n", 5)

    assert answer.code == 2
    assert answer.err.startswith("datagen: error: there is no generator 'siine'")


@pytest.mark.parametrize(
    ("samples", "told"),
    [(10, "under 0.01 h"), (36_000, "1 h"), (450_000, "12.5 h"), (10**9, "27,778 h")],
)
def test_hours_are_read_without_exponents(run_cli, timed, samples, told):
    assert f"processors  {told}, 1 for" in run_cli("estimate", "sine", "-n", samples).out


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def test_a_trial_leaves_nothing(run_cli, cache, made, scratch):
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    words = "estimate", f"{FILE}:sine", "-n", 10**6, "-p", "left=-3", "--trial", 3, "--json"
    answer = run_cli(*words).json

    assert answer["history"] == "1 task of a trial of 3 batch(es) on this machine"
    assert 10**7 < answer["memory_bytes"] < 10**10
    assert answer["bytes"] == pytest.approx(16 * 10**6, rel=0.9)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    assert list(scratch.iterdir()) == []


def test_a_trial_of_a_private_set_leaves_no_key(run_cli, cache, tmp_path, monkeypatch, scratch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "votes.py").write_text(SOURCE)
    answer = run_cli("estimate", f"{tmp_path / 'votes.py'}:votes", "-n", 100, "--trial", 1)

    assert (answer.code, "20 batches of 5" in answer.out) == (0, True)
    assert [*(tmp_path / "home").rglob("keys/*")] == []


def test_a_trial_that_fails_is_one_line(run_cli, scratch):
    answer = run_cli("estimate", f"{FILE}:broken", "-n", 100, "--trial", 4)

    last = answer.err.splitlines()[-1]
    assert (answer.code, "Traceback" in answer.err) == (1, False)
    assert "error: the trial of broken failed: RuntimeError: there is no sample 10; make" in last
    assert list(scratch.iterdir()) == []


def test_more_processors_than_there_are_is_told(run_cli, timed, monkeypatch):
    monkeypatch.setattr("datagen_core.executors.control_groups.count_processors", lambda: 2)
    few, many = (run_cli("estimate", "sine", "-n", 1000, "--njobs", each) for each in (2, 3))

    assert few.err == ""
    assert many.err == "datagen: that is with 3 processors at once, and this machine has 2\n"


@pytest.mark.parametrize(("here", "told"), [(1, True), (2, False)])
def test_jobs_that_take_turns_are_told(run_cli, monkeypatch, here, told):
    monkeypatch.setattr("datagen_core.scheduling.submission.count_processors", lambda: here)
    options = "--executor", "local", "--njobs", 2
    answer = run_cli("generate", f"{FILE}:sine", "-n", 20, *options)

    lines = [line for line in answer.err.splitlines() if "1 processor " in line]
    assert len(lines) == told
    assert all("2 jobs of 1 thread share the 1 processor" in line for line in lines)
