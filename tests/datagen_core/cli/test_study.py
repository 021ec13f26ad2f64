"""`datagen study`: points of any generator, drawn from a space, as one submission."""

from __future__ import annotations

import json

import pytest

import generators_for_tests
from datagen_core import Cache

SINE = f"{generators_for_tests.__file__}:sine"
SPACE = {"left": {"uniform": [-3, -1]}, "noise": [0, 0.5], "label": "x"}


@pytest.fixture
def study(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.json").write_text(json.dumps(SPACE))

    def call(*words):
        return run_cli("study", SINE, "--space", "space.json", "--executor", "inline", *words)

    return call


def test_points_are_made_and_written_down(study, cache, tmp_path):
    answer = study("--runs", 3, "--seed", 5, "--total", 4)
    manifest = json.loads((tmp_path / "study.json").read_text())
    made = Cache(cache)["sine"]

    assert answer.out == (
        "study.json: 3 points\n"
        "sine: 12 samples made in 3 of 3 parameter sets; `datagen list sine` shows them\n"
    )
    assert manifest["space"] == SPACE
    assert [each.record.digest for each in made.values()] == [
        point["digest"] for point in manifest["points"]
    ]
    assert {each.seed for each in made.values()} == {5}


def test_a_second_call_goes_on(study, cache):
    study("--runs", 2, "--total", 4)
    answer = study("--runs", 2, "--total", 6, "--json").json

    assert [run["done"] for run in answer["runs"]] == [2, 2]
    assert (answer["manifest"], answer["points"], answer["redrawn"]) == ("study.json", 2, 0)
    assert study("--runs", 2, "--total", 6).out.startswith("study.json: 2 points; written before\n")


def test_a_dry_run_makes_nothing(study, cache, tmp_path):
    printed, written = study("--runs", 2, "--dry-run"), study("--runs", 2, "--dry-run", "-o", "s")

    assert printed.out == (tmp_path / "s").read_text()
    assert written.out == "s: 2 points\n"
    assert study("--runs", 2, "--dry-run", "--json").json == json.loads(printed.out)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--runs", "1", "--space", "no.json"], "no.json cannot be read"),
        (["--runs", "0"], "0 is below 1"),
        (["--runs", "1", "-o", "no/study.json"], "no is not a folder; make it first"),
        ([], "Missing option '--runs'"),
    ],
)
def test_what_is_wrong_is_one_line(study, cache, words, message):
    answer = study(*words)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err
    assert not cache.exists()


def test_another_study_in_the_manifest_is_refused(study, cache):
    study("--runs", 2, "--dry-run", "-o", "study.json")

    assert "study.json exists and belongs to another study" in study("--runs", 2, "--seed", 1).err
    assert not cache.exists()
