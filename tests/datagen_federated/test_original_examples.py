"""Every example of the MLaaS data generator's README has a counterpart that works, here in small.

In the order of that README: the same flags as parameters, with data sets of 400 images, one round
and one epoch.
"""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from datagen_federated.data import loading
from datagen_images.sources import catalogue
from idx_files import write_source

SMALL = ("rounds=1", "epochs_per_round=1", "validation_fraction=0")
EXAMPLES = {
    "iid": "clients=5 dataset=fashion_mnist strategy=iid",
    "qskew": "clients=5 strategy=quantity_skew distribution_param=0.3",
    "dirichlet": "clients=10 strategy=dirichlet distribution_param=0.2",
    "shard": "clients=5 strategy=shard distribution_param=2",
    "klabels": "clients=5 strategy=label_per_client distribution_param=2",
    "custom": "clients=5 strategy=custom distribution=custom_distributions.json",
    "sample_size": "clients=5 sample_size=300",
    "sample_frac": "clients=5 sample_frac=0.5",
    "run_simple": "clients=5 dataset=fashion_mnist strategy=iid hidden_layers=64,32 "
    "activation=relu optimizer=adam dropout=0.1 weight_decay=0.0 batch_size=32 learning_rate=0.01",
    "run_deep": "clients=10 dataset=mnist strategy=quantity_skew distribution_param=0.5 "
    "hidden_layers=128,64,32 activation=relu dropout=0.3 weight_decay=1e-4 optimizer=adamw "
    "batch_size=64 learning_rate=0.001",
    "run_shard": "clients=20 dataset=fashion_mnist strategy=shard distribution_param=2 "
    "hidden_layers=256,128 activation=tanh dropout=0.2 weight_decay=0.0 optimizer=sgd "
    "batch_size=128 learning_rate=0.05",
}


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Give MNIST and Fashion-MNIST 400 images for training and 50 for testing."""
    rng = np.random.default_rng(0)
    for source in ("mnist", "fashion_mnist"):
        for prefix, n in (("train", 400), ("t10k", 50)):
            labels = np.arange(n) % 10
            noise = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
            write_source(tmp_path / source, noise + (20 * labels)[:, None, None], labels, prefix)
    monkeypatch.setenv("DATAGEN_IMAGES", str(tmp_path))
    monkeypatch.setattr(catalogue, "_SHA256", {})
    monkeypatch.setattr(catalogue, "_OWNERS", {})
    loading._load.cache_clear()
    yield tmp_path
    loading._load.cache_clear()


@pytest.fixture
def example(images, run_cli, tmp_path, monkeypatch):
    """Return a function that runs an example and returns the rows of its table."""
    monkeypatch.chdir(tmp_path)
    counts = {f"client_{k}": {str(label): 2 * k for label in range(10)} for k in range(1, 6)}
    (tmp_path / "custom_distributions.json").write_text(json.dumps(counts))

    def run(name):
        words = [word for pair in [*EXAMPLES[name].split(), *SMALL] for word in ("-p", pair)]
        answer = run_cli("generate", "federated_metrics", "-n", 1, *words, "--executor", "inline")
        assert answer.code == 0, answer.err
        file = tmp_path / f"{name}.csv"
        run_cli("export", "federated_metrics", "--all-sets", "--format", "csv", file, "--force")
        with file.open(newline="") as table:
            return list(csv.DictReader(table))

    return run


def samples_of(rows):
    return [int(row["samples_count"]) for row in rows]


def labels_of(rows):
    counts = [json.loads(row["data_Distribution"].translate(QUOTES)) for row in rows]
    return [sum(count > 0 for count in each.values()) for each in counts]


QUOTES = str.maketrans({"{": '{"', ":": '":', ",": ',"', "}": "}", " ": ""})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_makes_a_table(example, name):
    rows = example(name)
    clients = int(dict(pair.split("=") for pair in EXAMPLES[name].split())["clients"])

    assert len(rows) == clients
    assert all(row["participated"] == "True" for row in rows)
    assert all(0 <= float(row["accuracy"]) <= 1 for row in rows)


def test_samples_are_dealt_out_as_the_examples_say(example):
    assert samples_of(example("iid")) == [80] * 5


def test_the_size_of_the_sample_is_what_was_asked_for(example):
    assert sum(samples_of(example("sample_size"))) == 300


def test_the_share_of_the_sample_is_what_was_asked_for(example):
    assert sum(samples_of(example("sample_frac"))) == 200


def test_clients_hold_as_many_labels_as_they_may(example):
    assert labels_of(example("klabels")) == [2] * 5


def test_custom_counts_are_kept(example):
    assert samples_of(example("custom")) == [20, 40, 60, 80, 100]


def test_tables_are_merged_as_in_the_examples(example, run_cli, tmp_path):
    example("iid")
    example("shard")
    explicit = run_cli("federated", "merge", "iid.csv", "shard.csv", "--output", "merged.csv",
                       "--dedupe")  # fmt: skip
    globbed = run_cli("federated", "merge", str(tmp_path / "*.csv"), "--output", "all.csv")

    assert (explicit.code, globbed.code) == (0, 0)
    with (tmp_path / "merged.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["MLaaS_ID"]) for row in rows] == list(range(1, 11))
