"""Samples of clients by class: stacked bars, and a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.plotting.runs import FederatedRun
from datagen_federated.plotting.style import GREY, INK, MOST_CLASSES, area_colours, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

MOST_ROWS_WITH_NUMBERS = 20
MOST_COLUMNS_WITH_NUMBERS = 12

_NAME = 20  # characters of a client's name beside the axes
_CLASS_NAME = 14
_MOST_NAMED_CLASSES = 24
_MOST_SIZES = 40  # rows; more have no sizes written beside them
_THICKNESS = 0.8  # of a bar, where 1 leaves no gap
_MOST_WITH_GAPS = 60  # rows; gaps between more rows would hide the bars


def plot_bars(axes: Axes, run: FederatedRun, rows_with_names: int) -> None:
    """Draw a bar for each client, with a piece for each class; lengths are numbers of samples.

    Parameters
    ----------
    axes
        The axes to draw on. Each class is one collection of rectangles, in the order of classes.
    run
        The run.
    rows_with_names
        Number of names that fit; of more clients, every second, third... is named.
    """
    from matplotlib.collections import PolyCollection  # after house_style, which requires it

    counts, sizes = run.counts, run.sizes
    ends = counts.cumsum(axis=1)
    colours = area_colours(counts.shape[1])
    for column, colour in enumerate(colours):
        rectangles = _make_rectangles(ends[:, column] - counts[:, column], ends[:, column])
        axes.add_collection(PolyCollection(list(rectangles), facecolors=[colour], linewidths=0))
    longest = max(int(sizes.max(initial=0)), 1)
    axes.set_xlim(0, 1.02 * longest)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Samples")
    _name_rows(axes, run, rows_with_names)
    if len(sizes) <= _MOST_SIZES:
        _write_sizes(axes, sizes, longest)
    _explain_colours(axes, run, colours, rows_with_names)


def plot_heat_map(axes: Axes, run: FederatedRun, rows_with_names: int) -> None:
    """Draw a cell for each client and class, darker for more samples, with a colour bar.

    The counts are written into the cells of at most 20 clients and 12 classes.

    Parameters
    ----------
    axes, run, rows_with_names
        The same as those of `plot_bars`.
    """
    counts = run.counts
    image = axes.imshow(counts, cmap="Blues", aspect="auto", interpolation="nearest", vmin=0)
    axes.grid(visible=False)
    axes.set_xlabel(run.class_word)
    _name_rows(axes, run, rows_with_names)
    _name_columns(axes, run.class_names)
    figure: Any = axes.figure
    figure.colorbar(image, ax=axes, label="Samples", pad=0.02, aspect=30)
    rows, columns = counts.shape
    if rows <= MOST_ROWS_WITH_NUMBERS and columns <= MOST_COLUMNS_WITH_NUMBERS:
        _write_counts(axes, counts)


def _make_rectangles(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the corners of the pieces that are not empty, float64 `(pieces, 4, 2)`."""
    rows = np.flatnonzero(right > left)
    half = (_THICKNESS if len(left) <= _MOST_WITH_GAPS else 1.0) / 2
    corners = np.empty((len(rows), 4, 2))
    corners[:, :, 0] = np.stack([left, right, right, left], axis=1)[rows]
    corners[:, :, 1] = rows[:, None] + [-half, -half, half, half]
    return corners


def _name_rows(axes: Axes, run: FederatedRun, room: int) -> None:
    """Name as many clients as fit, the first one at the top."""
    names = [shorten(name, _NAME) for name in run.client_names]
    axes.set_ylim(len(names) - 0.5, -0.5)
    _name_ticks(axes.yaxis, names, room)


def _name_ticks(axis: Axis, names: Sequence[str], room: int) -> None:
    step = -(-len(names) // max(room, 1))
    axis.set_ticks(range(0, len(names), step), labels=names[::step])
    axis.set_tick_params(length=0)


def _name_columns(axes: Axes, names: Sequence[str]) -> None:
    short = [shorten(name, _CLASS_NAME) for name in names]
    _name_ticks(axes.xaxis, short, _MOST_NAMED_CLASSES)
    if max(map(len, short)) > 3:
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


def _explain_colours(axes: Axes, run: FederatedRun, colours: Sequence[Any], room: int) -> None:
    """Name the classes below the axes, or for many classes by a colour bar."""
    if len(colours) == 1:
        return
    if len(colours) > MOST_CLASSES:
        _add_colour_bar(axes, run, colours, room)
        return
    from matplotlib.patches import Patch  # after house_style, which requires it

    names = [shorten(name, _CLASS_NAME) for name in run.class_names]
    figure: Any = axes.figure
    figure.legend(
        [Patch(color=colour) for colour in colours],
        names,
        title=run.class_word,
        title_fontsize=8,
        loc="outside lower center",
        ncols=min(len(names), 5 if max(map(len, names)) > 3 else 12),
        handlelength=1.0,
        columnspacing=1.0,
    )


def _add_colour_bar(axes: Axes, run: FederatedRun, colours: Sequence[Any], room: int) -> None:
    from matplotlib.cm import ScalarMappable  # after house_style, which requires it
    from matplotlib.colors import BoundaryNorm, ListedColormap  # as above

    edges = np.arange(len(colours) + 1) - 0.5
    shades = ScalarMappable(BoundaryNorm(edges, len(colours)), ListedColormap(colours))
    figure: Any = axes.figure
    bar = figure.colorbar(shades, ax=axes, label=run.class_word, pad=0.02, aspect=30)
    _name_ticks(bar.ax.yaxis, run.class_names, room)
    bar.ax.minorticks_off()
