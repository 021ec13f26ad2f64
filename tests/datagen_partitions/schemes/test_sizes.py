"""Schemes about how much a client has, and about columns other than labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_partitions.schemes import PartitionError
from partition_examples import DIGITS, sizes, split

SEEDS = st.integers(0, 2**32)
COLUMN = np.random.default_rng(99).normal(50, 3, 600)


@pytest.mark.parametrize("scheme", ["iid", "continuous"])
@given(st.integers(1, 50), SEEDS)
def test_sizes_differ_by_one_at_most(scheme, clients, seed):
    division = split(scheme, seed=seed, clients=clients)

    assert np.ptp(sizes(division)) <= 1
    assert division.dropped == 0


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), SEEDS)
def test_sizes_are_those_given(wanted, seed):
    division = split("sizes", seed=seed, sizes=tuple(wanted))

    assert sizes(division) == wanted
    assert division.dropped == 600 - sum(wanted)


@pytest.mark.parametrize(
    ("scheme", "wanted"),
    [
        ("linear", [60, 120, 180, 240]),
        ("square", [20, 80, 180, 320]),
        ("exponential", [19, 52, 142, 387]),
    ],
)
def test_sizes_follow_from_the_number_of_the_client(scheme, wanted):
    assert sizes(split(scheme, clients=4)) == wanted


def test_a_client_that_would_have_nothing_is_refused():
    with pytest.raises(PartitionError, match="exponential: the smallest share has 0 samples"):
        split("exponential", clients=20)


@pytest.mark.parametrize("scheme", ["sizes", "inner_dirichlet"])
def test_more_than_there_is_is_refused(scheme):
    with pytest.raises(PartitionError, match="sizes sum to 601, and there are 600 samples"):
        split(scheme, sizes=(600, 1))


@pytest.mark.parametrize("alpha", [0.5, 5.0])
def test_sizes_have_the_variance_of_the_dirichlet_distribution(alpha):
    drawn = [
        sizes(split("quantity_skew", seed=s, alpha=alpha, clients=5, min_samples=0))
        for s in range(400)
    ]
    variance = 0.2 * 0.8 / (5 * alpha + 1)

    assert np.var(np.array(drawn) / 600) == pytest.approx(variance, rel=0.15)


def test_labels_are_mixed_alike_however_large_the_share():
    division = split("quantity_skew", np.repeat(np.arange(2), 5000), clients=3)

    for share in division.shares:
        assert np.mean(share < 5000) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("strictness", "low", "high"), [(0, 0, 0.05), (0.5, 0.2, 0.8), (1, 0.9, 1)]
)
def test_strictness_says_how_much_clients_differ(strictness, low, high):
    """The variance between clients is none of that of the column, or nearly all."""
    shares = split("continuous", COLUMN, clients=10, strictness=strictness).shares
    between = np.var([COLUMN[share].mean() for share in shares]) / COLUMN.var()

    assert low <= between <= high


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.full(600, 1e9), "all values of the column are the same"),
        (np.append(COLUMN, np.nan), "values that are not finite"),
    ],
)
def test_columns_without_an_order_are_refused(column, message):
    with pytest.raises(PartitionError, match=message):
        split("continuous", column)


def test_small_values_are_different_values():
    by_value, scaled = (split("continuous", y, strictness=1) for y in (COLUMN, COLUMN * 1e-9))

    assert all(map(np.array_equal, by_value.shares, scaled.shares))
    assert split("continuous", np.ones(600), strictness=0).dropped == 0


IDS = np.array(["eve", "bob", "eve", "amy", "bob", "dan", "cat"])


def test_a_client_is_an_id():
    division = split("natural_id", IDS)

    assert division.names == ("amy", "bob", "cat", "dan", "eve")
    assert [share.tolist() for share in division.shares] == [[3], [1, 4], [6], [5], [0, 2]]


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, [[0, 2, 1, 4], [3, 5], [6]]),
        ({"sort_ids": True}, [[3, 1, 4], [6, 5], [0, 2]]),
        ({"group_mode": "allow-bigger"}, [[0, 2, 1, 4, 3], [5, 6]]),
        ({"group_mode": "drop-reminder"}, [[0, 2, 1, 4], [3, 5]]),
        ({"group_mode": "strict", "group_size": 1}, [[0, 2], [1, 4], [3], [5], [6]]),
        ({"group_size": 6}, [[0, 2, 1, 4, 3, 5, 6]]),
    ],
)
def test_a_client_is_a_group_of_ids(params, wanted):
    division = split("grouped_natural_id", IDS, **{"group_size": 2, **params})

    assert [share.tolist() for share in division.shares] == wanted
    assert division.dropped == 7 - sum(map(len, wanted))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"group_size": 2, "group_mode": "strict"}, "5 ids do not fit into groups of 2"),
        ({"group_size": 6, "group_mode": "allow-bigger"}, "5 ids do not fit into groups of 6"),
        ({"group_size": 6, "group_mode": "drop-reminder"}, "take another group_size"),
    ],
)
def test_groups_that_do_not_come_out_are_refused(params, message):
    with pytest.raises(PartitionError, match=message):
        split("grouped_natural_id", IDS, **params)


def test_ids_may_be_labels():
    assert sizes(split("natural_id", DIGITS)) == [60] * 10
