"""A run as pictures see it: who took part when, and who has what."""

from dataclasses import replace

import numpy as np
import pytest

from datagen_federated.plotting.reading import name_classes


def test_curves_have_gaps_where_a_client_took_no_part(make_run):
    curves = make_run().client_curves("accuracy")

    assert curves.shape == (4, 3)
    assert np.isnan(curves).tolist() == [
        [False] * 3,
        [False, True, False],
        [False] * 3,
        [False, True, True],
    ]


def test_a_score_of_a_client_that_took_no_part_is_a_gap_too(make_run):
    run = make_run()
    run.clients["accuracy"][~run.clients["participated"]] = 0.9

    assert np.isnan(run.client_curves("accuracy")[1, 1])


def test_infinite_scores_are_gaps(make_run):
    run = make_run()
    run.clients["loss"][0] = np.inf

    assert np.isnan(run.client_curves("loss")[0, 0])


def test_rows_may_be_in_any_order(make_run):
    run, other = make_run(), make_run()
    other.clients[:] = other.clients[::-1].copy()

    assert np.array_equal(run.client_curves("f1"), other.client_curves("f1"), equal_nan=True)
    assert np.array_equal(run.counts, other.counts)
    assert other.client_names == run.client_names


def test_counts_are_those_of_the_records(make_run):
    run = make_run(clients=5, classes=4)

    assert np.array_equal(run.counts, run.clients["data_Distribution"][:5])
    assert run.sizes.tolist() == run.counts.sum(axis=1).tolist()


def test_names_are_one_line(make_run):
    assert make_run(2, names=["two\nlines", " "]).client_names == ["two lines", "(no name)"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"classes": 3}, ["0", "1", "2"]),
        ({"classes": 2, "regression": True}, ["1", "2"]),
        ({"classes": 1, "regression": True}, ["all"]),
    ],
)
def test_columns_without_names_are_numbered(make_run, given, names):
    assert make_run(**given).class_names == names


def test_names_of_classes_are_taken_where_they_fit(make_run):
    run = make_run(classes=3)

    assert replace(run, classes=tuple("abc")).class_names == ["a", "b", "c"]
    assert replace(run, classes=tuple("ab")).class_names == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("params", "count", "first"),
    [
        ({"dataset": "fashion_mnist", "variant": None}, 10, "T-shirt/top"),
        ({"dataset": "emnist", "variant": "letters"}, 26, "a"),
        ({"dataset": "iris"}, 3, "setosa"),
        ({"dataset": "csv"}, 0, None),
        ({}, 0, None),
    ],
)
def test_classes_of_known_data_sets_have_names(params, count, first):
    names = name_classes(params)

    assert len(names) == count
    assert next(iter(names), None) == first
