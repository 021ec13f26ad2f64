"""The generator `federated_training`: runs with a real server, as samples."""

from __future__ import annotations

import csv
import shutil
import sys

import numpy as np
import pytest

import datagen_core
from datagen_federations import federated_training as module
from datagen_federations.errors import RunError, TrainingError
from datagen_federations.sessions.records import MEASURED, MEASURED_ROUND
from datagen_federations.sessions.running import Outcome
from federations import run, write_digits

pytest.importorskip("declearn")
pytest.importorskip("sklearn")


def shared(test):
    """Mark a test that shares real runs with others."""
    return pytest.mark.slow(pytest.mark.timeout(180)(test))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("federated_training")
    write_digits(folder)
    return folder


@pytest.fixture(scope="module")
def params(place):
    files = {name: str(place / f"{name[0]}.npy") for name in ("x", "y")}
    return {
        "data_file": files["x"], "label_file": files["y"], "clients": 2, "rounds": 2,
        "batch_size": 16, "scheme": "biased",
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(place, params):
    """Two real runs."""
    return datagen_core.generate(
        "federated_training", 2, params, executor="inline", cache=place / "cache"
    )


@pytest.fixture
def copy(made, place, cache):
    """A cache with these runs that a test may change; commands use it."""
    shutil.copytree(place / "cache", cache)
    return datagen_core.Cache(cache)["federated_training"][0]


def unmeasured(rows, measured):
    return rows[[name for name in rows.dtype.names if name not in measured]]


@shared
def test_a_sample_has_a_row_for_each_round_and_client(made):
    sample = made.samples[1]

    assert sample["clients"]["round"].tolist() == [1, 1, 2, 2]
    assert sample["clients"]["client_id"].tolist() == [1, 2, 1, 2]
    assert list(sample["client_names"]) == ["client_0", "client_1"]
    assert sample["rounds"]["participants"].tolist() == [2, 2]
    assert (sample["clients"]["data_Distribution"].sum(axis=1) == 120).all()
    assert (sample["clients"]["train_steps"] == 8).all()
    assert (sample["rounds"]["seconds"] > sample["clients"]["train_seconds"].max()).all()


@shared
def test_each_run_has_its_own_seed(made):
    first, second = made.samples[0], made.samples[1]

    assert first["seed"] != second["seed"]
    assert not np.array_equal(first["clients"]["loss"], second["clients"]["loss"])
    counts = [each["clients"]["data_Distribution"].tolist() for each in (first, second)]
    assert counts[0] != counts[1]


@shared
def test_a_demo_with_the_runs_seed_is_the_same_run(made, tmp_path, params):
    seed = made.samples[1]["seed"]
    (tmp_path / "c.toml").write_text("[run]\ntraining = {batch_size = 16}")
    words = [f"--{name.replace('_', '-')}={params[name]}"
             for name in ("data_file", "label_file", "scheme", "rounds")]  # fmt: skip
    told = run(tmp_path, "demo", 2, *words, "--config", "c.toml", "--seed", seed, "--json").json
    sample = made.samples[1]

    assert [each["loss"] for each in told["rounds"]] == sample["rounds"]["global_loss"].tolist()
    losses = [each["loss"] for one in told["rounds"] for each in one["clients"].values()]
    assert losses == sample["clients"]["loss"].tolist()


@shared
def test_verify_makes_a_run_again_and_ignores_how_long_it_took(copy, run_cli):
    answer = run_cli("verify", "federated_training", "--resample", 1, "--json")

    assert answer.code == 0, answer.err


def export(run_cli, tmp_path, form):
    path = tmp_path / f"t.{form}"
    answer = run_cli("export", "federated_training", "--format", form, path)
    assert answer.code == 0, answer.err
    return path


@shared
def test_the_table_has_a_row_for_each_run_round_and_client(copy, run_cli, tmp_path):
    with export(run_cli, tmp_path, "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    clients = np.concatenate([copy.samples[place]["clients"] for place in range(2)])
    rounds = np.concatenate([np.repeat(copy.samples[i]["rounds"], 2) for i in range(2)])

    assert list(rows[0])[:5] == ["run_id", "seed", "scheme", "round", "client"]
    assert [row["sample"] for row in rows] == ["0"] * 4 + ["1"] * 4
    assert [row["client"] for row in rows[:3]] == ["client_0", "client_1", "client_0"]
    assert {row["scheme"] for row in rows} == {"biased"}
    assert {row["set"] for row in rows} == {str(copy.number)}
    for name in ("round", "accuracy", "loss", "train_seconds", "valid_count"):
        assert [float(row[name]) for row in rows] == clients[name].tolist()
    for name, column in (("global_loss", "global_loss"), ("seconds", "round_seconds")):
        assert [float(row[column]) for row in rows] == rounds[name].tolist()
    assert rows[0]["data_Distribution"].startswith('{"0": ')
    assert [int(row["seed"]) for row in rows[::4]] == [s["seed"] for s in copy.samples]


@shared
def test_parquet_has_the_same_columns(copy, run_cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    read = parquet.read_table(export(run_cli, tmp_path, "parquet"))
    with export(run_cli, tmp_path, "csv").open(newline="") as file:
        names = next(csv.reader(file))

    assert (read.column_names, read.num_rows) == (names, 8)
    assert str(read.schema.field("participated").type) == "bool"


def test_the_schema_follows_the_data(params):
    fields = module.schema_of(
        module.FederatedTrainingParams.bind(params, "federated_training")
    ).fields

    assert fields["clients"].dtype["data_Distribution"].shape == (10,)
    assert fields["clients"].measured == MEASURED
    assert fields["rounds"].measured == MEASURED_ROUND


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rounds": 0}, "parameter rounds: .* greater than or equal to 1, not 0"),
        ({"lrate": 0}, "parameter lrate: .* greater than 0, not 0"),
        ({"batch_size": -1}, "parameter batch_size: .* greater than 0"),
        ({"server_lrate": -1.0}, "server_lrate"),
    ],
)
def test_wrong_parameters_are_told(params, wrong, words):
    with pytest.raises(datagen_core.DatagenError, match=words):
        module.FederatedTrainingParams.bind({**params, **wrong}, "federated_training")


def test_without_declearn_nothing_is_begun_and_what_to_install_is_said(
    params, monkeypatch, run_cli, cache
):
    monkeypatch.setitem(sys.modules, "declearn", None)
    words = [word for name, value in params.items() for word in ("-p", f"{name}={value}")]
    answer = run_cli("generate", "federated_training", "-n", 1, *words)

    assert answer.code == 2
    assert answer.err.splitlines() == [
        "datagen: error: declearn is not installed; run: pip install 'datagen[torch,declearn]'"
    ]
    assert not list(cache.glob("*/*"))


def play(federation, report=None):
    """Stand in for a run: what a server would report."""
    event = {
        "event": "round", "round": 1, "seconds": 1.0, "accuracy": 0.5, "loss": 1.0,
        "clients": {name: {"train_steps": 1, "accuracy": 0.5} for name in federation.names},
    }  # fmt: skip
    return Outcome([event], {name: {"train": 9, "valid": 1} for name in federation.names})


def test_a_run_that_failed_is_made_by_resume(params, monkeypatch, run_cli, place):
    def fail_at_second(federation, report=None):
        seeds.append(federation.seed)
        if len(seeds) == 2:
            raise TrainingError("client_1 was killed")
        return play(federation)

    seeds = []
    monkeypatch.setattr(module, "run_federation", fail_at_second)
    words = [word for name, value in params.items() for word in ("-p", f"{name}={value}")]
    failed = run_cli("generate", "federated_training", "-n", 3, "--executor", "inline", *words)
    monkeypatch.setattr(module, "run_federation", play)
    resumed = run_cli("resume", "federated_training", "--executor", "inline")

    assert failed.code == 4
    assert "client_1 was killed" in failed.err
    assert resumed.code == 0, resumed.err
    found = datagen_core.Cache()["federated_training"][0].samples
    assert len(found) == 3
    assert [found[0]["seed"], found[1]["seed"]] == seeds[:2]


def test_a_sweep_has_a_set_for_each_scheme(params, monkeypatch, cache):
    monkeypatch.setattr(module, "run_federation", play)
    points = [{**params, "scheme": scheme} for scheme in ("iid", "labels")]
    sets = datagen_core.sweep("federated_training", 1, points, executor="inline", cache=cache)

    counts = [each.samples[0]["clients"]["data_Distribution"] for each in sets]
    assert [(count[0] > 0).sum() for count in counts] == [10, 5]


def test_nothing_is_left_of_a_run_but_logs_of_one_that_failed(params, monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    bound = module.FederatedTrainingParams.bind(params, "federated_training")
    monkeypatch.setattr(module, "run_federation", play)
    next(module.federated_training.function(bound, np.random.default_rng(0)))

    assert not list(tmp_path.iterdir())


def test_a_seed_with_which_every_client_has_rows_is_drawn(params):
    values = {**params, "scheme": "dirichlet", "alpha": 0.05, "clients": 8}
    bound = module.FederatedTrainingParams.bind(values, "federated_training")
    seeds = [module.draw_seed(bound, np.random.default_rng(number)) for number in range(12)]
    first = [int(np.random.default_rng(number).integers(2**31)) for number in range(12)]

    assert seeds != first  # some were refused
    assert all(module.divide_rows(bound, seed).clients for seed in seeds)


def test_a_run_none_of_whose_draws_gives_every_client_rows_is_refused(params, monkeypatch):
    def refuse(params, seed):
        raise module.PartitionError("client_0 has no rows")

    monkeypatch.setattr(module, "divide_rows", refuse)
    bound = module.FederatedTrainingParams.bind(params, "federated_training")
    with pytest.raises(datagen_core.RefusedSampleError, match="client_0 has no rows"):
        next(module.federated_training.function(bound, np.random.default_rng(0)))


def test_a_run_that_fails_leaves_its_logs_in_the_jobs_and_no_folder(
    params, monkeypatch, tmp_path, capsys
):
    def fail(federation):
        (federation.folder / "server").mkdir()
        (federation.folder / "server" / "logs.txt").write_text("the reason")
        raise RunError("server: it failed", "the server's log: /gone")

    monkeypatch.setattr(module, "run_federation", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bound = module.FederatedTrainingParams.bind(params, "federated_training")
    with pytest.raises(TrainingError, match="server: it failed; the job's log has the end of all"):
        next(module.federated_training.function(bound, np.random.default_rng(0)))

    assert "== server\nthe reason\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
