"""Whole pictures: what stands in them, and how large they get."""

import sys

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_federated.plotting import ComparedSet, draw_comparison, make_curves
from datagen_pictures import draw_count_bars, draw_count_map, draw_curves, draw_overview
from patience import patience


def overview(run, title=""):
    return draw_overview(make_curves([run], "accuracy"), run.label_counts, title)


def test_an_overview_has_all_three(make_run):
    run = make_run()
    curves, bars, heat_map, colours = overview(run, "what it is").axes

    assert len(curves.lines) == 6
    assert len(bars.collections) == 3
    assert np.array_equal(heat_map.images[0].get_array(), run.counts)
    assert colours.get_ylabel() == "Samples"
    assert bars.get_ylim() == heat_map.get_ylim()


def test_an_overview_of_runs_says_whose_samples_are_below(make_run):
    runs = [make_run(seed=seed) for seed in range(2)]
    curves, counts = make_curves(runs, "accuracy"), runs[0].label_counts
    _, bars, heat_map, _ = draw_overview(curves, counts, which=", sample 4").axes

    assert bars.get_title() == "Samples of each client, sample 4"
    assert heat_map.get_title() == "Samples by client and class, sample 4"


@pytest.mark.parametrize(
    "draw",
    [
        lambda run, title: draw_curves(make_curves([run], "accuracy"), title),
        lambda run, title: draw_count_bars(run.label_counts, title),
        lambda run, title: draw_count_map(run.label_counts, title),
        overview,
        lambda run, title: draw_comparison([ComparedSet({}, (run.rounds,))], "accuracy", title),
    ],
)
def test_titles_are_wrapped(make_run, draw):
    title = draw(make_run(), "rounds=8 alpha=0.3 " * 40).get_suptitle()

    assert title.startswith("rounds=8 alpha=0.3")
    assert len(title.splitlines()) == 3


def test_the_height_grows_with_clients_and_is_capped(make_run):
    heights = [overview(make_run(clients)).get_size_inches()[1] for clients in (4, 20, 200, 400)]

    assert heights[0] < heights[1] < heights[2] == heights[3] < 17


def test_drawing_leaves_the_users_settings_alone(make_run):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    overview(make_run())

    assert dict(mpl.rcParams) == before


def test_no_display_and_no_pyplot_is_used(make_run, tmp_path):
    import subprocess

    code = (
        "import sys; from pathlib import Path; from datagen_pictures import *\n"
        "figure = draw_bars([Bars([1], BLUE)], ['a'], ('x', 'y'))\n"
        f"save_figure(figure, Path({str(tmp_path / 'x.png')!r}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=patience(60))

    assert (tmp_path / "x.png").exists()


def test_without_matplotlib_the_extra_is_named(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(DatagenError, match=r"run: pip install 'datagen\[plots\]'"):
        draw_count_bars(make_run().label_counts)
