"""`datagen federated weights`."""

import json

import pytest
from click.testing import CliRunner

import datagen_core
from datagen_federated.cli import federated

PARAMS = {
    "dataset": "iris",
    "model_type": "LogReg",
    "clients": 3,
    "rounds": 1,
    "epochs_per_round": 1,
    "save_weights": True,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Two parameter sets; the first has three runs."""
    folder = tmp_path_factory.mktemp("cache")
    for clients, runs in ((3, 3), (2, 1)):
        params = PARAMS | {"clients": clients}
        datagen_core.generate("federated_metrics", runs, params, executor="inline", cache=folder)
    return folder


def call(cache, folder, *words):
    command = ["weights", "--cache", str(cache), "-o", str(folder), *words]
    return CliRunner().invoke(federated, command)


def test_it_says_what_it_writes(cache, tmp_path):
    done = call(cache, tmp_path / "w", "-p", "clients=3", "--sample", "2", "--sample", "0")

    assert [line.split(",")[0] for line in done.output.splitlines()] == [
        f"{tmp_path}/w/2: 4 files", f"{tmp_path}/w/0: 4 files",
    ]  # fmt: skip


def test_it_says_so_in_json(cache, tmp_path):
    done = call(cache, tmp_path, "-p", "1", "--format", "json", "--json")
    (run,) = (found := json.loads(done.output))["runs"]

    assert found["folder"] == str(tmp_path)
    assert run["folder"] == f"{tmp_path}/0"
    assert run["files"] == len(list((tmp_path / "0").iterdir())) == 4
    assert run["bytes"] == sum(path.stat().st_size for path in (tmp_path / "0").iterdir())


def test_excluded_runs_are_left_out(tmp_path):
    datagen_core.generate("federated_metrics", 2, PARAMS, executor="inline", cache=tmp_path / "c")
    datagen_core.Cache(tmp_path / "c")["federated_metrics"][0].exclude([0], "bad")
    done = call(tmp_path / "c", tmp_path / "w")

    assert [path.name for path in (tmp_path / "w").iterdir()] == ["1"]
    assert done.stderr == "federated_metrics 0: 1 excluded sample is left out\n"


def test_a_split_may_be_named(cache, tmp_path):
    datagen_core.Cache(cache)["federated_metrics"][1].move(1, "test")

    assert call(cache, tmp_path, "-p", "1", "--split", "test").exit_code == 0
    assert "no runs in that split" in str(
        call(cache, tmp_path, "-p", "1", "--split", "raw").exception
    )


@pytest.mark.parametrize("command", ["weights", "plot"])
def test_one_of_several_sets_has_to_be_chosen(cache, tmp_path, command):
    words = [command, "--cache", str(cache), "-o", str(tmp_path / "out.png")]
    refused = CliRunner().invoke(federated, words).exception

    assert refused.exit_code == 2
    assert "-p" in str(refused)
    assert "clients=2" in str(refused)
    assert not list(tmp_path.iterdir())


def test_help_shows_examples_line_by_line():
    text = CliRunner().invoke(federated, ["weights", "--help"]).output

    assert "  datagen federated weights\n" in text
