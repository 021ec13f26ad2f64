"""Public images, whatever their source."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHARACTERS = string.digits + string.ascii_uppercase + "abdefghnqrt"
"""The 47 classes of EMNIST balanced: letters that look alike in both cases have one class."""


@dataclass(frozen=True, eq=False)
class PublicImages:
    """Images that no private data went into.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, white on black, upright, as MNIST.
    labels
        int64 `(n,)`; None for unlabelled images.
    classes
        The name of each label.
    source
        The name of their source.
    notes
        How they were made, as plain JSON types: fonts and their hashes, counts of each part.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    source: str
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of shape, images and labels."""
        digest = hashlib.sha256(repr((self.images.shape, self.classes)).encode())
        for array in (self.images, self.labels):
            digest.update(b"" if array is None else np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def take(self, rows: NDArray[np.int64]) -> PublicImages:
        """Return the images of some rows, in that order."""
        labels = None if self.labels is None else self.labels[rows]
        return PublicImages(self.images[rows], labels, self.classes, self.source, self.notes)


def pick_evenly(count: int, choices: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return int64 `(count,)`, each number below `choices` as often as the others, in any order."""
    picks = np.arange(count, dtype=np.int64) % choices
    rng.shuffle(picks)
    return picks
