"""Characters drawn from the fonts of this machine: public images that need no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datagen_pate.public.drawing import Jitter, draw_shapes
from datagen_pate.public.fonts import draw_characters
from datagen_pate.public.images import CHARACTERS, PublicImages, pick_evenly

# The range of thresholds gives MNIST's mean grey value of .13, as published.
_JITTER = Jitter(threshold=(0.35, 0.7))


def draw_glyphs(
    count: int, rng: np.random.Generator, fonts: list[Path] | None = None
) -> PublicImages:
    """Return characters of EMNIST balanced's 47 classes, all equally often, in random fonts.

    The same count, random numbers and list of fonts make the same images.

    Parameters
    ----------
    count
        How many.
    rng
        The source of all randomness.
    fonts
        Font files; None: all that this machine has. `notes` lists those that were used.

    Raises
    ------
    PateError
        When no font can draw them.
    ImagesError
        When pillow is not installed.
    """
    drawn = draw_characters(CHARACTERS, fonts)
    shapes = np.concatenate([font.shapes for font in drawn])
    labels = pick_evenly(count, len(CHARACTERS), rng)
    picks = rng.integers(len(drawn), size=count) * len(CHARACTERS) + labels
    images = draw_shapes(shapes, picks, rng, _JITTER)
    notes = {"fonts": [{"name": font.name, "sha256": font.sha256} for font in drawn]}
    return PublicImages(images, labels, tuple(CHARACTERS), "glyphs", notes)
