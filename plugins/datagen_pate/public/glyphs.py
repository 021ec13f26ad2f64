"""Characters drawn in fonts: public images that need no download."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import expand_home, require
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.public.drawing import Jitter, draw_shapes
from datagen_pate.public.images import CHARACTERS, PublicImages, pick_evenly

CANVAS, BOX = 48, 36
"""Pixels of the side of a template, and of the longer side of the shape in its middle."""

ALL = "all"
"""What `--fonts` calls the fonts of this machine."""

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_ENDINGS = {".ttf", ".otf"}
_MAX_FONTS = 400
_LEAST_LIKENESS = 0.33  # correlation with the reference: an italic has .36, symbols .28 and less
_NO_CHARACTER = "\uffff"  # drawn as the sign for a missing character

# The range of thresholds gives MNIST's mean grey value of .13, as published.
_JITTER = Jitter(threshold=(0.35, 0.7))


def draw_glyphs(
    count: int, rng: np.random.Generator, fonts: str | Path | None = None
) -> PublicImages:
    """Return characters of EMNIST balanced's 47 classes, all equally often, in random fonts.

    The same count, random numbers and fonts make the same images; `notes` lists the fonts.

    Parameters
    ----------
    count
        Number of images.
    rng
        The source of all randomness.
    fonts
        Fonts to use besides matplotlib's; see `find_fonts`.

    Raises
    ------
    ArgumentError
        When a folder of fonts holds none.
    MissingPackageError
        When matplotlib is not installed.
    ImagesError
        When pillow is not installed.
    """
    drawn = draw_characters(CHARACTERS, find_fonts(fonts))
    shapes = np.concatenate([font.shapes for font in drawn])
    labels = pick_evenly(count, len(CHARACTERS), rng)
    picks = rng.integers(len(drawn), size=count) * len(CHARACTERS) + labels
    images = draw_shapes(shapes, picks, rng, _JITTER)
    notes = {"fonts": [{"name": font.name, "sha256": font.sha256} for font in drawn]}
    return PublicImages(images, labels, tuple(CHARACTERS), "glyphs", notes)


def find_fonts(more: str | Path | None = None) -> list[Path]:
    """Return font files: those that come with matplotlib, whatever other fonts a machine has.

    They are in the order of their names, and the same for the same version of matplotlib, so that
    images are the same on every machine.

    Parameters
    ----------
    more
        Further fonts, which come last: a folder with .ttf or .otf files at any depth, or `all` for
        the fonts of the system and of the user.

    Raises
    ------
    ArgumentError
        When the folder holds no fonts.
    MissingPackageError
        When matplotlib is not installed.
    """
    spec = find_spec("matplotlib")  # only where it lies: importing it takes a second
    origin = spec.origin if spec is not None else require("matplotlib", "plots").__file__
    fonts = _list_fonts([Path(origin or "").parent / "mpl-data" / "fonts" / "ttf"])
    if more is None:
        return fonts
    others = _list_fonts(_FOLDERS if more == ALL else [more])
    if not others and more != ALL:
        raise ArgumentError(f"{more} holds no .ttf or .otf file; name a folder of fonts")
    return fonts + others


def _list_fonts(folders: Sequence[str | Path]) -> list[Path]:
    found = (path for folder in folders for path in expand_home(folder).rglob("*"))
    fonts = (path for path in found if path.suffix.lower() in _ENDINGS and path.is_file())
    return sorted(fonts, key=lambda path: (path.name, str(path)))


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


def draw_characters(characters: str, fonts: Sequence[Path]) -> tuple[FontShapes, ...]:
    """Return the characters in each font that has all of them, of 400 fonts at most.

    Two versions of a font that draw the same shapes count once.

    Parameters
    ----------
    characters
        What to draw.
    fonts
        Font files. One that cannot be read is left out.

    Raises
    ------
    PateError
        When no font has the characters.
    ImagesError
        When pillow is not installed.
    """
    return _draw_characters(characters, tuple(fonts))


def _import_pillow() -> ModuleType:
    for name in ("Image", "ImageDraw", "ImageFont"):
        require(f"PIL.{name}", "images")
    pillow: ModuleType = require("PIL", "images")
    return pillow


@cache  # a second for all fonts of a machine
def _draw_characters(characters: str, fonts: tuple[Path, ...]) -> tuple[FontShapes, ...]:
    pillow = _import_pillow()
    contents = {hashlib.sha256(data).hexdigest(): data for data in map(Path.read_bytes, fonts)}
    reference = _draw_all(pillow.ImageFont.load_default(2 * BOX), characters, pillow)
    drawn = (_draw_font(key, data, characters, reference, pillow) for key, data in contents.items())
    different = {font.shapes.tobytes(): font for font in drawn if font is not None}
    if not different:
        raise PateError("none of the fonts has all letters and digits; reinstall matplotlib")
    return tuple(different.values())[:_MAX_FONTS]


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
    image = require("PIL.Image", "images")
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
