"""What flwr-datasets gave, for those who have not installed it; `test_flower` asks it itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from partition_examples import count_labels, split

GOLDEN = json.loads((Path(__file__).parent / "golden_flower.json").read_text())["cases"]
LABELS = np.floor(np.sqrt(np.arange(1200))).astype(int) % 6
COLUMN = np.sqrt(np.arange(1200) * 7 % 1201)


def cases(*schemes):
    return pytest.mark.parametrize(
        "case",
        [case for case in GOLDEN if case["scheme"] in schemes],
        ids=lambda case: "-".join(map(str, (case["scheme"], *case["params"].values()))),
    )


def repeat(case):
    column = COLUMN if case["scheme"] == "continuous" else LABELS
    return split(case["scheme"], column, case["seed"], **case["params"])


@cases("continuous", "natural_id", "grouped_natural_id")
def test_shares_are_the_same(case):
    found = [np.sort(share).astype("<i8").tobytes() for share in repeat(case).shares]

    assert [hashlib.sha256(share).hexdigest()[:8] for share in found] == case["sha256"]


@cases("dirichlet", "pathological")
def test_label_counts_are_the_same_but_for_rounding(case):
    counts = count_labels(repeat(case), LABELS)

    assert np.abs(counts - case["counts"]).max() <= 1


@cases("pathological")
def test_labels_are_the_same(case):
    assert np.array_equal(count_labels(repeat(case), LABELS) > 0, np.array(case["counts"]) > 0)


@cases("linear", "square", "exponential")
def test_sizes_are_the_same_but_for_rounding(case):
    ours, theirs = (np.sum(n, axis=1) for n in (count_labels(repeat(case), LABELS), case["counts"]))

    assert set((ours - theirs)[:-1]) <= {0, 1}
