"""Charts of numbers: bars by name, and histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pictures.drawing.figures import make_figure
from datagen_pictures.drawing.style import INK, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 110
_LEGEND: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 2}

Mark = tuple[float, str]
"""The place of a vertical line, and its name."""


@dataclass(frozen=True, eq=False)
class Bars:
    """A row of bars.

    Attributes
    ----------
    heights
        The height of each bar.
    colour
        One for all bars, or one for each.
    label
        The name in the legend; empty for no legend.
    """

    heights: NDArray[Any] | Sequence[float]
    colour: str | Sequence[str]
    label: str = ""


def draw_bars(
    groups: Sequence[Bars],
    names: Sequence[str],
    axis_labels: tuple[str, str],
    title: str = "",
    *,
    size: tuple[float, float] = (8.0, 2.8),
) -> Figure:
    """Return a picture of bars side by side; a single group without a label has numbers on top.

    Parameters
    ----------
    groups
        One row of bars or more, each with one bar per name.
    names
        The names below the bars.
    axis_labels
        Labels of the horizontal and of the vertical axis.
    size
        Width and height in inches.
    """
    with house_style():
        figure = make_figure(*size, title, dpi=_DPI)
        axes = figure.add_subplot()
        width = 0.8 / len(groups)
        for turn, group in enumerate(groups):
            places = np.arange(len(names)) + (turn - (len(groups) - 1) / 2) * width
            drawn = axes.bar(places, group.heights, width, color=group.colour, label=group.label)
            if not group.label:
                axes.bar_label(drawn, fmt="{:,.0f}", padding=2)
        axes.set_xticks(range(len(names)), names)
        _label_axes(axes, axis_labels)
        if groups[0].label:
            axes.legend(**_LEGEND)
    return figure


def draw_histogram(
    edges: NDArray[np.float64],
    stacks: Sequence[Bars],
    axis_labels: tuple[str, str],
    marks: Sequence[Mark] = (),
) -> Figure:
    """Return a picture of a histogram, cropped to the bins that hold something, and to the marks.

    Parameters
    ----------
    edges
        Edges of the bins, ascending, `(bins + 1,)`.
    stacks
        Counts per bin, from the lowest layer to the highest.
    axis_labels
        Labels of the horizontal and of the vertical axis.
    marks
        At most two vertical lines, such as thresholds.
    """
    with house_style():
        figure = make_figure(5.2, 2.8, dpi=_DPI)
        axes = figure.add_subplot()
        total = np.zeros(len(edges) - 1)
        for layer in stacks:
            look: Any = {"bottom": total, "color": layer.colour, "label": layer.label}
            axes.bar(edges[:-1], layer.heights, np.diff(edges), align="edge", **look)
            total = total + layer.heights
        for (place, name), style in zip(marks, ("--", ":"), strict=False):
            axes.axvline(place, color=INK, linestyle=style, linewidth=1.2, label=name)
        axes.set_xlim(*_crop(edges, total, [place for place, _ in marks]))
        _label_axes(axes, axis_labels)
        axes.legend(**_LEGEND)
    return figure


def _label_axes(axes: Axes, labels: tuple[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator  # after house_style, which requires it

    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def _crop(
    edges: NDArray[np.float64], total: NDArray[np.float64], marks: Sequence[float]
) -> tuple[float, float]:
    """Return where to begin and to end: two bins around what there is."""
    filled = np.flatnonzero(total)
    margin = 2 * (edges[1] - edges[0])
    low = min([edges[filled[0]], *marks]) - margin
    high = max([edges[filled[-1] + 1], *marks]) + margin
    return max(float(low), float(edges[0])), float(high)
