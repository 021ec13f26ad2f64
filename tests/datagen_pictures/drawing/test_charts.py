"""Bars and histograms show the numbers that they are given."""

import numpy as np
import pytest

from datagen_pictures import BLUE, ORANGE, Bars, draw_bars, draw_histogram, encode_png

LABELS = ("number of samples", "number of users")


def test_bars_are_as_high_as_their_numbers_which_stand_on_top():
    bars = Bars([30, 15, 1000], [BLUE, BLUE, ORANGE])
    (axes,) = draw_bars([bars], ["0-9", "10-19", ">19"], LABELS, "a title").axes

    assert [bar.get_height() for bar in axes.patches] == [30, 15, 1000]
    assert [text.get_text() for text in axes.texts] == ["30", "15", "1,000"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0-9", "10-19", ">19"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == LABELS


def test_groups_stand_side_by_side_with_a_legend():
    groups = [Bars([1, 2], BLUE, "ours"), Bars([3, 4], ORANGE, "theirs")]
    (axes,) = draw_bars(groups, ["a", "b"], LABELS).axes
    lefts = [bar.get_x() for bar in axes.patches]

    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ours", "theirs"]
    assert lefts == sorted(lefts, key=lambda x: (x > 0.4, x)) or len(set(lefts)) == 4
    assert not axes.texts


@pytest.mark.parametrize("heights", [[1], [0, 300], [100_000, 0]])
def test_any_heights_can_be_drawn(heights):
    names = [str(place) for place in range(len(heights))]

    assert len(encode_png(draw_bars([Bars(heights, BLUE)], names, LABELS))) > 1000


def draw(counts, marks=()):
    stacks = [Bars(np.array(row), BLUE, "drawn") for row in counts]
    (axes,) = draw_histogram(np.linspace(0, 1, 11), stacks, LABELS, marks).axes
    return axes


def test_layers_of_a_histogram_lie_on_each_other():
    layers = [[0, 0, 1, 2, 0, 0, 0, 0, 0, 0], [0, 0, 4, 4, 0, 0, 0, 0, 0, 0]]
    upper = draw(layers).patches[10:]

    assert [bar.get_y() for bar in upper] == layers[0]
    assert [bar.get_height() for bar in upper] == layers[1]


def test_a_histogram_is_cropped_to_what_is_there_and_to_its_marks():
    counts = [[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]]

    assert draw(counts).get_xlim() == pytest.approx((0.3, 0.8))
    assert draw(counts, [(0.75, "limit")]).get_xlim() == pytest.approx((0.3, 0.95))
