import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_federated.simulation.metrics import macro_f1, score_classes, score_targets


def test_macro_f1_by_hand():
    # Class 0: 2 hits, 1 missed; class 1: 1 hit, 1 too many; class 2 is never found.
    labels, found = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 3])

    assert macro_f1(found, labels) == pytest.approx((4 / 5 + 2 / 3 + 0 + 0) / 4)


@given(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1))
def test_macro_f1_is_that_of_scikit_learn(pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    found, labels = np.array(pairs).T

    expected = metrics.f1_score(labels, found, average="macro", zero_division=0)
    assert macro_f1(found, labels) == pytest.approx(expected)


def test_classes_are_scored():
    logits = np.log([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    scores = score_classes(logits + 1000, np.array([0, 1, 2, 2]))

    assert scores.accuracy == 0.75
    assert scores.loss == pytest.approx(-np.log([0.7, 0.6, 0.25, 0.8]).mean())
    assert np.isnan([scores.rmse, scores.r2]).all()


def test_targets_are_scored():
    scores = score_targets(np.array([1.0, 2.0, 6.0]), np.array([1.0, 2.0, 3.0]))

    assert scores.loss == pytest.approx(3)
    assert scores.rmse == pytest.approx(3**0.5)
    assert scores.r2 == pytest.approx(1 - 3 / (2 / 3))
    assert np.isnan([scores.accuracy, scores.f1]).all()


def test_equal_targets_have_no_r2():
    assert np.isnan(score_targets(np.zeros(2), np.ones(2)).r2)
