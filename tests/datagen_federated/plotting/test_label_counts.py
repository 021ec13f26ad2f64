"""Bars and heat maps show the counts of the records."""

from dataclasses import replace

import numpy as np
import pytest

from datagen_pictures import draw_count_bars, draw_count_map


def draw_bars(run):
    return draw_count_bars(run.label_counts)


def draw_heat_map(run):
    return draw_count_map(run.label_counts)


def widths(collection):
    """Return the width of each rectangle by its row."""
    corners = [path.vertices for path in collection.get_paths()]
    return {round(c[:, 1].mean()): np.ptp(c[:, 0]) for c in corners}


def widths_by_class(figure, clients):
    """Return the width of the piece of each client and class."""
    classes = [widths(collection) for collection in figure.axes[0].collections]
    return np.array([[one.get(row, 0) for one in classes] for row in range(clients)])


@pytest.mark.parametrize(("clients", "classes"), [(4, 3), (1, 1), (80, 10), (5, 40)])
def test_pieces_of_bars_are_the_counts(make_run, clients, classes):
    run = make_run(clients, classes=classes)
    found = widths_by_class(draw_bars(run), clients)

    assert np.array_equal(found, run.counts)
    assert np.array_equal(found.sum(axis=1), run.sizes)


def test_pieces_of_a_bar_follow_each_other(make_run):
    run = make_run(1, classes=4)
    ends = [
        path.vertices[:, 0].max()
        for collection in draw_bars(run).axes[0].collections
        for path in collection.get_paths()
    ]

    assert ends == [end for end, n in zip(run.counts[0].cumsum(), run.counts[0], strict=True) if n]


def test_an_empty_client_has_a_row_and_no_bar(make_run):
    run = make_run(3)
    for field in ("data_Distribution", "samples_count"):
        run.clients[field][1::3] = 0
    axes = draw_bars(run).axes[0]

    assert all(1 not in widths(collection) for collection in axes.collections)
    assert [text.get_text() for text in axes.texts][1] == "0"


def test_the_first_client_is_at_the_top(make_run):
    axes = draw_bars(make_run()).axes[0]
    bottom, top = axes.get_ylim()

    assert bottom > top
    assert axes.get_yticklabels()[0].get_text() == "client_1"


@pytest.mark.parametrize(("classes", "legends"), [(1, 0), (3, 1), (21, 1), (22, 0)])
def test_classes_are_explained(make_run, classes, legends):
    figure = draw_bars(make_run(classes=classes))

    assert len(figure.legends) == legends
    assert len(figure.axes) == 1 + (classes > 21)


def test_classes_are_called_by_their_names(make_run):
    run = replace(make_run(classes=3), classes=("ant", "bee", "cat"))
    (legend,) = draw_bars(run).legends
    columns = draw_heat_map(run).axes[0].get_xticklabels()

    assert [text.get_text() for text in legend.get_texts()] == ["ant", "bee", "cat"]
    assert [text.get_text() for text in columns] == ["ant", "bee", "cat"]


@pytest.mark.parametrize(
    ("clients", "classes", "numbers"), [(20, 12, True), (21, 12, False), (20, 13, False)]
)
def test_a_heat_map_is_the_counts(make_run, clients, classes, numbers):
    run = make_run(clients, classes=classes)
    axes, bar = draw_heat_map(run).axes
    (image,) = axes.images
    written = [int(text.get_text()) for text in axes.texts]

    assert np.array_equal(image.get_array(), run.counts)
    assert written == (run.counts.ravel().tolist() if numbers else [])
    assert bar.get_ylabel() == "Samples"


def test_columns_of_a_regression_are_bins(make_run):
    axes = draw_heat_map(make_run(classes=2, regression=True)).axes[0]

    assert axes.get_xlabel() == "Bin of the target, from low to high"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]


@pytest.mark.parametrize("draw", [draw_bars, draw_heat_map])
def test_hundreds_of_clients_stay_on_a_page(make_run, draw):
    figure = draw(make_run(400))
    height = figure.get_size_inches()[1]
    names = figure.axes[0].get_yticklabels()

    assert height < 12
    assert 20 < len(names) < height / 0.13
