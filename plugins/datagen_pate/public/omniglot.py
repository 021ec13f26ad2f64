"""Omniglot: characters of 50 alphabets, drawn by 20 people each.

Lake, Salakhutdinov and Tenenbaum (2015), "Human-level concept learning through probabilistic
program induction", Science 350. Black on white, 105 x 105 pixels, one PNG file a drawing.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_images import import_pillow, import_torchvision
from datagen_pate.errors import PateError
from datagen_pate.public.drawing import Jitter, draw_shapes
from datagen_pate.public.fonts import fit_on_canvas
from datagen_pate.public.images import PublicImages, pick_evenly

_FOLDER = "omniglot-py"
_PARTS = ("images_background", "images_evaluation", "images_background_small1",
          "images_background_small2")  # fmt: skip
_JITTER = Jitter(rotation=4, shear=0.05, stretch=0.05, elastic=0.01, threshold=(0.2, 0.45))


def find_omniglot(folder: Path | None = None) -> list[Path]:
    """Return Omniglot's files, sorted; empty where it is not at hand.

    Parameters
    ----------
    folder
        Holds `omniglot-py/`, as torchvision lays it out. None: the folder that the environment
        variable DATAGEN_IMAGES names, then that of earlier downloads.
    """
    for place in _places(folder):
        parts = (place / _FOLDER / part for part in _PARTS)
        files = [path for part in parts for path in part.glob("*/*/*.png")]
        if files:
            return sorted(files, key=lambda path: path.parts[-3:])
    return []


def draw_omniglot(count: int, rng: np.random.Generator, folder: Path | None = None) -> PublicImages:
    """Return Omniglot's drawings as white on black in MNIST's size, slightly jittered.

    Where its files are not at hand, torchvision downloads the part `images_background`. The images
    have one class together: their characters are none that digits could be told by.

    Raises
    ------
    PateError
        When it is not at hand, and cannot be downloaded.
    """
    files = find_omniglot(folder) or _download(_places(folder)[0])
    chosen = np.sort(rng.permutation(len(files))[:count])
    shapes = np.stack([_read(files[number]) for number in chosen])
    images = draw_shapes(shapes, pick_evenly(count, len(shapes), rng), rng, _JITTER)
    notes = {"originals": len(shapes), "files": len(files)}
    return PublicImages(images, np.zeros(count, np.int64), ("omniglot",), "omniglot", notes)


def _places(folder: Path | None) -> list[Path]:
    named = os.environ.get("DATAGEN_IMAGES")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "datagen" / "images"
    places = [folder, Path(named) if named else None, cache]
    return [place.expanduser() for place in places if place is not None]


def _download(folder: Path) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        import_torchvision().datasets.Omniglot(str(folder), background=True, download=True)
    except Exception as error:  # network, disk, archive, no torchvision: all end in one line
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        message = f"omniglot was not found and its download failed ({reason}); put its folder"
        raise PateError(f"{message} {_PARTS[0]} into {folder / _FOLDER}") from error
    return find_omniglot(folder)


def _read(path: Path) -> NDArray[np.uint8]:
    """Return one drawing, white on black, its longer side BOX pixels, in the middle of a canvas."""
    pillow = import_pillow()
    try:
        drawn = 255 - np.asarray(pillow.Image.open(path).convert("L"))
    except OSError as error:
        raise PateError(f"{path} cannot be read as a picture; fetch omniglot again") from error
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise PateError(f"{path} is empty; fetch omniglot again")
    cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return fit_on_canvas(pillow.Image.fromarray(cut))
