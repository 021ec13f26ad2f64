"""A picture of the numbers of samples that users have, as bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core.files import replacing, require
from datagen_leaf.preprocessing.statistics import SizeStatistics, bins_of

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_SIZE = (960, 540)
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 60, 940, 470
_PLOT = "#4472a8"
_OVERFLOW = "#c0803a"
_INK = "#202020"
_GRID = "#dddddd"
_FONT = 15


def draw_histogram(statistics: SizeStatistics, path: Path, title: str) -> None:
    """Draw the histogram of users' numbers of samples, with the overflow bin, as a PNG file.

    Raises
    ------
    MissingPackageError
        When pillow is not installed.
    """
    images, drawing = (require(f"PIL.{name}", "images") for name in ("Image", "ImageDraw"))
    image = images.new("RGB", _SIZE, "white")
    draw = drawing.Draw(image)
    bins = bins_of(statistics)
    top = _draw_axis(draw, max(count for _, count in bins))
    for place, (name, count) in enumerate(bins):
        _draw_bar(draw, place, len(bins), name, count, top)
    _write(draw, ((_LEFT + _RIGHT) / 2, _TOP / 2), title, "mm")
    _write(draw, ((_LEFT + _RIGHT) / 2, _SIZE[1] - 20), "number of samples", "mm")
    _write(draw, (10, _TOP / 2), "number of users", "lm")
    with replacing(path) as file:
        image.save(file, format="PNG")


def _write(draw: ImageDraw, where: tuple[float, float], text: str, anchor: str) -> None:
    draw.text(where, text, fill=_INK, anchor=anchor, font_size=_FONT)


def _draw_axis(draw: ImageDraw, highest: int) -> int:
    """Draw lines at round numbers of users, and return the highest number."""
    step = _round_step(highest)
    top = -(-highest // step) * step
    for value in range(0, top + 1, step):
        level = _BOTTOM - (_BOTTOM - _TOP) * value / top
        draw.line((_LEFT, level, _RIGHT, level), fill=_GRID)
        _write(draw, (_LEFT - 10, level), f"{value:,}", "rm")
    return top


def _round_step(highest: int) -> int:
    """Return 1, 2 or 5 times a power of ten; at most six steps reach `highest`."""
    power: int = 10 ** max(0, len(str(highest)) - 2)
    steps = [power * factor for factor in (1, 2, 5, 10, 20)]
    return next(step for step in steps if 6 * step >= highest)


def _draw_bar(draw: ImageDraw, place: int, places: int, name: str, count: int, top: int) -> None:
    width = (_RIGHT - _LEFT) / places
    left = _LEFT + place * width
    height = (_BOTTOM - _TOP) * count / top
    color = _OVERFLOW if place == places - 1 else _PLOT
    if count:
        draw.rectangle((left + 4, _BOTTOM - height, left + width - 4, _BOTTOM), fill=color)
    middle = left + width / 2
    _write(draw, (middle, _BOTTOM - height - 4), f"{count:,}", "mb")
    _write(draw, (middle, _BOTTOM + 8), name, "mt")
