"""Whole numbers from proportions, and indices dealt out class by class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_partitions.schemes import PartitionError
from datagen_partitions.schemes.dealing import (
    apportion,
    deal,
    deal_evenly,
    fill_first,
    group_by_value,
    spread,
)

SEEDS = st.integers(0, 2**32)
WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-100)


@given(st.integers(0, 10**6), WEIGHTS, SEEDS)
def test_parts_are_their_quota_rounded_down_or_up(total, weights, seed):
    parts = apportion(total, np.array(weights), np.random.default_rng(seed))
    quotas = np.array(weights) / sum(weights) * total

    assert parts.sum() == total
    assert (np.abs(parts - quotas) < 1 + 1e-6).all()


def test_larger_remainders_come_first():
    parts = apportion(10, np.array([0.36, 0.33, 0.31]), np.random.default_rng(0))

    assert parts.tolist() == [4, 3, 3]


@given(st.integers(0, 500), st.integers(1, 50), SEEDS)
def test_equal_parts_differ_by_one_at_most(total, parts, seed):
    counts = spread(total, parts, np.random.default_rng(seed))

    assert counts.sum() == total
    assert np.ptp(counts) <= 1


def test_weights_may_be_as_large_as_numbers_get():
    parts = apportion(10, np.array([1e308, 1e308, 2e307]), np.random.default_rng(0))

    assert sorted(parts) == [1, 4, 5]


def test_lots_decide_about_equal_remainders():
    rng = np.random.default_rng(0)
    extra = np.mean([spread(103, 5, rng) - 20 for _ in range(2000)], axis=0)

    np.testing.assert_allclose(extra, 3 / 5, atol=0.05)


def test_the_original_favours_the_first():
    assert fill_first(103, np.full(5, 0.2)).tolist() == [21, 21, 21, 20, 20]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40))
def test_classes_are_the_distinct_values(values):
    labels = np.array(values)
    classes = group_by_value(labels)

    assert classes.values.tolist() == sorted(set(values))
    for value, member in zip(classes.values, classes.members, strict=True):
        assert np.array_equal(member, np.flatnonzero(labels == value))


def test_ids_may_be_text():
    classes = group_by_value(np.array(["b", "a", "b"]))

    assert classes.values.tolist() == ["a", "b"]
    assert [member.tolist() for member in classes.members] == [[1], [0, 2]]


def test_a_share_has_what_is_counted_for_it():
    labels = np.array([0] * 5 + [1] * 5)
    counts = np.array([[1, 4], [0, 0], [3, 1]])
    shares = deal(group_by_value(labels).members, counts, np.random.default_rng(0))

    assert [np.bincount(labels[share], minlength=2).tolist() for share in shares] == counts.tolist()
    assert len(set(np.concatenate(shares).tolist())) == 9
    assert {share.dtype for share in shares} == {np.dtype(np.int64)}


def test_a_class_with_fewer_samples_than_holders_is_refused():
    classes = group_by_value(np.array([0, 0, 1]))
    with pytest.raises(PartitionError, match="label 1 has 1 samples for 2 clients that hold it"):
        deal_evenly(classes, np.ones((2, 2), bool), np.random.default_rng(0))
