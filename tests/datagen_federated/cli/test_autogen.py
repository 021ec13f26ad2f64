"""`datagen federated autogen`."""

import json

import pytest
from click.testing import CliRunner

from datagen_core import Cache, DatagenError
from datagen_federated.cli import federated

SPACE = {
    "dataset": "iris",
    "model_type": "LogReg",
    "clients": 2,
    "rounds": 1,
    "learning_rate": {"log_uniform": [1e-3, 1e-1]},
}


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run the command in a folder of its own, with an inline executor and a small space."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATAGEN_CACHE", "cache")
    (tmp_path / "space.json").write_text(json.dumps(SPACE))

    def call_autogen(*words):
        return CliRunner().invoke(federated, ["autogen", *words])

    return call_autogen


SMALL = ("--space", "space.json", "--executor", "inline")


def test_a_study_is_made_once_and_then_resumed(call):
    first = call("--runs", "3", *SMALL)
    again, more = (call("--runs", "3", *SMALL, "--repeats", n, "--json") for n in "12")

    assert first.output == (
        "study.json: 3 points\nfederated_metrics: 3 runs made; `datagen list` shows them\n"
    )
    assert json.loads(again.output) == {
        "manifest": "study.json", "points": 3, "redrawn": 0, "made": 0,
    }  # fmt: skip
    assert json.loads(more.output)["made"] == 3


def test_the_manifest_names_the_parameter_sets(call, tmp_path):
    call("--runs", "2", *SMALL, "-o", "mine.json", "--cache", "other", "--seed", "9")
    manifest = json.loads((tmp_path / "mine.json").read_text())
    sets = Cache("other")["federated_metrics"]

    assert manifest["seed"] == 9
    assert manifest["space"] == SPACE
    for point in manifest["points"]:
        made = sets[point["digest"]]
        assert point["params"].items() <= made.params.items()
        assert made.seed == 9


def test_the_parent_commands_cache_is_used(call):
    words = ["autogen", "--runs", "1", *SMALL]
    CliRunner().invoke(federated, words, obj="elsewhere")

    assert Cache("elsewhere")["federated_metrics"][0].counts == {"raw": 1}


def test_a_dry_run_prints_the_manifest_and_runs_nothing(call, tmp_path):
    printed = call("--runs", "6", "--dry-run")
    written = call("--runs", "6", "--dry-run", "-o", "s.json", "--task-split", "50,30,0")

    assert printed.output == (tmp_path / "s.json").read_text()
    assert written.output == "s.json: 6 points (4 classification, 2 regression)\n"
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "study.json").exists()


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("50,30,20", "clustering, the third share, is not simulated"),
        ("50", "are two numbers, such as 50,30"),
        ("50,x", "are two numbers, such as 50,30"),
        ("50,-1", "are two numbers, such as 50,30"),
        ("1,1,0,1", "are two numbers, such as 50,30"),
    ],
)
def test_other_task_splits_are_refused(call, tmp_path, split, message):
    refused = call("--runs", "2", "--task-split", split)

    assert isinstance(refused.exception, DatagenError)
    assert message in str(refused.exception)
    assert not (tmp_path / "study.json").exists()


def test_another_study_in_the_manifest_is_refused_before_anything_runs(call, tmp_path):
    call("--runs", "2", *SMALL, "--dry-run", "-o", "study.json")
    refused = call("--runs", "2", *SMALL, "--seed", "1")

    assert "study.json exists and belongs to another study" in str(refused.exception)
    assert not (tmp_path / "cache").exists()


def test_help_shows_examples_line_by_line(call):
    assert "  datagen federated autogen --runs 50 --seed 123 --dry-run\n" in call("--help").output
