"""Scikit-learn's 1,797 handwritten digits, drawn larger and jittered. The one user of sklearn.

They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998,
UCI repository): forms that 13 people filled in at Bogazici University, 8 x 8 pixels with 17 grey
values. None of them is from NIST's forms, of which MNIST and EMNIST were made.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.public.drawing import Jitter, draw_shapes
from datagen_pate.public.fonts import CANVAS
from datagen_pate.public.images import PublicImages, pick_evenly

_GREATEST = 16
_MARGIN = 2  # of the 8 x 8 pixels, which the digits fill

# The range of thresholds gives MNIST's mean grey value of .13, as published.
_JITTER = Jitter(rotation=7.0, shear=0.2, threshold=(0.42, 0.68))


def draw_digits(count: int, rng: np.random.Generator) -> PublicImages:
    """Return handwritten digits, each of the 1,797 about equally often.

    Raises
    ------
    PateError
        When scikit-learn is not installed.
    """
    small, digits = _load()
    picks = pick_evenly(count, len(small), rng)
    images = draw_shapes(_enlarge(small), picks, rng, _JITTER)
    classes = tuple(str(digit) for digit in range(10))
    return PublicImages(images, digits[picks], classes, "digits", {"originals": len(small)})


def _load() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    try:
        from sklearn.datasets import load_digits  # here, since it is an extra and takes seconds
    except ModuleNotFoundError as error:
        message = "scikit-learn is not installed; run: pip install 'datagen[sklearn]'"
        raise PateError(message) from error
    digits = cast("Any", load_digits())
    return digits.images / _GREATEST, digits.target.astype(np.int64)


def _enlarge(small: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return uint8 `(n, CANVAS, CANVAS)` of values from 0 to 1, smooth, with a margin around."""
    import torch  # here, since it takes seconds that a command's start must not pay
    from torch.nn.functional import interpolate, pad

    padded = pad(torch.from_numpy(small.astype(np.float32))[:, None], [_MARGIN] * 4)
    large = interpolate(padded, (CANVAS, CANVAS), mode="bicubic", align_corners=False)
    return (large.clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
