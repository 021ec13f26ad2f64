"""The last score of parameter sets against one of their parameters."""

import numpy as np
import pytest

from datagen_federated.plotting import ComparedSet, draw_against
from datagen_pictures import PictureError, ordered_colours


def sets_of(make_run, *params):
    return [
        ComparedSet(each, tuple(make_run(seed=seed).rounds for seed in range(2))) for each in params
    ]


def lines_of(axes):
    """Return the places and scores of each line of points."""
    return [tuple(map(np.ndarray.tolist, each.lines[0].get_data())) for each in axes.containers]


def test_points_are_means_of_the_last_round_in_the_order_of_numbers(make_run):
    sets = sets_of(make_run, {"rate": 0.3}, {"rate": 0.1})
    sets[1].rounds[0]["global_accuracy"][-1] = np.nan  # it diverged: the last score counts
    (axes,) = draw_against(sets, "accuracy", "rate").axes
    first, second = sets[0].rounds
    alone = sets[1].rounds[0]["global_accuracy"][-2]

    ((places, means),) = lines_of(axes)
    assert places == [0.1, 0.3]
    assert means[1] == (first["global_accuracy"][-1] + second["global_accuracy"][-1]) / 2
    assert means[0] == (alone + second["global_accuracy"][-1]) / 2
    assert axes.get_xlabel() == "rate"
    assert axes.get_ylabel() == "Accuracy (share of right answers),\nlast round"


def test_other_parameters_that_differ_make_lines(make_run):
    params = [{"a": a, "alpha": alpha, "n": 1} for a in (1, 2) for alpha in (5, 0.5)]
    (axes,) = draw_against(sets_of(make_run, *params), "accuracy", "a").axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]

    assert texts == ["alpha=0.5", "alpha=5"]
    assert [each.lines[0].get_color() for each in axes.containers] == ordered_colours([0, 1])


def test_texts_are_side_by_side_without_lines(make_run):
    params = [{"strategy": each} for each in ("iid", "shard", None)]
    (axes,) = draw_against(sets_of(make_run, *params), "accuracy", "strategy").axes

    assert [text.get_text() for text in axes.get_xticklabels()] == ["iid", "shard", "null"]
    assert axes.containers[0].lines[0].get_linestyle() == "None"


def test_numbers_far_apart_are_on_a_logarithmic_axis(make_run):
    params = [{"rate": each} for each in (0.001, 0.01, 0.1)]
    (axes,) = draw_against(sets_of(make_run, *params), "accuracy", "rate").axes

    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.001", "0.01", "0.1"]


def test_few_values_have_a_tick_each(make_run):
    params = [{"clients": each} for each in (3, 6)]
    (axes,) = draw_against(sets_of(make_run, *params), "accuracy", "clients").axes

    assert axes.get_xscale() == "linear"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["3", "6"]


def test_data_sets_have_axes_of_their_own_unless_they_are_the_parameter(make_run):
    params = [{"dataset": name, "a": a} for name in ("mnist", "iris") for a in (1, 2)]
    sets = sets_of(make_run, *params)

    titles = [axes.get_title() for axes in draw_against(sets, "accuracy", "a").axes]
    assert titles == ["dataset=mnist", "dataset=iris"]
    (axes,) = draw_against(sets, "accuracy", "dataset").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["mnist", "iris"]


def test_a_parameter_that_is_the_same_is_refused(make_run):
    sets = sets_of(make_run, {"a": 1, "b": 1}, {"a": 2, "b": 1})

    with pytest.raises(PictureError, match=r"do not differ in 'b'; they differ in a$"):
        draw_against(sets, "accuracy", "b")
