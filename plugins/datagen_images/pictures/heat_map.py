"""Heat maps of labels: the share of each class among the labels of a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

MOST_CLASSES = 62
"""Largest number of columns, unless asked for; EMNIST has this many classes."""

_GAP = 4  # pixels between the cells and the number of samples
_LEAST_CELL = 12  # pixels
_LINE = "rgb(192,192,192)"

Corner = tuple[int, int]
Length = Callable[[str], float]
"""Returns the width of a text in pixels."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """The number of labels of each class in each row.

    Attributes
    ----------
    classes
        The label of each column.
    counts
        int64 `(rows, columns)`.
    """

    classes: tuple[int, ...]
    counts: NDArray[np.int64]

    @property
    def totals(self) -> NDArray[np.int64]:
        """The number of labels of each row."""
        totals: NDArray[np.int64] = self.counts.sum(axis=1)
        return totals

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each class among the labels of its row, 0 to 1; 0 in rows without labels."""
        return self.counts / np.maximum(self.totals, 1)[:, np.newaxis]


def count_labels(rows: Sequence[NDArray[np.integer]]) -> HeatMap:
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
    return HeatMap(tuple(present.tolist()), np.array(counts, dtype=np.int64))


def measure_heat_map(heat_map: HeatMap, length: Length) -> int:
    """Return the width of a heat map in pixels, with the numbers of labels to its right."""
    cells = len(heat_map.classes) * _measure_cell(heat_map, length) + 1
    return cells + _GAP + ceil(max(length(text) for text in ("n", *map(str, heat_map.totals))))


def draw_heat_map(
    draw: ImageDraw, heat_map: HeatMap, corners: Sequence[Corner], height: int, length: Length
) -> None:
    """Draw a cell for each class and row, from white for no labels to black for all labels.

    The classes are written above the first row, the number of labels to the right of each row.

    Parameters
    ----------
    draw
        Where to draw.
    heat_map
        What to draw.
    corners
        The upper left corner of each row, in pixels.
    height
        The height of each row, in pixels.
    length
        The width of a text, in pixels.
    """
    cell = _measure_cell(heat_map, length)
    x, y = corners[0]
    baseline = y - _GAP
    for column, label in enumerate(heat_map.classes):
        middle = x + column * cell + cell // 2
        draw.text((middle, baseline), str(label), fill="black", anchor="ms")
    end = x + len(heat_map.classes) * cell + 1 + _GAP
    draw.text((end, baseline), "n", fill="black", anchor="ls")
    for (left, top), shares, total in zip(corners, heat_map.shares, heat_map.totals, strict=True):
        for column, share in enumerate(shares):
            start = left + column * cell  # neighbours share a line
            box = (start, top, start + cell, top + height - 1)
            draw.rectangle(box, fill=_shade(share), outline=_LINE)
        draw.text((end, top + height // 2), str(total), fill="black", anchor="lm")


def _measure_cell(heat_map: HeatMap, length: Length) -> int:
    texts = (ceil(length(str(label))) + _GAP for label in heat_map.classes)
    return max(_LEAST_CELL, *texts, 0)


def _shade(share: float) -> str:
    grey = round(255 * (1 - share))
    return f"rgb({grey},{grey},{grey})"
