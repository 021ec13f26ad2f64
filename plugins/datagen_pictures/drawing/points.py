"""A score against a parameter: points with ranges, joined by lines where values are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pictures.drawing.curves import measure_panel, place_legend
from datagen_pictures.drawing.figures import make_figure
from datagen_pictures.drawing.scales import is_wide, write_plainly
from datagen_pictures.drawing.style import MARKERS, MOST_COLOURS, house_style, line_colours, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAME = 18  # characters of a value that is a text
_WIDTH = 11.0  # inches
_MOST_TICKS = 12
_ASIDE = 0.08  # between points of one text, where 1 is the distance of two texts


@dataclass(frozen=True, eq=False)
class Points:
    """A row of points.

    Attributes
    ----------
    values
        The value of the parameter at each point: all numbers, or all texts.
    means, lows, highs
        The number and its range at each point, float64 `(points,)`.
    label
        The name in the legend; empty for none.
    colour
        None for one of unordered colours.
    """

    values: Sequence[float] | Sequence[str]
    means: NDArray[np.float64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    label: str = ""
    colour: Any = None


@dataclass(frozen=True, eq=False)
class PointPanel:
    """Rows of points in one pair of axes.

    Attributes
    ----------
    rows
        The rows, at least one.
    axis_labels
        Labels of the horizontal and of the vertical axis.
    name
        The title of the axes; empty for none.
    note
        What ranges mean; empty where there are none.
    """

    rows: Sequence[Points]
    axis_labels: tuple[str, str]
    name: str = ""
    note: str = ""


def draw_points(panels: Sequence[PointPanel], title: str = "") -> Figure:
    """Return a picture of panels, one below the other."""
    heights = [measure_panel([row.label for row in panel.rows], len(panels)) for panel in panels]
    with house_style():
        figure = make_figure(_WIDTH, sum(heights), title)
        parts: Any = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, panel in zip(parts[:, 0], panels, strict=True):
            _plot(axes, panel)
    return figure


def _plot(axes: Axes, panel: PointPanel) -> None:
    places, are_texts = _place_values(axes, panel)
    handles = []
    colours = line_colours(min(len(panel.rows), MOST_COLOURS))
    for turn, row in enumerate(panel.rows):
        aside = (turn - (len(panel.rows) - 1) / 2) * min(_ASIDE, 0.8 / len(panel.rows))
        at = [places[value] + aside * are_texts for value in row.values]
        around = [row.means - row.lows, row.highs - row.means]
        look: Any = {"marker": MARKERS[turn % len(MARKERS)], "linestyle": "" if are_texts else "-"}
        look["color"] = colours[turn % len(colours)] if row.colour is None else row.colour
        drawn = axes.errorbar(at, row.means, around, capsize=3, elinewidth=0.9, **look)
        handles.append((drawn, row.label))
    axes.set_xlabel(panel.axis_labels[0])
    axes.set_ylabel(panel.axis_labels[1])
    axes.set_title(panel.name)
    place_legend(axes, [each for each in handles if each[1]], panel.note)


def _place_values(axes: Axes, panel: PointPanel) -> tuple[dict[Any, float], bool]:
    """Return where the values of the parameter are, and whether they are texts.

    Texts are side by side, in their order.
    """
    values = list(dict.fromkeys(value for row in panel.rows for value in row.values))
    if all(isinstance(value, int | float) for value in values):
        numbers = sorted(float(value) for value in values)
        is_log = is_wide(numbers)
        if is_log:
            axes.set_xscale("log")
        if len(numbers) <= _MOST_TICKS:
            axes.set_xticks(numbers, minor=False)
        if is_log or len(numbers) <= _MOST_TICKS:
            write_plainly(axes.xaxis)
        return {value: float(value) for value in values}, False
    axes.set_xticks(range(len(values)), [shorten(str(value), _NAME) for value in values])
    axes.set_xlim(-0.5, len(values) - 0.5)
    if len(values) > 6:
        axes.tick_params(axis="x", labelrotation=30)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    return {value: float(place) for place, value in enumerate(values)}, True
