from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.selection.apportionment import apportion, apportion_within

counts = st.lists(st.integers(0, 300), min_size=2, max_size=10).map(np.array)


@given(st.integers(0, 1000), counts)
def test_parts_are_shares_rounded_and_sum_to_the_total(total, weights):
    parts = apportion(total, weights)

    if weights.sum():
        assert parts.sum() == total
        assert (np.abs(parts - total * weights / weights.sum()) < 1).all()
    else:
        assert not parts.any()


def test_the_largest_remainders_get_one_more():
    assert apportion(10, np.array([6, 7, 7])).tolist() == [3, 4, 3]


@given(st.integers(0, 3000), st.data())
def test_parts_are_within_what_is_available(total, data):
    available = data.draw(counts)
    weights = data.draw(
        st.lists(st.integers(0, 9), min_size=len(available), max_size=len(available))
    )

    parts = apportion_within(total, np.array(weights), available)

    assert parts.sum() == min(total, available.sum())
    assert ((parts >= 0) & (parts <= available)).all()


def test_what_one_class_cannot_take_goes_to_the_others_by_weight():
    assert apportion_within(100, np.array([1, 1, 2]), np.array([10, 90, 90])).tolist() == [
        10,
        30,
        60,
    ]
    assert apportion_within(10, np.array([1, 0]), np.array([4, 9])).tolist() == [4, 6]
