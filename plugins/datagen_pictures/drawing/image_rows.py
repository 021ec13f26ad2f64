"""Rows of small images in one picture, pixel by pixel, beside heat maps of their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pictures.drawing.counts import LabelCounts
from datagen_pictures.drawing.figures import make_figure
from datagen_pictures.drawing.style import house_style, wrap
from datagen_pictures.errors import PictureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GAP = 4  # pixels between neighbours
_TEXT_HEIGHT = 12  # pixels
_LEAST_CELL = 12  # pixels
_DPI = 128  # a power of two, so that pixels / _DPI * _DPI is exact
_POINTS = 5.5  # digits are 7 pixels high
_LEAST_TITLED = 360  # pixels; a title in a narrower picture would have many lines
_TITLE_LINES = 4
_SCALE = (100, 8)  # pixels of the scale of shares
_SHARES = "share of the row's labels"
_ENDS = (0.05, 0.1, 0.2, 0.5, 1.0)  # of the scale of shares, so that many classes can be told apart


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a picture.

    Attributes
    ----------
    images
        uint8, `(n, height, width)` grey or `(n, height, width, 3)` colour.
    captions
        A text below each image; empty for no captions.
    title
        A text to the left of the row.
    """

    images: NDArray[np.uint8]
    captions: Sequence[str] = ()
    title: str = ""


def draw_grid(
    images: NDArray[np.uint8],
    columns: int = 10,
    labels: Sequence[object] | None = None,
    scale: int = 2,
) -> Figure:
    """Return a picture of images, row by row.

    Parameters
    ----------
    images
        uint8, `(n, height, width)` grey or `(n, height, width, 3)` colour.
    columns
        Number of images per row.
    labels
        One for each image, shown below it.
    scale
        Every pixel becomes a square of this side.

    Raises
    ------
    PictureError
        When shape, type or number of the images do not fit.
    MissingPackageError
        When matplotlib is not installed.
    """
    if columns < 1:
        raise PictureError(f"a grid of images has at least 1 column, not {columns}")
    captions = [str(label) for label in labels] if labels is not None else []
    _check_row(Row(images, captions), images.shape)
    rows = [
        Row(images[start : start + columns], captions[start : start + columns])
        for start in range(0, len(images), columns)
    ]
    return draw_rows(rows, scale)


def draw_rows(
    rows: Sequence[Row], scale: int = 2, heat_map: LabelCounts | None = None, title: str = ""
) -> Figure:
    """Return a picture of titled rows, which may differ in length, but not in image size.

    Parameters
    ----------
    rows
        The rows, from top to bottom.
    scale
        Every pixel of an image becomes a square of this side; nothing is smoothed.
    heat_map
        To the right of each row, a row of its cells, the darker the more labels are of a class, as
        a scale below says, and the number of labels.
    title
        A text above all rows.

    Raises
    ------
    PictureError
        When shape, type or number of the images do not fit, or the number of rows of the heat map.
    MissingPackageError
        When matplotlib is not installed.
    """
    _check(rows, scale, heat_map)
    with house_style():
        sheet = _Sheet(rows, scale, heat_map, title)
        sheet.draw_images(rows, scale)
        if heat_map is not None:
            sheet.draw_heat_map(heat_map)
    return sheet.figure


