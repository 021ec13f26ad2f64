"""With compat "original", divisions are those of the MLaaS data generator, defects included."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from datagen_partitions.schemes import PartitionError
from partition_examples import sizes, split

GOLDEN = json.loads((Path(__file__).parent / "golden_original.json").read_text())["cases"]
LABELS = {
    "roots": np.floor(np.sqrt(np.arange(3000))).astype(np.int64) % 10,
    "gap": np.array([0, 1, 2, 4, 5])[np.arange(1000) * 7 % 11 % 5],
}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['scheme']}-{case['seed']}")
def test_indices_are_those_of_the_original(case):
    labels = LABELS[case["labels"]]
    division = split(case["scheme"], labels, case["seed"], compat="original", **case["params"])
    dealt = np.concatenate(division.shares).astype("<i8")

    assert sizes(division) == case["sizes"]
    assert hashlib.sha256(dealt.tobytes()).hexdigest()[:16] == case["sha256"]
    assert list(division.names) == case.get("names", list(division.names))
    assert division.dropped == labels.size - dealt.size


def test_iid_drops_no_remainder():
    labels = np.zeros(30_000, int)
    original, ours = (split("iid", labels, clients=7, compat=c) for c in ("original", None))

    assert (original.dropped, ours.dropped) == (5, 0)
    assert original.notes == ("5 of 30000 samples are in no share",)


def test_rounding_favours_nobody():
    first = {"original": [], None: []}
    for seed in range(200):
        for compat, counts in first.items():
            division = split("dirichlet", seed=seed, clients=5, compat=compat, min_samples=0)
            counts.append(sizes(division))
    original, ours = (np.mean(first[compat], axis=0) for compat in ("original", None))

    assert original[0] > original[-1] + 5
    np.testing.assert_allclose(ours, 120, atol=10)


@pytest.mark.parametrize(("compat", "low", "high"), [("original", 9, 10), (None, 0, 2)])
def test_the_first_client_holds_no_more_labels_than_others(compat, low, high):
    labels = np.repeat(np.arange(10), 601)
    params = {"clients": 20, "alpha": 0.01, "compat": compat, "min_samples": 0}
    held = [
        np.unique(labels[split("dirichlet", labels, seed, **params).shares[0]]).size
        for seed in range(50)
    ]

    assert low <= np.mean(held) <= high


def test_the_last_class_is_not_lost_behind_a_gap():
    labels = LABELS["gap"]
    original, ours = (split("dirichlet", labels, clients=3, compat=c) for c in ("original", None))

    assert original.notes[-1] == "no share has a sample of: 5"
    assert (original.dropped, ours.dropped) == (181, 0)


def test_labels_nobody_drew_are_not_lost():
    original, ours = (
        split("label_per_client", seed=3, clients=12, compat=c) for c in ("original", None)
    )

    assert original.dropped >= 60
    assert "no share has a sample of" in original.notes[-1]
    assert ours.dropped == 0


def test_a_shortage_is_not_silent():
    params = {"distribution": {"a": {0: 50}, "b": {0: 50}}, "clients": 2}
    original = split("custom", compat="original", **params)

    assert sizes(original) == [50, 10]
    assert original.notes[0] == "custom: 100 samples of label 0 are asked for, and there are 60"
    with pytest.raises(PartitionError, match=r"100 samples of label 0 .* set on_shortage to clip"):
        split("custom", **params)
