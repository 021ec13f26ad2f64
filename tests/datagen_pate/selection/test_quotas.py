from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.quotas import UNBOUNDED, bound_as_original, bound_classes, share_out

SHARD = np.array([20, 35, 26, 17, 26, 20, 26, 19, 25, 26])
MANY = np.full(10, 2000)
ten_counts = st.lists(st.integers(0, 3000), min_size=10, max_size=10).map(np.array)


def test_without_a_shard_the_bounds_are_the_least_and_the_largest_number():
    lower, upper = bound_classes(MANY, None, SelectionParams())

    assert set(lower) == {150}
    assert set(upper) == {500}


def test_without_quotas_there_are_no_bounds():
    lower, upper = bound_classes(MANY, SHARD, SelectionParams(quota=False))

    assert set(lower) == {0}
    assert set(upper) == {UNBOUNDED}


def test_with_a_shard_bounds_are_around_its_shares():
    params = SelectionParams(min_per_class=0, max_per_class=None)
    passing = np.full(10, 350)  # class 1 has the largest share, so its number says the total

    lower, upper = bound_classes(passing, SHARD, params)

    target = 350 / 35 * SHARD
    assert (lower == np.ceil(0.9 * target)).all()
    assert (upper == np.floor(1.1 * target)).all()


@given(ten_counts, st.integers(0, 200), st.integers(200, 600), st.floats(0, 100))
def test_bounds_are_in_order_and_within_the_limits(passing, least, most, flexibility):
    params = SelectionParams(
        min_per_class=least, max_per_class=most, quota_flexibility_percent=flexibility
    )

    lower, upper = bound_classes(passing, SHARD, params)

    assert ((least <= lower) & (lower <= upper) & (upper <= most)).all()


def test_a_class_that_the_shard_has_not_is_not_asked_for():
    lower, _ = bound_classes(MANY, np.where(np.arange(10) == 3, 0, SHARD), SelectionParams())

    assert lower[3] == 0
    assert (np.delete(lower, 3) >= 150).all()


def test_a_target_count_lowers_what_is_to_be_steered():
    lower, upper = bound_classes(MANY, None, SelectionParams(target_samples=36))

    assert lower.sum() == 36
    assert set(lower) == {3, 4}
    assert set(upper) == {500}


def test_shares_are_equal_without_a_shard_and_the_shards_with_one():
    assert set(share_out(50, MANY, None)) == {5}
    assert share_out(240, MANY, SHARD).tolist() == SHARD.tolist()


def test_original_without_a_shard_takes_the_least_number_as_cap():
    assert set(bound_as_original(MANY, None, SelectionParams())) == {150}
    assert set(bound_as_original(MANY, SHARD, SelectionParams(quota=False))) == {150}
    assert set(bound_as_original(MANY, None, SelectionParams(min_per_class=0))) == {500}


def test_original_with_a_shard_takes_up_to_a_tenth_more_than_the_share_of_what_passed():
    passing = np.array([960, *[160] * 9])  # 2,400 in all: ten for each image of the shard
    upper = bound_as_original(passing, SHARD, SelectionParams())

    assert upper.tolist() == [220, 385, 286, 187, 286, 220, 286, 209, 275, 286]
