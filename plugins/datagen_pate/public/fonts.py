"""Fonts of this machine that can draw letters and digits, and the letters that they draw."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_images import import_pillow
from datagen_pate.errors import PateError

CANVAS, BOX = 48, 36
"""Pixels of the side of a template, and of the longer side of the shape in its middle."""

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_ENDINGS = {".ttf", ".otf"}
_MAX_FONTS = 400
_LEAST_LIKENESS = 0.33  # correlation with the reference: an italic has .36, symbols .28 and less
_NO_CHARACTER = "\uffff"  # drawn as the sign for a missing character


@dataclass(frozen=True, eq=False)
class FontShapes:
    """The characters as one font draws them.

    Attributes
    ----------
    name, sha256
        The font's name and the hash of its file.
    shapes
        uint8 `(characters, CANVAS, CANVAS)`, white on black.
    """

    name: str
    sha256: str
    shapes: NDArray[np.uint8]


def find_fonts() -> list[Path]:
    """Return the font files of this machine: the system's, the user's and matplotlib's.

    They are in order of their names, whatever the folders.
    """
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    matplotlib = find_spec("matplotlib")  # only where it lies: importing it takes a second
    if matplotlib is not None and matplotlib.origin is not None:
        folders.append(Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf")
    found = (path for folder in folders if folder.is_dir() for path in folder.rglob("*"))
    fonts = (path for path in found if path.suffix.lower() in _ENDINGS and path.is_file())
    return sorted(fonts, key=lambda path: (path.name, str(path)))


def draw_characters(characters: str, fonts: list[Path] | None = None) -> list[FontShapes]:
    """Return the characters in every font that has all of them.

    Two versions of a font that draw the same count once.

    Parameters
    ----------
    characters
        What to draw.
    fonts
        Font files; None: all that this machine has, and pillow's own.

    Raises
    ------
    PateError
        When no font has the characters.
    ImagesError
        When pillow is not installed.
    """
    return list(_draw_characters(characters, None if fonts is None else tuple(fonts)))


@cache  # a second for all fonts of a machine
def _draw_characters(characters: str, fonts: tuple[Path, ...] | None) -> tuple[FontShapes, ...]:
    pillow = import_pillow()
    contents = {hashlib.sha256(data).hexdigest(): data for data in _read_fonts(pillow, fonts)}
    reference = _draw_all(_default_font(pillow), characters, pillow)
    drawn = (_draw_font(key, data, characters, reference, pillow) for key, data in contents.items())
    different = {font.shapes.tobytes(): font for font in drawn if font is not None}
    if not different:
        raise PateError("no font here has all letters and digits; install one, DejaVu say")
    return tuple(different.values())[:_MAX_FONTS]


def _read_fonts(pillow: ModuleType, fonts: tuple[Path, ...] | None) -> Iterator[bytes]:
    for path in find_fonts() if fonts is None else fonts:
        yield path.read_bytes()
    own = getattr(_default_font(pillow), "font_bytes", None)
    if fonts is None and own:
        yield own


def _default_font(pillow: ModuleType) -> Any:
    return pillow.ImageFont.load_default(2 * BOX)


def _draw_font(
    sha256: str, data: bytes, characters: str, reference: NDArray[np.uint8], pillow: ModuleType
) -> FontShapes | None:
    """Return what a font draws; None where it cannot be read or has other signs in these places."""
    try:
        font = pillow.ImageFont.truetype(io.BytesIO(data), 2 * BOX)
        missing = bytes(font.getmask(_NO_CHARACTER))
        masks = {bytes(font.getmask(character)) for character in characters}
    except (OSError, ValueError):
        return None
    if missing in masks or len(masks) < len(characters):
        return None
    shapes = _draw_all(font, characters, pillow)
    if _measure_likeness(shapes, reference) < _LEAST_LIKENESS:
        return None
    return FontShapes(" ".join(filter(None, font.getname())), sha256, shapes)


def _draw_all(font: Any, characters: str, pillow: ModuleType) -> NDArray[np.uint8]:
    return np.stack([_draw_character(font, character, pillow) for character in characters])


def _draw_character(font: Any, character: str, pillow: ModuleType) -> NDArray[np.uint8]:
    left, top, right, bottom = font.getbbox(character)
    drawn = pillow.Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    pillow.ImageDraw.Draw(drawn).text((-left, -top), character, font=font, fill=255)
    return fit_on_canvas(drawn)


def fit_on_canvas(drawn: Any) -> NDArray[np.uint8]:
    """Return a pillow picture of greys, its longer side BOX pixels, in the middle of a canvas."""
    image = import_pillow().Image
    scale = BOX / max(drawn.size)
    width, height = (max(1, round(side * scale)) for side in drawn.size)
    canvas = image.new("L", (CANVAS, CANVAS))
    resized = drawn.resize((width, height), image.Resampling.LANCZOS)
    canvas.paste(resized, ((CANVAS - width) // 2, (CANVAS - height) // 2))
    return np.asarray(canvas)


def _measure_likeness(shapes: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Return the mean correlation of the pixels of each character with those of the reference."""
    pairs = zip(shapes.reshape(len(shapes), -1), reference.reshape(len(shapes), -1), strict=True)
    likeness = [np.corrcoef(one, other)[0, 1] for one, other in pairs if one.any()]
    return float(np.mean(likeness)) if likeness else 0.0
