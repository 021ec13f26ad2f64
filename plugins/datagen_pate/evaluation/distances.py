"""Euclidean distances between images: over their 784 pixels, each in [0, 1], in blocks.

Matrix products give them fast. What depends on a threshold is computed again from differences,
which are exact for stored (uint8) images: a product of float32 is off by up to 1e-4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8] | NDArray[np.float32]
"""Images `(n, 28, 28)`: uint8, or float32 in [0, 1]."""

_BLOCK = 512
_REFERENCES = 8192
WHITE = 255.0


def as_unit(images: Images) -> NDArray[np.float32]:
    """Return images as rows of float32 pixels in [0, 1], `(n, pixels)`."""
    rows = images.reshape(len(images), int(np.prod(images.shape[1:])))
    floats: NDArray[np.float32] = rows.astype(np.float32, copy=False)
    return floats / np.float32(WHITE) if rows.dtype == np.uint8 else floats


def round_to_stored(images: Images) -> NDArray[np.uint8]:
    """Return images as they are stored, uint8; floats in [0, 1] are rounded."""
    exact = images if images.dtype == np.uint8 else np.rint(images * np.float32(WHITE))
    stored: NDArray[np.uint8] = exact.astype(np.uint8, copy=False)
    return stored


def squared_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared distance of every row of `a` to every row of `b`, never below 0.

    By ‖a‖² + ‖b‖² - 2ab, so the error is about 1e-6 (‖a‖² + ‖b‖²).
    """
    squared = a @ b.T
    squared *= -2
    squared += _norms(a)[:, None]
    squared += _norms(b)
    np.maximum(squared, 0, out=squared)
    return squared


def _norms(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    norms: NDArray[np.float32] = np.einsum("ij,ij->i", rows, rows)
    return norms


def nearest_distances(images: Images, reference: Images) -> NDArray[np.float32]:
    """Return each image's distance to the nearest image of a reference, float32 `(n,)`.

    Raises
    ------
    ValueError
        When the reference is empty.
    """
    if not len(reference):
        raise ValueError("an empty set has no nearest image")
    there = as_unit(reference)
    parts = [
        _nearest(as_unit(images[start : start + _BLOCK]), there)
        for start in range(0, len(images), _BLOCK)
    ]
    return np.concatenate([np.empty(0, np.float32), *parts])


def _nearest(rows: NDArray[np.float32], there: NDArray[np.float32]) -> NDArray[np.float32]:
    """Find the nearest by products, and return its distance by differences."""
    least = np.full(len(rows), np.inf, np.float32)
    nearest = np.zeros(len(rows), np.intp)
    for start in range(0, len(there), _REFERENCES):
        squared = squared_distances(rows, there[start : start + _REFERENCES])
        found = squared.argmin(axis=1)
        values = squared[np.arange(len(rows)), found]
        nearest = np.where(values < least, start + found, nearest)
        least = np.minimum(values, least)
    difference = rows - there[nearest]
    distances: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distances


def average_pairwise_distance(images: Images) -> float | None:
    """Return the mean distance of two different images; None for fewer than two.

    The mean over all i ≠ j. Each pair is computed once, in memory for 512 rows.
    """
    count = len(images)
    if count < 2:
        return None
    rows = as_unit(images)
    total = 0.0
    for start in range(0, count, _BLOCK):
        block = rows[start : start + _BLOCK]
        own = np.sqrt(squared_distances(block, block))
        np.fill_diagonal(own, 0)
        total += float(own.sum(dtype=np.float64))
        total += 2 * _total_distance(block, rows[start + _BLOCK :])
    return total / (count * (count - 1))


def average_cross_distance(images: Images, others: Images) -> float | None:
    """Return the mean distance of an image to one of the others; None where a set is empty."""
    if not len(images) or not len(others):
        return None
    rows, there = as_unit(images), as_unit(others)
    total = sum(
        _total_distance(rows[start : start + _BLOCK], there)
        for start in range(0, len(rows), _BLOCK)
    )
    return total / (len(rows) * len(there))


def _total_distance(block: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    total = 0.0
    for start in range(0, len(others), _REFERENCES):
        squared = squared_distances(block, others[start : start + _REFERENCES])
        total += float(np.sqrt(squared, out=squared).sum(dtype=np.float64))
    return total