class _Sheet:
    """A figure on which all places are whole pixels, (x, y) from the upper left corner."""

    def __init__(
        self, rows: Sequence[Row], scale: int, heat_map: LabelCounts | None, title: str
    ) -> None:
        height, width = (scale * side for side in rows[0].images.shape[1:3])
        captions = [caption for row in rows for caption in row.captions]
        titles = _measure(*(row.title for row in rows))
        self.rows, self.tile = len(rows), (width, height)
        self.pitch = (
            max(width, _measure(*captions)) + _GAP,  # from one image to the next
            height + (_TEXT_HEIGHT if captions else 0) + _GAP,
        )
        self.left = titles + 3 * _GAP if titles else _GAP
        self.right = self.left + max(len(row.images) for row in rows) * self.pitch[0]
        wide, foot, names = self.right, 0, 0
        if heat_map is not None:
            self.cell = max(_LEAST_CELL, _measure(*heat_map.short_classes) + _GAP)
            self.end = self.right + _GAP + len(heat_map.classes) * self.cell
            wide = self.end + _measure("n", *map(str, heat_map.totals)) + 3 * _GAP
            wide = max(wide, _SCALE[0] + _measure(_SHARES, "0 %", "100 %") + 40)
            foot, names = _TEXT_HEIGHT + 3 * _GAP, _TEXT_HEIGHT
        wide = max(wide, _LEAST_TITLED) if title else wide
        head = _cut(title, wide - 2 * _GAP)
        self.top = _GAP + names + (len(head) * _TEXT_HEIGHT + _GAP) * bool(head)
        self.size = (wide, self.top + self.rows * self.pitch[1] + foot)
        self.figure = make_figure(*(side / _DPI for side in self.size), dpi=_DPI, layout="none")
        for number, line in enumerate(head):
            place = _GAP + number * _TEXT_HEIGHT
            self._write(_GAP, place, line, ha="left", va="top", weight="bold")

    def draw_images(self, rows: Sequence[Row], scale: int) -> None:
        for number, row in enumerate(rows):
            top = self.top + number * self.pitch[1]
            self._write(_GAP, top + self.tile[1] / 2, row.title, ha="left", va="center")
            if len(row.images):
                strip = self._join(row.images, scale)
                self.figure.figimage(strip, self.left, self.size[1] - top - self.tile[1])
            for column, caption in enumerate(row.captions):
                middle = self.left + column * self.pitch[0] + self.tile[0] / 2
                self._write(middle, top + self.tile[1] + 2, caption, ha="center", va="top")

    def _join(self, images: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
        """Return enlarged images side by side, uint8 `(height, width, 3)`, white between them."""
        strip = np.full((self.tile[1], len(images) * self.pitch[0], 3), 255, np.uint8)
        for column, image in enumerate(images):
            enlarged = image.repeat(scale, axis=0).repeat(scale, axis=1)
            place = strip[:, column * self.pitch[0] :][:, : self.tile[0]]
            place[:] = enlarged.reshape(*enlarged.shape[:2], -1)  # grey in all three colours
        return strip

    def draw_heat_map(self, heat_map: LabelCounts) -> None:
        from matplotlib.collections import PolyCollection  # after house_style
        from matplotlib.transforms import IdentityTransform

        rows, columns = heat_map.counts.shape
        left = self.right + _GAP + self.cell * np.arange(columns)
        top = self.size[1] - self.top - self.pitch[1] * np.arange(rows)
        corners = np.empty((rows, columns, 4, 2))
        corners[..., 0] = left[:, np.newaxis] + np.array([0, self.cell, self.cell, 0])
        corners[..., 1] = top[:, np.newaxis, np.newaxis] - np.array([0, 0, 1, 1]) * self.tile[1]
        look: Any = {"cmap": "gray_r", "edgecolors": "#c0c0c0", "linewidths": 72 / _DPI}
        cells = PolyCollection(
            list(corners.reshape(-1, 4, 2)),
            array=heat_map.shares.ravel(),
            clim=(0, _end(heat_map)),
            **look,
        )
        cells.set_transform(IdentityTransform())
        self.figure.add_artist(cells)
        end, baseline = self.end + _GAP, self.top - _GAP
        for column, label in enumerate(heat_map.short_classes):
            middle = left[column] + self.cell / 2
            self._write(middle, baseline, str(label), ha="center", va="bottom")
        self._write(end, baseline, "n", ha="left", va="bottom")
        for row, total in enumerate(heat_map.totals):
            middle = self.top + row * self.pitch[1] + self.tile[1] / 2
            self._write(end, middle, str(total), ha="left", va="center")
        self._draw_scale(f"{_end(heat_map):.0%}".replace("%", " %"))

    def _draw_scale(self, end: str) -> None:
        """Draw what the colours of the heat map mean, in the lower right corner."""
        width, height = _SCALE
        shades = np.repeat(np.linspace(255, 0, width).astype(np.uint8)[np.newaxis], height, axis=0)
        shades[[0, -1]] = shades[:, [0, -1]] = 0xC0
        middle = self.size[1] - _GAP - _TEXT_HEIGHT / 2
        right = self.size[0] - _measure(end) - 3 * _GAP
        strip = np.repeat(shades[:, :, np.newaxis], 3, axis=2)
        self.figure.figimage(strip, right - width, self.size[1] - middle - height / 2)
        self._write(right + _GAP, middle, end, ha="left", va="center")
        self._write(right - width - _GAP, middle, f"{_SHARES}   0 %", ha="right", va="center")

    def _write(self, x: float, y: float, text: str, **where: str) -> None:
        from matplotlib.transforms import IdentityTransform  # after house_style

        place: Any = {"transform": IdentityTransform(), "fontsize": _POINTS, **where}
        self.figure.text(x, self.size[1] - y, text, **place)


def _measure(*texts: str) -> int:
    """Return the width of the longest text in pixels."""
    from matplotlib.font_manager import FontProperties, findfont, get_font  # after house_style

    font = get_font(findfont(FontProperties()))
    font.set_size(_POINTS, _DPI)
    widths = []
    for text in texts:
        font.set_text(text)
        widths.append(font.get_width_height()[0] / 64)
    return ceil(max(widths, default=0))


def _end(heat_map: LabelCounts) -> float:
    """Return the share that is black."""
    largest = heat_map.shares.max(initial=0)
    return next(end for end in _ENDS if largest <= end)


def _cut(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` pixels in a bold font."""
    letters = max(int(len(text) * width / (1.15 * max(_measure(text), 1))), 1)
    return wrap(text, letters, _TITLE_LINES).splitlines()


def _check(rows: Sequence[Row], scale: int, heat_map: LabelCounts | None) -> None:
    if not any(len(row.images) for row in rows):
        raise PictureError("a picture of images needs at least one image")
    if scale < 1:
        raise PictureError(f"the scale of images is at least 1, not {scale}")
    for row in rows:
        _check_row(row, rows[0].images.shape)
    if heat_map is not None and len(heat_map.counts) != len(rows):
        raise PictureError(
            f"{len(rows)} rows cannot have a heat map of {len(heat_map.counts)} rows"
        )


def _check_row(row: Row, first: tuple[int, ...]) -> None:
    shape, dtype = row.images.shape, row.images.dtype
    is_drawable = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if not is_drawable or dtype != np.uint8 or shape[1:] != first[1:]:
        form = "uint8 (n, height, width) or (n, height, width, 3), all of one size"
        raise PictureError(f"a picture of images takes {form}; not {dtype} {shape}")
    if row.captions and len(row.captions) != len(row.images):
        raise PictureError(f"{len(row.images)} images cannot have {len(row.captions)} labels")
