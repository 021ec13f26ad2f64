"""Federated runs as samples: what they hold, what they follow from, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, RefusedSampleError
from datagen_federated.federated_metrics import federated_metrics, schema_of
from datagen_federated.runs.experiment import prepare_experiment
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_partitions.schemes import PartitionError

QUICK = {
    "dataset": "iris", "model_type": "LogReg", "clients": 3, "rounds": 2, "epochs_per_round": 1,
}  # fmt: skip


def params(**values):
    return FederatedMetricsParams(**{**QUICK, **values})


def make(cache, n=1, seed=0, **values):
    """Return the first n runs with these parameters."""
    made = datagen_core.generate(
        "federated_metrics", n, {**QUICK, **values}, seed=seed, executor="inline", cache=cache
    )
    return [made.samples[place] for place in range(n)]


def draw(bound, seed=0):
    return prepare_experiment(bound).draw(np.random.default_rng(seed))


def equal(run, other):
    """Compare runs in all but what was measured."""
    pairs = [
        (run[record][name], other[record][name])
        for record in ("clients", "rounds")
        for name in run[record].dtype.names
        if name not in {"Computation_Time", "cpu_time"}
    ]
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def test_a_run_has_a_row_for_each_round_and_client(cache):
    (run,) = make(cache)

    assert run["clients"]["round"].tolist() == [1, 1, 1, 2, 2, 2]
    assert run["clients"]["client_id"].tolist() == [1, 2, 3] * 2
    assert run["rounds"]["round"].tolist() == [1, 2]
    assert list(run["client_names"]) == ["client_1", "client_2", "client_3"]
    assert (run["params_count"], run["dropped"]) == (4 * 3 + 3, 0)


def test_label_counts_are_whole_numbers_that_sum_to_the_samples(cache):
    (run,) = make(cache, strategy="dirichlet")
    counts = run["clients"]["data_Distribution"]

    assert (counts.dtype, counts.shape) == (np.int64, (6, 3))
    assert counts.sum(axis=1).tolist() == run["clients"]["samples_count"].tolist()


def test_a_run_follows_from_its_index_alone(cache, tmp_path):
    runs = make(cache, 3)
    alone = make(tmp_path / "other", 2)
    made = Cache(cache)["federated_metrics"][0]

    assert equal(runs[1], alone[1])
    assert not equal(runs[0], runs[1])
    assert made.counts == {"raw": 3}


def test_other_processes_make_the_same_runs(run_cli):
    words = [word for pair in QUICK.items() for word in ("-p", "{}={}".format(*pair))]
    asked = ("generate", "federated_metrics", "-n", 2, *words, "--executor", "local", "--njobs", 2)
    assert run_cli(*asked).code == 0

    assert "2 samples made anew: good" in run_cli("verify", "--resample", 2).out


def test_other_seeds_divide_otherwise(cache):
    first, second = make(cache, 1, 0, strategy="dirichlet"), make(cache, 1, 1, strategy="dirichlet")

    assert not equal(first[0], second[0])


def test_times_are_measured_and_positive(cache):
    (run,) = make(cache)

    assert (run["clients"]["cpu_time"] > 0).all()
    assert (run["clients"]["Computation_Time"] > 0).all()
    assert run["torch_version"].startswith("2.")


def test_what_is_saved_is_in_the_schema(cache):
    (run,) = make(cache, save_updates=True, save_weights=True)

    assert run["updates"].shape == (6, 256)
    assert (run["weights"].shape, run["global_weights"].shape) == ((6, 15), (2, 15))
    assert sum(spec.size for spec in prepare_experiment(params()).specs) == 15
    assert "weights" not in schema_of(params()).fields


def test_validation_test_and_clients_share_no_sample():
    bound = params(validation_fraction=0.25)
    division, validation = draw(bound)
    dealt = np.concatenate(division.shares)
    whole = len(prepare_experiment(bound).data.y)

    assert len(validation) == round(0.25 * whole)
    assert sorted([*dealt, *validation]) == list(range(whole))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"validation_fraction": 0.0}, 120),
        ({"validation_fraction": 0.0, "sample_size": 50}, 50),
        ({"validation_fraction": 0.0, "sample_frac": 0.5}, 60),
        ({"sample_frac": 1.0}, 108),
        ({}, 108),
    ],
)
def test_nothing_is_left_out_unless_asked_for(values, expected):
    division, _ = draw(params(**values))

    assert sum(map(len, division.shares)) == expected


def test_the_sample_is_another_one_in_each_run():
    bound = params(sample_size=20)
    first, second = (np.concatenate(draw(bound, seed)[0].shares) for seed in (0, 1))

    assert set(first) != set(second)


@pytest.mark.parametrize("value", ["rounds=1e12", "threads=1e9", "hidden_layers=[99999999999]"])
def test_sizes_that_no_machine_has_are_refused_before_a_run(run_cli, cache, value):
    words = [word for key, each in QUICK.items() for word in ("-p", f"{key}={each}")]
    more = ["-p", "model_type=MLP", "-p", value, "--executor", "inline"]
    answer = run_cli("generate", "federated_metrics", "-n", 1, *words, *more)

    assert (answer.code, cache.exists()) == (2, False)


def test_a_run_whose_own_division_cannot_be_made_is_refused(monkeypatch):
    def refuse(*_):
        raise PartitionError("client_0 has no samples")

    monkeypatch.setattr("datagen_federated.runs.experiment.divide", refuse)
    with pytest.raises(RefusedSampleError, match="client_0 has no samples"):
        next(federated_metrics.function(params(), np.random.default_rng(0)))


def test_numbers_are_put_into_bins_for_schemes_of_labels(cache):
    (run,) = make(cache, dataset="diabetes", strategy="pathological", labels_per_client=2)
    counts = run["clients"]["data_Distribution"]

    assert counts.shape == (6, 10)
    assert ((counts > 0).sum(axis=1) <= 2).all()
    assert np.isnan(run["clients"]["accuracy"]).all()
    assert (run["rounds"]["global_rmse"] > 0).all()


@pytest.fixture
def table(tmp_path):
    """Return a csv file with two features, an owner each row, and the labels 5 and 7."""
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{y:.3f},owner{i % 4},{5 + 2 * (i % 2)}" for i, (x, y) in
            enumerate(rng.normal(size=(80, 2)))]  # fmt: skip
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["a,b,owner,label", *rows]))
    return path


def test_natural_ids_of_a_file_are_clients(cache, table):
    file = {"dataset": "csv", "file": str(table), "id_column": "owner", "target": "label"}
    (run,) = make(cache, strategy="natural_id", clients=20, **file)

    assert sorted(run["client_names"]) == [f"owner{i}" for i in range(4)]
    assert len(run["clients"]) == 8


def test_remapped_labels_are_said(table, run_cli):
    answer = run_cli("generate", "federated_metrics", "-n", 1, "-p", "dataset=csv",
                     "-p", f"file={table}", "-p", "id_column=owner", "-p", "model_type=LogReg",
                     "-p", "clients=2", "-p", "rounds=1", "--executor", "inline")  # fmt: skip

    assert answer.code == 0
    assert any("5" in line and "7" in line for line in answer.err.splitlines())


def test_custom_counts_are_read_from_a_file(cache, tmp_path):
    path = tmp_path / "counts.json"
    path.write_text(json.dumps({"ann": {"0": 5, "2": 3}, "bob": {"1": 7}}))
    (run,) = make(cache, strategy="custom", distribution=str(path), clients=2)

    assert list(run["client_names"]) == ["ann", "bob"]
    assert run["clients"]["data_Distribution"][:2].tolist() == [[5, 0, 3], [0, 7, 0]]


def test_a_number_that_the_strategy_ignores_makes_no_other_set():
    assert params(distribution_param=0.3) == params()
    assert params(strategy="dirichlet", distribution_param=0.3).distribution_param == 0.3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dataset": "fashion"}, "parameter dataset"),
        ({"strategy": "dirichlet", "alpha": 0}, "alpha should be greater than 0"),
        ({"strategy": "dirichlet", "distribution_param": -1}, "alpha"),
        ({"clients": 500}, "cannot divide 108 samples among 500 clients"),
        ({"strategy": "custom"}, "needs distribution"),
        ({"strategy": "custom", "clients": 1, "distribution": {"a": {"0": 999}}}, "999"),
        ({"strategy": "custom", "distribution": "nowhere.json"}, "cannot be read"),
        ({"sample_size": 10, "sample_frac": 0.5}, "exclude each other"),
        ({"sample_size": 1000}, "sample_size is 1000, but iris has 108"),
        ({"sample_frac": 1.5}, "sample_frac"),
        ({"model_type": "CNN"}, "CNN needs images"),
        ({"model_type": "Custom"}, "parameter model_type"),
        ({"strategy": "natural_id", "clients": 20}, "needs ids"),
        ({"dataset": "csv"}, "file goes with"),
        ({"target": "x"}, "target is for"),
        ({"strategy": "shard", "distribution_param": 1.9}, "whole number"),
        ({"hidden_layers": "64,x"}, "hidden_layers"),
        ({"variant": "letters"}, "variant"),
        ({"client_dropout_rate": 1.5}, "client_dropout_rate"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"distribution_bins": 1}, "distribution_bins"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_made(values, message, cache, run_cli):
    asked = {**QUICK, **values}
    answer = run_cli("generate", "federated_metrics", "-n", 1, "--params", json.dumps(asked),
                     "--executor", "inline")  # fmt: skip

    assert answer.code in {1, 2}
    (line,) = answer.err.splitlines()
    assert message in line
    assert not (cache / "federated_metrics").exists()


def test_every_flag_of_the_original_is_a_parameter():
    flags = {
        "rounds": 5, "clients": 20, "client_dropout_rate": 0.0, "model_type": "CNN",
        "dataset": "mnist", "strategy": "iid", "distribution_param": None, "sample_size": None,
        "sample_frac": None, "distribution": None, "batch_size": 32, "learning_rate": 0.01,
        "epochs_per_round": 5, "hidden_layers": (16, 32, 64, 128), "activation": "relu",
        "dropout": 0.0, "weight_decay": 0.0, "optimizer": "adam", "task_type": None,
    }  # fmt: skip
    defaults = FederatedMetricsParams()

    assert {name: getattr(defaults, name) for name in flags} == flags


def test_the_generator_is_described(run_cli):
    shown = run_cli("show", "federated_metrics", "--json").json

    assert all(each["description"] for each in shown["params"])
    assert federated_metrics.batch_size == 1
