import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from datagen_federated.data import DataError
from datagen_federated.data.dividing import hold_out, hold_out_stratified

SHARES = st.floats(0.01, 0.99)
COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=8).filter(lambda c: max(c) > 1)


def assert_is_division(train, test, n):
    assert np.array_equal(np.sort(np.r_[train, test]), np.arange(n))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    assert len(train)
    assert len(test)


@given(st.integers(2, 300), SHARES)
def test_every_place_is_in_one_part(n, share):
    train, test = hold_out(n, share)
    assert_is_division(train, test, n)
    assert abs(len(test) - n * share) <= 1


@given(COUNTS, SHARES, st.randoms())
def test_every_class_is_divided_in_proportion(counts, share, random):
    labels = np.repeat(np.arange(len(counts)), counts)
    random.shuffle(labels)
    train, test = hold_out_stratified(labels, share)
    assert_is_division(train, test, len(labels))
    assert np.bincount(labels[train], minlength=len(counts)).min() >= 1
    wanted = np.array(counts) * min(max(round(len(labels) * share), 1), len(labels) - 1)
    held = np.bincount(labels[test], minlength=len(counts))
    assert (np.abs(held * len(labels) - wanted) <= len(labels)).all()


@given(COUNTS, SHARES)
def test_the_test_part_has_the_size_that_was_asked_for(counts, share):
    labels = np.repeat(np.arange(len(counts)), counts)
    size = round(len(labels) * share)
    assume(size >= 1)
    assume(min(counts) * (1 - share) >= 2)  # no class is short of training samples
    assert len(hold_out_stratified(labels, share)[1]) == size


def test_the_division_is_the_same_in_every_run():
    assert hold_out(10, 0.3)[1].tolist() == [0, 5, 6]
    assert hold_out_stratified(np.arange(20) % 2, 0.3)[1].tolist() == [0, 5, 9, 10, 12, 17]


def test_larger_classes_come_first_where_remainders_are_equal():
    labels = np.repeat([0, 1], [3, 9])
    assert labels[hold_out_stratified(labels, 2 / 12)[1]].tolist() == [1, 1]
    labels = np.repeat([0, 1], [3, 3])
    assert labels[hold_out_stratified(labels, 0.5)[1]].tolist() == [0, 0, 1]


def test_classes_of_one_sample_are_kept_for_training():
    labels = np.array([0, 1, 1, 1, 2])
    train, _ = hold_out_stratified(labels, 0.9)
    assert set(labels[train]) == {0, 1, 2}


@pytest.mark.parametrize("divide", [lambda: hold_out(1, 0.5), lambda: hold_out(0, 0.5)])
def test_too_few_samples_are_refused(divide):
    with pytest.raises(DataError, match="cannot be divided into training and test"):
        divide()
