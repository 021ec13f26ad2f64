"""Curves by round, alone or above the counts of clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pictures.drawing.counts import (
    LabelCounts,
    measure_counts,
    plot_count_bars,
    plot_count_map,
)
from datagen_pictures.drawing.figures import make_figure
from datagen_pictures.drawing.scales import Scale, add_colour_bar
from datagen_pictures.drawing.style import INK, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAND = 0.15  # opacity
_HEIGHT = 4.6  # inches
_LOW = 3.2  # inches of one of several axes
_INCHES_PER_LINE = 0.18  # of a legend


@dataclass(frozen=True, eq=False)
class Curve:
    """A line, or many lines that look alike.

    Attributes
    ----------
    rounds
        Whole numbers, ascending, `(R,)`.
    values
        float64 `(R,)`, or `(R, lines)`; NaN is a gap.
    label
        The name in the legend; empty for none.
    look
        Options of matplotlib's lines.
    band
        Lower and upper edge of a band around the line, or None.
    """

    rounds: NDArray[np.int64]
    values: NDArray[np.float64]
    label: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    band: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves in one pair of axes, from the lowest layer to the highest.

    Attributes
    ----------
    curves
        The curves; the legend has their order.
    title
        The title of the vertical axis: a score with its unit.
    name
        The title of the axes; empty for none.
    note
        What bands mean; empty where there are none.
    scale
        What colours mean, instead of a legend; None for a legend.
    """

    curves: Sequence[Curve]
    title: str
    name: str = ""
    note: str = ""
    scale: Scale | None = None


def draw_curves(
    curves: Curves, title: str = "", size: tuple[float, float] = (10.0, _HEIGHT)
) -> Figure:
    """Return a picture of curves with a legend beside them; `size` is in inches."""
    with house_style():
        figure = make_figure(*size, title)
        _plot_curves(figure.add_subplot(), curves)
    return figure


def draw_panels(panels: Sequence[Curves], title: str = "") -> Figure:
    """Return a picture of curves in several axes, one below the other, each with a legend."""
    heights = [
        measure_panel([each.label for each in one.curves if each.label], len(panels))
        for one in panels
    ]
    with house_style():
        figure = make_figure(11.0, sum(heights), title)
        parts: Any = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, curves in zip(parts[:, 0], panels, strict=True):
            _plot_curves(axes, curves)
    return figure


def measure_panel(labels: Sequence[str], panels: int) -> float:
    """Return the height of axes beside a legend of these labels, in inches."""
    lines = sum(label.count("\n") + 1 for label in labels)
    return max(_HEIGHT if panels == 1 else _LOW, 1 + _INCHES_PER_LINE * lines)


def draw_overview(curves: Curves, counts: LabelCounts, title: str = "", which: str = "") -> Figure:
    """Return a picture of curves above bars and heat map of counts.

    Parameters
    ----------
    curves
        The curves.
    counts
        The samples of each client.
    title
        The title of the picture.
    which
        What the titles of bars and heat map add, such as ", sample 4".
    """
    below = measure_counts(counts)
    with house_style():
        figure = make_figure(13.0, _HEIGHT + below, title)
        parts: Any = figure.subfigures(2, 1, height_ratios=(_HEIGHT, below))
        axes = parts[0].add_subplot()
        _plot_curves(axes, curves)
        axes.set_title("Learning curves")
        bars, heat_map = parts[1].subplots(1, 2, sharey=True)
        plot_count_bars(bars, counts)
        plot_count_map(heat_map, counts)
        heat_map.tick_params(labelleft=False)
        bars.set_title(f"Samples of each client{which}")
        word = counts.title.split()[0].lower()
        heat_map.set_title(f"Samples by client and {word}{which}")
    return figure


def _plot_curves(axes: Axes, curves: Curves) -> None:
    named = []
    for curve in curves.curves:
        if curve.band is not None:
            look: Any = {"color": curve.look.get("color", INK), "alpha": _BAND}
            axes.fill_between(curve.rounds, *curve.band, linewidth=0, zorder=1, **look)
        first, *_ = axes.plot(curve.rounds, curve.values, **curve.look)
        if curve.label:
            named.append((first, curve.label))
    _label_axes(axes, curves.title)
    axes.set_title(curves.name)
    if curves.scale is not None:
        add_colour_bar(axes, curves.scale)
        if curves.note:
            axes.set_title(curves.note, loc="right", fontsize=8)
        return
    place_legend(axes, named, curves.note)


def place_legend(axes: Axes, named: Sequence[tuple[Any, str]], note: str) -> None:
    """Name lines beside their axes, below what bands or ranges mean."""
    # Explicit handles and labels, since labels that begin with _ would be left out.
    handles, labels = [list(each) for each in zip(*named, strict=True)] if named else ([], [])
    if not handles and not note:
        return
    legend = axes.legend(
        handles,
        labels,
        title=note or None,
        title_fontsize=8,
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        borderaxespad=0,
        labelspacing=0.35,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _label_axes(axes: Axes, score: str) -> None:
    from matplotlib.ticker import MaxNLocator  # after house_style, which requires it

    axes.set_xlabel("Round")
    axes.set_ylabel(score)
    first, last = axes.dataLim.intervalx
    axes.set_xlim(first - 0.5, last + 0.5)  # no tick at 0, since rounds count from 1
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
