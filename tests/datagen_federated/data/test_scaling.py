import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datagen_federated.data import DataError
from datagen_federated.data.scaling import scale_tables

TABLES = arrays(np.float64, (6, 3), elements=st.integers(-(10**6), 10**6).map(lambda v: v / 1000))


@given(TABLES)
def test_minmax_spans_zero_to_one(x):
    scaled, _ = scale_tables(x, x, "minmax")
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    varied = np.ptp(x, axis=0) > 0
    assert (np.ptp(scaled, axis=0)[varied] == 1).all()


@given(TABLES, TABLES)
def test_the_test_part_does_not_matter(train, test):
    for scaler in ("standard", "minmax"):
        alone, _ = scale_tables(train, train, scaler)
        beside, _ = scale_tables(train, test, scaler)
        assert np.array_equal(alone, beside)


@pytest.mark.parametrize("scaler", ["standard", "minmax"])
def test_it_scales_as_scikit_learn_does(scaler):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    names = {"standard": "StandardScaler", "minmax": "MinMaxScaler"}
    rng = np.random.default_rng(0)
    train, test = rng.normal(5, 3, (50, 4)), rng.normal(5, 3, (20, 4))
    theirs = getattr(preprocessing, names[scaler])().fit(train)
    ours = scale_tables(train, test, scaler)
    assert np.allclose(ours[0], theirs.transform(train), atol=1e-6)
    assert np.allclose(ours[1], theirs.transform(test), atol=1e-6)


@pytest.mark.parametrize("scaler", ["standard", "minmax"])
def test_a_constant_column_becomes_zero(scaler):
    train, test = scale_tables(np.full((7, 1), 0.1), np.array([[1.1]]), scaler)
    assert train.tolist() == [[0.0]] * 7
    assert test.tolist() == [[1.0]]


def test_a_range_too_small_for_its_square_is_no_division_by_zero():
    train, _ = scale_tables(np.array([[1e-277], [0.0]]), np.zeros((1, 1)), "standard")
    assert np.isfinite(train).all()


def test_none_changes_nothing():
    x = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(scale_tables(x, x, "none")[0], x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
@pytest.mark.parametrize("scaler", ["standard", "minmax", "none"])
def test_a_value_that_cannot_be_trained_on_is_refused(scaler, value):
    good, bad = np.arange(6.0).reshape(3, 2), np.arange(6.0).reshape(3, 2)
    bad[1, 1] = value
    with pytest.raises(DataError, match=r"feature 2 is .* in sample 2"):
        scale_tables(good, bad, scaler)
