"""Handwriting that is public: scikit-learn's digits, and the alphabets of Omniglot.

The 1,797 digits are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and
Kaynak, 1998, UCI repository): forms that 13 people filled in at Bogazici University, 8 x 8 pixels
with 17 grey values. None of them is from NIST's forms, the source of MNIST and EMNIST.

Omniglot has characters of 50 alphabets, drawn by 20 people each: Lake, Salakhutdinov and Tenenbaum
(2015), "Human-level concept learning through probabilistic program induction", Science 350. Black
on white, 105 x 105 pixels, one PNG file per drawing.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatagenError
from datagen_core.files import expand_home, require, user_cache
from datagen_images import Download, downloading
from datagen_pate.errors import PateError
from datagen_pate.public.drawing import Jitter, draw_shapes
from datagen_pate.public.glyphs import CANVAS, fit_on_canvas
from datagen_pate.public.images import PublicImages, pick_evenly

_GREATEST = 16
_MARGIN = 2  # of the 8 x 8 pixels, which the digits fill

# The range of thresholds gives MNIST's mean grey value of .13, as published.
_DIGITS = Jitter(rotation=7.0, shear=0.2, threshold=(0.42, 0.68))

_FOLDER = "omniglot-py"
_PARTS = ("images_background", "images_evaluation", "images_background_small1",
          "images_background_small2")  # fmt: skip
_ARCHIVE = Download(
    ("https://raw.githubusercontent.com/brendenlake/omniglot/master/python/images_background.zip",),
    "68d2efa1b9178cc56df9314c21c6e718",
)
_OMNIGLOT = Jitter(rotation=4, shear=0.05, stretch=0.05, elastic=0.01, threshold=(0.2, 0.45))


def draw_digits(count: int, rng: np.random.Generator) -> PublicImages:
    """Return handwritten digits in MNIST's size, jittered, each of the 1,797 about equally often.

    Raises
    ------
    MissingPackageError
        When scikit-learn is not installed.
    """
    digits = require("sklearn.datasets", "sklearn").load_digits()
    small, labels = digits.images / _GREATEST, digits.target.astype(np.int64)
    picks = pick_evenly(count, len(small), rng)
    images = draw_shapes(_enlarge(small), picks, rng, _DIGITS)
    classes = tuple(str(digit) for digit in range(10))
    return PublicImages(images, labels[picks], classes, "digits", {"originals": len(small)})


def _enlarge(small: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return uint8 `(n, CANVAS, CANVAS)` of values from 0 to 1, smooth, with a margin around."""
    import torch  # here, since it takes seconds that a command's start must not pay
    from torch.nn.functional import interpolate, pad

    padded = pad(torch.from_numpy(small.astype(np.float32))[:, None], [_MARGIN] * 4)
    large = interpolate(padded, (CANVAS, CANVAS), mode="bicubic", align_corners=False)
    return (large.clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]


def find_omniglot(folder: Path | None = None) -> list[Path]:
    """Return Omniglot's files, sorted; none where it is not on this machine.

    Parameters
    ----------
    folder
        The folder with `omniglot-py/`, as torchvision lays it out. The folder that the environment
        variable DATAGEN_IMAGES names and that of earlier downloads are looked at after it.
    """
    for place in _places(folder):
        parts = (place / _FOLDER / part for part in _PARTS)
        files = [path for part in parts for path in part.glob("*/*/*.png")]
        if files:
            return sorted(files, key=lambda path: path.parts[-3:])
    return []


def draw_omniglot(count: int, rng: np.random.Generator, folder: Path | None = None) -> PublicImages:
    """Return Omniglot's drawings as white on black in MNIST's size, slightly jittered.

    Where there are no files, pooch downloads the part `images_background`. All images are of
    one class, since its characters are neither digits nor EMNIST's letters.

    Raises
    ------
    PateError
        When there are no files, and they cannot be downloaded.
    """
    files = find_omniglot(folder) or _download(_places(folder)[0])
    chosen = np.sort(rng.permutation(len(files))[:count])
    shapes = np.stack([_read(files[number]) for number in chosen])
    images = draw_shapes(shapes, pick_evenly(count, len(shapes), rng), rng, _OMNIGLOT)
    notes = {"originals": len(shapes), "files": len(files)}
    return PublicImages(images, np.zeros(count, np.int64), ("omniglot",), "omniglot", notes)


def _places(folder: Path | None) -> list[Path]:
    named = os.environ.get("DATAGEN_IMAGES")
    places = [folder, Path(named) if named else None, user_cache("images")]
    return [expand_home(place) for place in places if place is not None]


def _download(folder: Path) -> list[Path]:
    try:
        with downloading([_ARCHIVE], folder) as files:
            (folder / _FOLDER).mkdir(exist_ok=True)
            drawings = next(path for path in files if path.suffix == ".png").parents[2]
            drawings.rename(folder / _FOLDER / _PARTS[0])
    except (OSError, DatagenError) as error:
        reason = str(error).splitlines()[-1]
        raise PateError(
            f"omniglot was not found and its download failed ({reason}); put its folder "
            f"{_PARTS[0]} into {folder / _FOLDER}"
        ) from error
    return find_omniglot(folder)


def _read(path: Path) -> NDArray[np.uint8]:
    """Return one drawing, white on black, its longer side BOX pixels, in the middle of a canvas."""
    image = require("PIL.Image", "images")
    try:
        drawn = 255 - np.asarray(image.open(path).convert("L"))
    except OSError as error:
        raise PateError(f"{path} cannot be read as a picture; fetch omniglot again") from error
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise PateError(f"{path} is empty; fetch omniglot again")
    cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return fit_on_canvas(image.fromarray(cut))
