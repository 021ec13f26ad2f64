"""Whole pictures: sizes, layout, titles, and files.

The functions that draw raise MissingPackageError if matplotlib is not installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from datagen_core.files import replacing
from datagen_federated.errors import PlotError
from datagen_federated.plotting.comparison import ComparedSet, plot_comparison, wrap
from datagen_federated.plotting.curves import plot_curves
from datagen_federated.plotting.label_counts import plot_bars, plot_heat_map
from datagen_federated.plotting.metrics import Metric
from datagen_federated.plotting.runs import FederatedRun
from datagen_federated.plotting.style import MOST_COLOURS, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["curves", "bars", "heatmap", "all"]

_INCHES_PER_ROW = 0.2
_LEAST_ROWS, _MOST_ROWS = 1.5, 10.0  # inches
_AROUND = 1.6  # inches for titles, axis and legend
_INCHES_PER_NAME = 0.14
_INCHES_PER_SET = 0.5  # three lines in a legend
_CURVES = 4.6  # inches
_CHARACTERS_PER_INCH = 9
_TITLE_LINES = 3

# Without times, the same picture is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


@dataclass(frozen=True)
class _Rows:
    """The height of the rows of clients in inches, at most a page."""

    clients: int

    @property
    def height(self) -> float:
        return min(max(self.clients * _INCHES_PER_ROW, _LEAST_ROWS), _MOST_ROWS)

    @property
    def names(self) -> int:
        """Number of names that fit beside the rows."""
        return int(self.height / _INCHES_PER_NAME)


def draw_curves(runs: Sequence[FederatedRun], metric: Metric, title: str = "") -> Figure:
    """Return a picture of the learning curves of runs of one parameter set; see `plot_curves`."""
    with house_style():
        figure = _make_figure(10.0, _CURVES, title)
        plot_curves(figure.add_subplot(), runs, metric)
    return figure


def draw_bars(run: FederatedRun, title: str = "") -> Figure:
    """Return a picture of clients as bars of classes; see `plot_bars`."""
    rows = _Rows(len(run.sizes))
    with house_style():
        figure = _make_figure(8.0, rows.height + _AROUND, title)
        plot_bars(figure.add_subplot(), run, rows.names)
    return figure


def draw_heat_map(run: FederatedRun, title: str = "") -> Figure:
    """Return a picture of counts by client and class; see `plot_heat_map`."""
    rows = _Rows(len(run.sizes))
    width = min(max(3.0 + 0.45 * run.counts.shape[1], 6.0), 16.0)
    with house_style():
        figure = _make_figure(width, rows.height + _AROUND, title)
        plot_heat_map(figure.add_subplot(), run, rows.names)
    return figure


def draw_overview(runs: Sequence[FederatedRun], metric: Metric, title: str = "") -> Figure:
    """Return the learning curves of runs above the bars and the heat map of the first of them."""
    first = runs[0]
    rows = _Rows(len(first.sizes))
    below = rows.height + _AROUND
    with house_style():
        figure = _make_figure(13.0, _CURVES + below, title)
        parts: Any = figure.subfigures(2, 1, height_ratios=(_CURVES, below))
        upper, lower = parts
        curves = upper.add_subplot()
        plot_curves(curves, runs, metric)
        curves.set_title("Learning curves")
        which = f", sample {first.index}" if len(runs) > 1 else ""
        _plot_counts(lower.subplots(1, 2, sharey=True), first, rows.names, which)
    return figure


def _plot_counts(axes: Sequence[Axes], run: FederatedRun, names: int, which: str) -> None:
    bars, heat_map = axes
    plot_bars(bars, run, names)
    plot_heat_map(heat_map, run, names)
    heat_map.tick_params(labelleft=False)
    bars.set_title(f"Samples of each client{which}")
    heat_map.set_title(f"Samples by client and {'bin' if run.regression else 'class'}{which}")


def draw_comparison(sets: Sequence[ComparedSet], metric: Metric, title: str = "") -> Figure:
    """Return the mean learning curves of several parameter sets; see `plot_comparison`."""
    height = max(5.6, _INCHES_PER_SET * min(len(sets), MOST_COLOURS))
    with house_style():
        figure = _make_figure(11.0, height, title)
        plot_comparison(figure.add_subplot(), sets, metric)
    return figure


def _make_figure(width: float, height: float, title: str) -> Figure:
    from matplotlib.figure import Figure  # after house_style, which requires it

    # Not pyplot's, which would have to be closed and look for a display.
    figure: Any = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(wrap(title, int(width * _CHARACTERS_PER_INCH), _TITLE_LINES))
    made: Figure = figure
    return made


def check_picture_path(path: Path) -> str:
    """Return the format of a picture by its name: `png`, `svg` or `pdf`.

    Raises
    ------
    PlotError
        When it ends in another format, or its folder does not exist.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in _METADATA:
        raise PlotError(f"{path} is not a picture; give it a name that ends in .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise PlotError(f"{path.parent} is not a folder; make it first")
    return form


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture, which appears whole or not at all; one that exists is replaced.

    The same picture is the same bytes, with the same version of matplotlib.

    Raises
    ------
    PlotError
        When its name ends in another format, or it cannot be written.
    """
    form = check_picture_path(path)
    try:
        with replacing(path) as file, house_style(), warnings.catch_warnings():
            # Characters that the font lacks are drawn as boxes.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            figure.savefig(file, format=form, metadata=_METADATA[form])
    except OSError as error:
        raise PlotError(f"{path} cannot be written: {error.strerror or error}") from error
