"""Pictures of a page as PNG files: contact sheets, and charts, which need matplotlib."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import require
from datagen_images import Row, contact_sheet, draw_rows
from datagen_pate.report.distribution import Distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008 (jfly.uni-koeln.de/color): distinct to colour-blind readers, too.
_BLUE, _ORANGE, _GREEN = "#0072B2", "#E69F00", "#009E73"
_INK = "#202020"
_SETTINGS: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "savefig.dpi": 110,
}
_SCALE = 2  # of a pixel in contact sheets
_COLUMNS = 16

Mark = tuple[float, str]
"""The place of a vertical line, and its name."""


def draw_grid(images: NDArray[np.uint8]) -> bytes:
    """Return a PNG of images, row by row.

    Raises
    ------
    ImagesError
        When there are no images, or pillow is not installed.
    """
    return _encode(contact_sheet(images, _COLUMNS, scale=_SCALE))


def draw_classes(by_class: Sequence[NDArray[np.uint8]]) -> bytes:
    """Return a PNG with a row for each class.

    Raises
    ------
    ImagesError
        When there are no images at all, or pillow is not installed.
    """
    rows = [Row(images, title=f"class {label}") for label, images in enumerate(by_class)]
    return _encode(draw_rows(rows, _SCALE))


def _encode(sheet: Any) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def draw_counts(counts: NDArray[np.int64], private: NDArray[np.int64] | None) -> bytes:
    """Return a PNG of the share of each class, beside that of private images where it is known.

    Raises
    ------
    ImagesError
        When matplotlib is not installed.
    """
    with _new_figure(8.0, 2.8) as (figure, png):
        axes = figure.add_subplot()
        bars = [(counts, "images of the set", _BLUE)]
        bars += [(private, "private images", _ORANGE)] if private is not None else []
        width = 0.8 / len(bars)
        for turn, (each, name, colour) in enumerate(bars):
            places = np.arange(len(each)) + (turn - (len(bars) - 1) / 2) * width
            share = 100 * each / max(int(each.sum()), 1)
            axes.bar(places, share, width, label=f"{name}: {each.sum()}", color=colour)
        axes.set_xticks(range(len(counts)))
        axes.set_xlabel("class")
        axes.set_ylabel("share, %")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return png.getvalue()


def draw_distribution(values: Distribution, title: str, marks: Sequence[Mark]) -> bytes:
    """Return a PNG of a distribution: drawn images below, steered ones on top of them.

    Parameters
    ----------
    marks
        Lines to draw, such as thresholds.

    Raises
    ------
    ImagesError
        When matplotlib is not installed.
    """
    with _new_figure(5.2, 2.8) as (figure, png):
        axes = figure.add_subplot()
        drawn, steered = values.counts
        left, width = values.edges[:-1], np.diff(values.edges)
        axes.bar(left, drawn, width, align="edge", color=_BLUE, label="drawn")
        if steered.any():
            look: Any = {"color": _GREEN, "label": "steered"}
            axes.bar(left, steered, width, bottom=drawn, align="edge", **look)
        for (place, name), style in zip(marks, ("--", ":"), strict=False):
            axes.axvline(place, color=_INK, linestyle=style, linewidth=1.2, label=name)
        _crop(axes, values, [place for place, _ in marks])
        axes.set_xlabel(title)
        axes.set_ylabel("images")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return png.getvalue()


def _crop(axes: Axes, values: Distribution, marks: Sequence[float]) -> None:
    """Show where there is something, and two bins around."""
    margin = 2 * values.edges[1]
    low = max(min([values.least, *marks]) - margin, 0)
    high = min(max([values.greatest, *marks]), values.edges[-1]) + margin
    axes.set_xlim(low, high)


@contextmanager
def _new_figure(width: float, height: float) -> Iterator[tuple[Figure, io.BytesIO]]:
    """Yield a figure, and a buffer for its PNG, independent of the user's own style."""
    mpl, figures = require("matplotlib", "plots"), require("matplotlib.figure", "plots")
    buffer = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = figures.Figure(figsize=(width, height), layout="constrained")
        yield figure, buffer
        # Its version would be part of the file.
        figure.savefig(buffer, format="png", metadata={"Software": None})
