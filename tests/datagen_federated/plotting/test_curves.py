"""Learning curves show what the records say."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from datagen_federated.plotting import Band, make_curves
from datagen_pictures import GREY, INK, draw_curves, line_colours


def draw(runs, metric="accuracy"):
    (axes,) = draw_curves(make_curves(runs, metric)).axes
    return axes


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_there_is_a_line_for_each_client_and_two_for_the_global_model(make_run):
    run = make_run()
    axes = draw([run])

    for line, curve in zip(axes.lines, run.client_curves("accuracy"), strict=False):
        assert np.array_equal(line.get_ydata(), curve, equal_nan=True)
        assert line.get_xdata().tolist() == [1, 2, 3]
    server, validation = axes.lines[4:]
    assert np.array_equal(server.get_ydata(), run.rounds["global_accuracy"])
    assert np.array_equal(validation.get_ydata(), run.rounds["validation_accuracy"])


def test_the_global_model_is_thick_and_black_and_validation_dashed(make_run):
    *clients, server, validation = draw([make_run()]).lines

    assert server.get_linewidth() > 2 * max(line.get_linewidth() for line in clients)
    assert to_hex(server.get_color()) == to_hex(validation.get_color()) == INK
    assert (server.get_linestyle(), validation.get_linestyle()) == ("-", "--")


def test_without_a_validation_part_there_is_no_line_of_it(make_run):
    axes = draw([make_run(validation=False)])

    assert len(axes.lines) == 5
    assert legend_of(axes)[-1] == "global model, test set"


@pytest.mark.parametrize("clients", [1, 7, 8, 20])
def test_each_client_has_a_colour_and_stands_in_the_legend(make_run, clients):
    axes = draw([make_run(clients)])

    assert len({line.get_color() for line in axes.lines[:clients]}) == clients
    assert legend_of(axes)[:clients] == [f"client_{n + 1}" for n in range(clients)]


def test_more_clients_are_grey_with_one_entry(make_run):
    axes = draw([make_run(21)])

    assert {line.get_color() for line in axes.lines[:21]} == {GREY}
    assert legend_of(axes)[0] == "21 clients"
    assert len(legend_of(axes)) == 3


@pytest.mark.parametrize("name", ["_private", "$x", "$x$ and $y$", "x" * 100])
def test_any_name_is_drawn(make_run, name):
    shown = legend_of(draw([make_run(1, names=[name])]))[0]

    assert shown.startswith(name[:20])
    assert len(shown) <= 24


def test_runs_together_are_mean_and_range(make_run):
    runs = [make_run(seed=seed) for seed in range(3)]
    scores = np.stack([run.rounds["global_loss"] for run in runs])
    axes = draw(runs, "loss")
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices

    assert len(axes.lines) == 2
    assert np.allclose(axes.lines[0].get_ydata(), scores.mean(axis=0))
    assert set(scores.min(axis=0)) | set(scores.max(axis=0)) <= set(corners[:, 1])
    assert legend_of(axes)[0].endswith("(mean and range of 3 runs)")


def test_a_band_takes_what_runs_have(make_run):
    short, long = make_run(rounds=2), make_run(rounds=3, seed=1)
    short.rounds["global_f1"][:] = [0.2, np.nan]
    long.rounds["global_f1"][:] = [0.4, np.nan, 0.6]
    band = Band.over([short.rounds, long.rounds], "global_f1")

    assert band.rounds.tolist() == [1, 2, 3]
    assert np.allclose(band.mean, [0.3, np.nan, 0.6], equal_nan=True)
    assert np.allclose(band.low, [0.2, np.nan, 0.6], equal_nan=True)
    assert np.allclose(band.high, [0.4, np.nan, 0.6], equal_nan=True)
    assert not band.is_empty


@pytest.mark.parametrize(
    ("metric", "regression", "label"),
    [
        ("accuracy", False, "Accuracy (share of right answers)"),
        ("loss", False, "Loss (mean cross-entropy, nats)"),
        ("loss", True, "Loss (mean squared error, squared units of the target)"),
        ("rmse", True, "RMSE (units of the target)"),
    ],
)
def test_axes_have_units(make_run, metric, regression, label):
    axes = draw([make_run(regression=regression)], metric)

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Round", label)


@pytest.mark.parametrize("rounds", [1, 2, 10, 100])
def test_ticks_are_rounds_that_were(make_run, rounds):
    axes = draw([make_run(rounds=rounds)])
    low, high = axes.get_xlim()
    shown = [tick for tick in axes.get_xticks() if low <= tick <= high]

    assert shown
    assert all(tick == round(tick) and 1 <= tick <= rounds for tick in shown)


def test_lines_of_many_clients_have_different_colours():
    assert len(set(line_colours(20))) == 20
