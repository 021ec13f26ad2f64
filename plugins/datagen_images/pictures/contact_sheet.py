"""Contact sheets: many small images in one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import replacing, require
from datagen_images.errors import ImagesError
from datagen_images.pictures.heat_map import HeatMap, draw_heat_map, measure_heat_map

if TYPE_CHECKING:
    from PIL.Image import Image

_GAP = 4  # pixels between neighbours
_TEXT_HEIGHT = 12  # pillow's default font is 10 pixels high


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a contact sheet.

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


def contact_sheet(
    images: NDArray[np.uint8],
    columns: int = 10,
    labels: Sequence[object] | None = None,
    scale: int = 2,
) -> Image:
    """Return a grid of images, row by row.

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
    ImagesError
        When shape, type or number of the images do not fit.
    MissingPackageError
        When pillow is not installed.
    """
    if columns < 1:
        raise ImagesError(f"a contact sheet has at least 1 column, not {columns}")
    captions = [str(label) for label in labels] if labels is not None else []
    _check_row(Row(images, captions), images.shape)
    rows = [
        Row(images[start : start + columns], captions[start : start + columns])
        for start in range(0, len(images), columns)
    ]
    return draw_rows(rows, scale)


def draw_rows(rows: Sequence[Row], scale: int = 2, heat_map: HeatMap | None = None) -> Image:
    """Return a picture of titled rows, which may differ in length, but not in image size.

    Parameters
    ----------
    rows
        The rows, from top to bottom.
    scale
        Every pixel of an image becomes a square of this side.
    heat_map
        A row of its cells is drawn to the right of each row.

    Raises
    ------
    ImagesError
        When shape, type or number of the images do not fit, or the number of rows of the heat map.
    MissingPackageError
        When pillow is not installed.
    """
    _check(rows, scale)
    _check_heat_map(rows, heat_map)
    pillow, drawing, fonts = (
        require(f"PIL.{name}", "images") for name in ("Image", "ImageDraw", "ImageFont")
    )
    length = fonts.load_default().getlength
    layout = _lay_out(rows, scale, length, heat_map)
    sheet = pillow.new("RGB" if _is_colour(rows[0]) else "L", layout.size, "white")
    draw = drawing.Draw(sheet)
    for number, row in enumerate(rows):
        draw.text(layout.title_place(number), row.title, fill="black", anchor="lm")
        for column, image in enumerate(row.images):
            tile = pillow.fromarray(_enlarge(image, scale))
            sheet.paste(tile, layout.image_corner(number, column))
        for column, caption in enumerate(row.captions):
            draw.text(layout.caption_place(number, column), caption, fill="black", anchor="ma")
    if heat_map is not None:
        corners = [layout.heat_map_corner(row) for row in range(len(rows))]
        draw_heat_map(draw, heat_map, corners, layout.tile[1], length)
    return cast("Image", sheet)


def save_png(sheet: Image, path: Path) -> None:
    """Write a picture, replacing an older one; the file appears only when it is complete.

    Raises
    ------
    ImagesError
        When it cannot be written.
    """
    try:
        with replacing(path) as file:
            sheet.save(file, format="PNG")
    except OSError as error:
        raise ImagesError(f"{path} cannot be written: {error.strerror or error}") from error


@dataclass(frozen=True)
class _Layout:
    """Places of everything, in pixels (x, y) from the upper left corner."""

    rows: int
    columns: int
    tile: tuple[int, int]  # width and height of an enlarged image
    pitch: tuple[int, int]  # from one image to the next, to the right and down
    margin: int  # width of the titles
    head: int = 0  # height of what stands above the heat map
    heat_map: int = 0  # its width

    @property
    def size(self) -> tuple[int, int]:
        right, bottom = self.image_corner(self.rows, self.columns)
        if self.heat_map:
            right = self.heat_map_corner(0)[0] + self.heat_map + _GAP
        return max(right, 1), max(bottom, 1)

    def image_corner(self, row: int, column: int) -> tuple[int, int]:
        y = self.head + _GAP + row * self.pitch[1]
        return self.margin + _GAP + column * self.pitch[0], y

    def heat_map_corner(self, row: int) -> tuple[int, int]:
        x, y = self.image_corner(row, self.columns)
        return x + _GAP, y

    def caption_place(self, row: int, column: int) -> tuple[int, int]:
        """Return the middle of the caption's upper edge."""
        x, y = self.image_corner(row, column)
        return x + self.tile[0] // 2, y + self.tile[1] + 1

    def title_place(self, row: int) -> tuple[int, int]:
        """Return the middle of the title's left edge."""
        return _GAP, self.image_corner(row, 0)[1] + self.tile[1] // 2


def _lay_out(
    rows: Sequence[Row], scale: int, length: Callable[[str], float], heat_map: HeatMap | None
) -> _Layout:
    height, width = (scale * side for side in rows[0].images.shape[1:3])
    titles = [ceil(length(row.title)) for row in rows]
    captions = [ceil(length(caption)) for row in rows for caption in row.captions]
    return _Layout(
        rows=len(rows),
        columns=max(len(row.images) for row in rows),
        tile=(width, height),
        pitch=(
            max(width, *captions, 0) + _GAP,
            height + (_TEXT_HEIGHT if captions else 0) + _GAP,
        ),
        margin=max(titles) + (2 * _GAP if any(titles) else 0),
        head=0 if heat_map is None else _TEXT_HEIGHT,
        heat_map=0 if heat_map is None else measure_heat_map(heat_map, length),
    )


def _enlarge(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    # (h, w, …) -> (h scale, w scale, …)
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def _is_colour(row: Row) -> bool:
    return row.images.ndim == 4


def _check(rows: Sequence[Row], scale: int) -> None:
    if not any(len(row.images) for row in rows):
        raise ImagesError("a contact sheet needs at least one image")
    if scale < 1:
        raise ImagesError(f"the scale of a contact sheet is at least 1, not {scale}")
    for row in rows:
        _check_row(row, rows[0].images.shape)


def _check_heat_map(rows: Sequence[Row], heat_map: HeatMap | None) -> None:
    if heat_map is not None and len(heat_map.counts) != len(rows):
        raise ImagesError(f"{len(rows)} rows cannot have a heat map of {len(heat_map.counts)} rows")


def _check_row(row: Row, first: tuple[int, ...]) -> None:
    shape, dtype = row.images.shape, row.images.dtype
    is_drawable = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if not is_drawable or dtype != np.uint8 or shape[1:] != first[1:]:
        form = "uint8 (n, height, width) or (n, height, width, 3), all of one size"
        raise ImagesError(f"a contact sheet takes {form}; not {dtype} {shape}")
    if row.captions and len(row.captions) != len(row.images):
        raise ImagesError(f"{len(row.images)} images cannot have {len(row.captions)} labels")
