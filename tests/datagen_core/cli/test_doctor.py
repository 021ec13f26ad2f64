"""`datagen doctor`."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_core.executors.base import Finding
from datagen_core.upkeep import doctor


@pytest.fixture
def write(configuration):
    def write(text):
        file = configuration / "datagen" / "datagen.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


@pytest.fixture
def found(monkeypatch, configuration):
    """Replace the checks by what a test says; return what they were to look at."""
    asked = {}

    def say(*findings):
        def examine(terms):
            asked.update(terms)
            yield from findings

        monkeypatch.setattr(doctor, "examine", examine)
        return asked

    return say


def test_all_is_well(run_cli, cache, write):
    write("[profiles.here]\nhosts = ['*']\nexecutor = 'local'")
    answer = run_cli("doctor", "--json", "--jobs")

    assert answer.code == 0, answer.err
    assert answer.json["ok"]
    checks = {each["check"] for each in answer.json["checks"]}
    assert checks >= {"python", "plugins", "torch", "cache", "clock", "executor", "node: packages"}
    assert not cache.exists()


def test_errors_end_with_exit_code_1_and_warnings_do_not(run_cli, found):
    found(Finding("clock", "warning", "late"))
    assert run_cli("doctor").code == 0

    found(Finding("disk", "error", "full: empty it"), Finding("clock", "warning", "late"))
    answer = run_cli("doctor")
    assert answer.code == 1
    assert (
        "error    disk             full: empty it\nwarning  clock            late\n" in answer.out
    )
    assert answer.err == "datagen: error: something would stop a run: see disk\n"


def test_json_has_settings_and_checks(run_cli, found, cache):
    found(Finding("disk", "error", "full"))
    answer = run_cli("doctor", "--json")

    assert answer.code == 1
    assert not answer.json["ok"]
    assert answer.json["checks"] == [{"check": "disk", "state": "error", "message": "full"}]
    where = {"name": "cache", "value": str(cache), "source": "$DATAGEN_CACHE"}
    assert where in answer.json["settings"]


def test_each_value_says_where_it_comes_from(run_cli, found, write, cache, monkeypatch):
    asked = found()
    cache.mkdir()
    (cache / "datagen.toml").write_text("njobs = 7\nexecutor = 'inline'")
    write("[profiles.a]\npartition = 'x'\nexecutor = 'local'\noptions = {nice = 1}\nsetup = ['b']")
    settings = run_cli("--profile", "a", "doctor", "--json").json["settings"]

    told = {each["name"]: (each["value"], each["source"]) for each in settings}
    assert told["profile"][0] == "a"
    assert told["njobs"] == (7, str(cache / "datagen.toml"))
    assert told["executor"] == ("local", "profile a")
    assert told["options"] == (["nice=1"], "profile a")
    assert told["generators"] == (None, "built in")
    assert asked["executors"]["asked"] == "local"
    assert asked["executors"]["resources"]["partition"] == "x"
    monkeypatch.setenv("SBATCH_PARTITION", "y")
    out = run_cli("--profile", "a", "doctor", "--cache", "z").out
    assert "partition  y  ($SBATCH_PARTITION)" in out
    assert f"cache      {Path.cwd()}/z  (--cache)" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [("[profiles", "is not TOML"), ("[profiles.a]\nhosts = ['*']\nnjobs = 0", "0 is below 1")],
)
def test_a_wrong_profile_is_an_error_beside_the_others(run_cli, found, write, text, words):
    found(Finding("disk", "ok", "there"))
    write(text)

    answer = run_cli("doctor")
    assert answer.code == 1
    assert "error    configuration" in answer.out
    assert words in answer.out
    assert "ok       disk" in answer.out


def test_code_in_a_cache_is_an_error(run_cli, found, cache):
    found()
    cache.mkdir()
    (cache / "datagen.toml").write_text("setup = ['x']")

    assert "has setup, which is code" in run_cli("doctor").out


def test_a_profile_that_there_is_not_is_an_error(run_cli, found, write):
    found()
    write("[profiles.alpine]")

    answer = run_cli("--profile", "apline", "doctor")
    assert answer.code == 1
    assert "did you mean 'alpine'?" in answer.out


def test_a_cache_that_is_a_file_is_an_error(run_cli, found, tmp_path):
    found()
    (tmp_path / "file").touch()

    answer = run_cli("doctor", "--cache", tmp_path / "file")
    assert answer.code == 1
    assert "is not a folder" in answer.out


def test_a_cache_that_does_not_answer_is_told(run_cli, found, monkeypatch):
    asked = found(Finding("disk", "ok", "there"))
    monkeypatch.setattr(doctor, "answers", lambda path: False)

    answer = run_cli("doctor")
    assert answer.code == 1
    assert "does not answer: is its file server down?" in answer.out
    assert "cache" not in asked


def test_no_job_is_run_where_something_would_stop_it(run_cli, found):
    found(Finding("cache", "error", "closed"))

    assert "absent   job" in run_cli("doctor", "--jobs").out
