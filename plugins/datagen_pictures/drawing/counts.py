"""Numbers of samples by row and class: stacked bars, and a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pictures.drawing.figures import make_figure
from datagen_pictures.drawing.style import (
    GREY,
    INK,
    MOST_NAMED_AREAS,
    area_colours,
    house_style,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_CLASSES = 62
"""Most classes that are shown side by side, unless asked for; EMNIST has this many classes."""

_MOST_ROWS_WITH_NUMBERS = 20
_MOST_COLUMNS_WITH_NUMBERS = 12
_NAME = 20  # characters of a row's name beside the axes
_CLASS_NAME = 14
_MOST_NAMED_CLASSES = 24
_MOST_SIZES = 40  # rows; more have no sizes written beside them
_THICKNESS = 0.8  # of a bar, where 1 leaves no gap
_MOST_WITH_GAPS = 60  # rows; gaps between more rows would hide the bars

_INCHES_PER_ROW = 0.2
_LEAST_HEIGHT, _MOST_HEIGHT = 1.5, 10.0  # inches
_AROUND = 1.6  # inches for titles, axis and legend
_INCHES_PER_NAME = 0.14


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """The number of samples of each class in each row.

    Attributes
    ----------
    classes
        The label or name of each column.
    counts
        int64 `(rows, columns)`.
    names
        The name of each row, such as a client's; empty where rows need no names.
    title
        The title of the columns.
    """

    classes: Sequence[object]
    counts: NDArray[np.int64]
    names: Sequence[str] = ()
    title: str = "Class"

    @property
    def totals(self) -> NDArray[np.int64]:
        """The number of samples of each row."""
        totals: NDArray[np.int64] = self.counts.sum(axis=1)
        return totals

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each class among the samples of its row, 0 to 1; 0 in empty rows."""
        return self.counts / np.maximum(self.totals, 1)[:, np.newaxis]

    @property
    def height(self) -> float:
        """The height of the rows in inches, at most a page."""
        height = len(self.counts) * _INCHES_PER_ROW
        return min(max(height, _LEAST_HEIGHT), _MOST_HEIGHT)

    @property
    def room(self) -> int:
        """The number of names that fit beside the rows."""
        return int(self.height / _INCHES_PER_NAME)

    @property
    def short_classes(self) -> list[str]:
        """The names of the classes, cut to a length that fits."""
        return [shorten(str(name), _CLASS_NAME) for name in self.classes]


def count_labels(rows: Sequence[NDArray[np.integer]]) -> LabelCounts:
    """Return the number of labels of each class in each row.

    The classes are 0 to the largest label; or, where these are more than `MOST_CLASSES` or a label
    is negative, those that occur.
    """
    present = np.unique(np.concatenate(rows))
    if present.size and present[0] >= 0 and present[-1] < MOST_CLASSES:
        present = np.arange(present[-1] + 1)
    counts = [
        np.bincount(np.searchsorted(present, labels), minlength=len(present)) for labels in rows
    ]
    return LabelCounts(tuple(present.tolist()), np.array(counts, dtype=np.int64))


def draw_count_bars(counts: LabelCounts, title: str = "") -> Figure:
    """Return a picture with a bar for each row; see `plot_count_bars`."""
    with house_style():
        figure = make_figure(8.0, measure_counts(counts), title)
        plot_count_bars(figure.add_subplot(), counts)
    return figure


def draw_count_map(counts: LabelCounts, title: str = "") -> Figure:
    """Return a picture with a cell for each row and class; see `plot_count_map`."""
    width = min(max(3.0 + 0.45 * len(counts.classes), 6.0), 16.0)
    with house_style():
        figure = make_figure(width, measure_counts(counts), title)
        plot_count_map(figure.add_subplot(), counts)
    return figure


def measure_counts(counts: LabelCounts) -> float:
    """Return the height of bars or a heat map with their titles and legend, in inches."""
    return counts.height + _AROUND


def plot_count_bars(axes: Axes, counts: LabelCounts) -> None:
    """Draw a bar for each row, with a piece for each class; lengths are numbers of samples.

    Each class is one collection of rectangles, in the order of classes. Of more rows than names
    fit beside them, every second, third... is named.
    """
    from matplotlib.collections import PolyCollection  # after house_style, which requires it

    sizes, ends = counts.totals, counts.counts.cumsum(axis=1)
    colours = area_colours(len(counts.classes))
    for column, colour in enumerate(colours):
        rectangles = _make_rectangles(ends[:, column] - counts.counts[:, column], ends[:, column])
        axes.add_collection(PolyCollection(list(rectangles), facecolors=[colour], linewidths=0))
    longest = max(int(sizes.max(initial=0)), 1)
    axes.set_xlim(0, 1.02 * longest)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Samples")
    _name_rows(axes, counts)
    if len(sizes) <= _MOST_SIZES:
        _write_sizes(axes, sizes, longest)
    _explain_colours(axes, counts, colours)


