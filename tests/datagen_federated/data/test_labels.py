import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datagen_federated.data import DataError
from datagen_federated.data.labels import as_regression_values, choose_task, find_classes

TEXTS = st.lists(st.text(max_size=4).filter(lambda text: "\0" not in text), min_size=2, max_size=20)
VALUES = st.one_of(
    arrays(np.int64, st.integers(2, 30), elements=st.integers(-(2**62), 2**62)),
    arrays(np.uint8, st.integers(2, 30)),
    arrays(np.float64, st.integers(2, 30), elements=st.integers(-(2**52), 2**52)),
    TEXTS.map(np.array),
).filter(lambda y: len(np.unique(y)) > 1)


@given(VALUES)
def test_labels_are_contiguous_and_lead_back_to_the_values(y):
    classes = find_classes(y, "y")
    labels, known = classes.number(y)
    assert known.all()
    assert labels.dtype == np.int64
    assert set(labels.tolist()) == set(range(len(classes.values)))
    assert np.array_equal(classes.values[labels], y)


@given(VALUES)
def test_classes_are_in_ascending_order(y):
    values = find_classes(y, "y").values.tolist()
    assert values == sorted(set(y.tolist()))


@given(VALUES, VALUES)
def test_exactly_the_values_of_training_are_known_in_the_test_part(train, test):
    if train.dtype.kind != test.dtype.kind:
        return
    _, known = find_classes(train, "y").number(test)
    seen = set(train.tolist())
    assert known.tolist() == [value in seen for value in test.tolist()]


@given(st.integers(2, 40))
def test_labels_that_are_numbered_already_stay_and_need_no_note(count):
    y = np.arange(count)[::-1]
    classes = find_classes(y, "y")
    assert np.array_equal(classes.number(y)[0], y)
    assert classes.describe_renumbering("y") == ()


def test_long_notes_are_cut():
    (note,) = find_classes(np.arange(1, 9), "y").describe_renumbering("y")
    assert note.endswith("numbered: 1 -> 0, 2 -> 1, 3 -> 2, 4 -> 3, 5 -> 4, ...")


def test_published_names_belong_to_values():
    assert find_classes(np.array([1, 3]), "y").name(("N/A", "a", "b", "c")) == ("a", "c")


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, 2.0**60])
def test_floats_that_are_no_classes_are_refused(value):
    with pytest.raises(DataError, match="which is not a class; give it whole numbers"):
        find_classes(np.array([0.0, value]), "y")


@pytest.mark.parametrize(
    ("y", "made_for", "wanted", "task"),
    [
        (np.zeros(1), None, None, "regression"),
        (np.zeros(1, int), None, None, "classification"),
        (np.zeros(1), None, "classification", "classification"),
        (np.zeros(1, int), "regression", None, "regression"),
        (np.zeros(1), "regression", "regression", "regression"),
    ],
)
def test_the_task_follows_from_the_data_set_the_user_and_the_values(y, made_for, wanted, task):
    assert choose_task(y, made_for, wanted, "set") == task


def test_values_beyond_float32_are_refused():
    with pytest.raises(DataError, match=r"'y' is 1e\+300 in row 2"):
        as_regression_values(np.array([0, 1e300]), "y")
