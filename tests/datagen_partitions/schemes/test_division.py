"""What is promised whatever the scheme."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datagen_partitions.schemes import SCHEMES, PartitionError
from partition_examples import DIGITS, EXAMPLES, sizes, split

LABELS = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 5))
SEEDS = st.integers(0, 2**32)
FREE = ["iid", "quantity_skew", "dirichlet", "shard", "label_per_client", "biased", "labels"]
FREE += ["linear", "square", "inner_dirichlet", "pathological", "continuous", "natural_id"]
ORIGINAL = [scheme for scheme in FREE if "original" in SCHEMES[scheme].compat]


def check(division, total, least):
    """Every index at most once, and nobody below the least size."""
    dealt = np.concatenate(division.shares)
    assert np.unique(dealt).size == dealt.size == total - division.dropped
    assert not dealt.size or (dealt.min() >= 0 and dealt.max() < total)
    assert len(set(division.names)) == len(division.shares)
    assert min(sizes(division)) >= least
    assert {share.dtype for share in division.shares} == {np.dtype(np.int64)}


def check_unless_refused(scheme, labels, seed, least, **params):
    """Divide labels that a scheme may not be able to divide: it says so, or keeps its promises."""
    with suppress(PartitionError):
        check(split(scheme, labels, seed, **params), labels.size, least)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(seed=SEEDS)
def test_examples_are_divided(scheme, seed):
    check(split(scheme, DIGITS, seed, **EXAMPLES[scheme]), 600, 1)


@pytest.mark.parametrize("scheme", FREE)
@given(labels=LABELS, seed=SEEDS, clients=st.integers(1, 6), least=st.integers(0, 3))
def test_any_data_are_divided_as_promised(scheme, labels, seed, clients, least):
    wanted = {} if scheme == "natural_id" else {"clients": clients}
    check_unless_refused(scheme, labels, seed, least, min_samples=least, **wanted)


@pytest.mark.parametrize("scheme", ORIGINAL)
@given(labels=LABELS, seed=SEEDS, clients=st.integers(1, 6))
def test_so_are_they_by_the_original(scheme, labels, seed, clients):
    check_unless_refused(scheme, labels, seed, 0, clients=clients, compat="original")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_seed_decides(scheme):
    first, again, other = (split(scheme, seed=seed, **EXAMPLES[scheme]) for seed in (1, 1, 2))

    assert all(map(np.array_equal, first.shares, again.shares))
    assert first[1:] == again[1:]
    if SCHEMES[scheme].counted_by is not None:
        assert not all(map(np.array_equal, first.shares, other.shares))


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if SCHEMES[scheme].is_shuffled])
def test_samples_of_a_share_are_in_random_order(scheme):
    share = max(split(scheme, **EXAMPLES[scheme]).shares, key=len)
    labels = DIGITS[share]

    assert not (np.diff(share) > 0).all()
    assert np.unique(labels).size == 1 or not (np.diff(labels) >= 0).all()


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if SCHEMES[scheme].counted_by])
def test_more_clients_than_samples_are_refused(scheme):
    params = {"sizes": (1,) * 3} if scheme == "sizes" else {**EXAMPLES[scheme], "clients": 3}
    with pytest.raises(PartitionError, match="cannot divide 2 samples among 3 clients"):
        split(scheme, np.arange(2), **params)


@pytest.mark.parametrize("scheme", ["iid", "natural_id", "continuous"])
def test_no_samples_are_refused(scheme):
    with pytest.raises(PartitionError, match="cannot divide 0 samples"):
        split(scheme, np.arange(0))


@pytest.mark.parametrize(
    ("scheme", "params", "tolerance"),
    [
        ("iid", {}, 0.15),
        ("continuous", {}, 0.15),
        ("inner_dirichlet", {}, 0.15),
        ("quantity_skew", {"alpha": 1e5}, 0.15),
        ("dirichlet", {"alpha": 1e5}, 0.4),
        ("shard", {"shard_size": 50}, 9),
        ("label_per_client", {"labels_per_client": 2}, 5),
        ("pathological", {}, 5),
    ],
)
def test_no_client_is_favoured(scheme, params, tolerance):
    drawn = [sizes(split(scheme, seed=seed, clients=7, **params)) for seed in range(200)]

    np.testing.assert_allclose(np.mean(drawn, axis=0), np.mean(drawn), atol=tolerance)


def test_sizes_are_drawn_again_until_nobody_is_below_the_least():
    single = split("quantity_skew", clients=3, min_samples=0, alpha=0.2)
    division = split("quantity_skew", clients=3, min_samples=10, alpha=0.2)

    assert min(sizes(single)) < 10 <= min(sizes(division))
    assert any("drawn again" in note for note in division.notes)


def test_what_chance_will_not_give_is_refused_with_a_way_out():
    message = "after 10 redraws; change alpha, ask for fewer clients, or allow it with min_samples"
    with pytest.raises(PartitionError, match=message):
        split("dirichlet", clients=20, alpha=0.01)


def test_what_is_not_drawn_is_not_drawn_again():
    with pytest.raises(PartitionError, match=r"1 samples, fewer than min_samples 5; ask for fewer"):
        split("sizes", sizes=(10, 1), min_samples=5)


def test_clients_without_samples_are_named_where_they_are_allowed():
    division = split("dirichlet", clients=20, alpha=0.01, min_samples=0)

    assert division.dropped == 0
    assert "without samples: client_" in division.notes[0]


def test_with_compat_nothing_is_drawn_again():
    original = {"clients": 20, "alpha": 0.01, "compat": "original"}

    assert "without samples" in split("dirichlet", **original).notes[-1]
    with pytest.raises(PartitionError, match="fewer than min_samples 1; change alpha"):
        split("dirichlet", min_samples=1, **original)


def test_what_is_dropped_is_told():
    division = split("custom", **EXAMPLES["custom"])

    assert division.dropped == 600 - 127
    assert division.notes == (
        "473 of 600 samples are in no share",
        "no share has a sample of: 1, 2, 4, 5, 6, 7, 8",
    )


@pytest.mark.parametrize("params", [{"compat": "original"}, {"distribution": {"a": {0: 1}}}])
def test_labels_must_be_numbers_where_they_are_counted_from_0(params):
    scheme = "custom" if "distribution" in params else "dirichlet"
    with pytest.raises(PartitionError, match="needs labels that are whole numbers"):
        split(scheme, np.array(["a", "b"]), clients=1, **params)