def plot_count_map(axes: Axes, counts: LabelCounts) -> None:
    """Draw a cell for each row and class, darker for more samples, with a colour bar.

    The counts are written into the cells of at most 20 rows and 12 classes.
    """
    numbers = counts.counts
    image = axes.imshow(numbers, cmap="Blues", aspect="auto", interpolation="nearest", vmin=0)
    axes.grid(visible=False)
    axes.set_xlabel(counts.title)
    _name_rows(axes, counts)
    _name_columns(axes, counts.short_classes)
    figure: Any = axes.figure
    figure.colorbar(image, ax=axes, label="Samples", pad=0.02, aspect=30)
    rows, columns = numbers.shape
    if rows <= _MOST_ROWS_WITH_NUMBERS and columns <= _MOST_COLUMNS_WITH_NUMBERS:
        _write_counts(axes, numbers)


def _make_rectangles(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the corners of the pieces that are not empty, float64 `(pieces, 4, 2)`."""
    rows = np.flatnonzero(right > left)
    half = (_THICKNESS if len(left) <= _MOST_WITH_GAPS else 1.0) / 2
    corners = np.empty((len(rows), 4, 2))
    corners[:, :, 0] = np.stack([left, right, right, left], axis=1)[rows]
    corners[:, :, 1] = rows[:, None] + [-half, -half, half, half]
    return corners


def _name_rows(axes: Axes, counts: LabelCounts) -> None:
    """Name as many rows as fit, the first one at the top."""
    names = [shorten(name, _NAME) for name in counts.names]
    axes.set_ylim(len(names) - 0.5, -0.5)
    _name_ticks(axes.yaxis, names, counts.room)


def _name_ticks(axis: Axis, names: Sequence[str], room: int) -> None:
    step = -(-len(names) // max(room, 1))
    axis.set_ticks(range(0, len(names), step), labels=names[::step])
    axis.set_tick_params(length=0)


def _name_columns(axes: Axes, names: Sequence[str]) -> None:
    _name_ticks(axes.xaxis, names, _MOST_NAMED_CLASSES)
    if max(map(len, names)) > 3:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def _write_sizes(axes: Axes, sizes: NDArray[np.int64], longest: int) -> None:
    axes.set_xlim(0, 1.12 * longest)  # room for the numbers
    for row, size in enumerate(sizes.tolist()):
        axes.annotate(
            f"{size:,}", (size, row), (3, 0), textcoords="offset points", va="center", fontsize=7
        )


def _write_counts(axes: Axes, counts: NDArray[np.int64]) -> None:
    middle = counts.max(initial=1) / 2
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > middle else INK if count else GREY
        axes.text(column, row, str(count), color=colour, ha="center", va="center", fontsize=7)


def _explain_colours(axes: Axes, counts: LabelCounts, colours: Sequence[Any]) -> None:
    """Name the classes below the axes, or for many classes by a colour bar."""
    if len(colours) == 1:
        return
    if len(colours) > MOST_NAMED_AREAS:
        _add_colour_bar(axes, counts, colours)
        return
    from matplotlib.patches import Patch  # after house_style, which requires it

    names = counts.short_classes
    figure: Any = axes.figure
    figure.legend(
        [Patch(color=colour) for colour in colours],
        names,
        title=counts.title,
        title_fontsize=8,
        loc="outside lower center",
        ncols=min(len(names), 5 if max(map(len, names)) > 3 else 12),
        handlelength=1.0,
        columnspacing=1.0,
    )


def _add_colour_bar(axes: Axes, counts: LabelCounts, colours: Sequence[Any]) -> None:
    from matplotlib.cm import ScalarMappable  # after house_style, which requires it
    from matplotlib.colors import BoundaryNorm, ListedColormap  # as above

    edges = np.arange(len(colours) + 1) - 0.5
    shades = ScalarMappable(BoundaryNorm(edges, len(colours)), ListedColormap(colours))
    figure: Any = axes.figure
    bar = figure.colorbar(shades, ax=axes, label=counts.title, pad=0.02, aspect=30)
    _name_ticks(bar.ax.yaxis, counts.short_classes, counts.room)
    bar.ax.minorticks_off()
