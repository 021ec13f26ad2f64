"""Sets of images, no two of them near each other, grown greedily.

The selection is that of the plain loop: in the given order, keep an image when its distance to all
kept ones is at least the threshold. It is found in blocks. Sums over 4 x 4 squares of pixels,
divided by 4, are an orthogonal projection, so their distance is never above the images': one small
matrix product rules nearly all pairs out, and the few others are compared by their differences, in
integers where images are uint8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.distances import WHITE, Images

_BLOCK = 256
_SQUARE = 4
_PAIRS = 4096
"""The number of pairs that are compared by differences at once."""

_DENSE = 1 / 32
"""Share of pairs that the projection may leave over before a product of all pixels is cheaper."""

_ROUNDING = 1e-4
"""Above the relative error of a squared distance by float32 products, 2 · 790 · 2^-24."""


@dataclass(frozen=True)
class _Rows:
    """Images as rows: pixels as stored, and their projection in float32 with its squared norms."""

    pixels: NDArray[Any]
    sketch: NDArray[np.float32]
    norms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.norms)

    def take(self, key: NDArray[np.intp] | slice) -> _Rows:
        return _Rows(self.pixels[key], self.sketch[key], self.norms[key])

    def resize(self, size: int) -> _Rows:
        """Return a copy with room for `size` rows."""
        parts = (self.pixels, self.sketch, self.norms)
        grown = _Rows(*(np.empty((size, *part.shape[1:]), part.dtype) for part in parts))
        grown.put(0, self)
        return grown

    def put(self, start: int, rows: _Rows) -> None:
        for name in ("pixels", "sketch", "norms"):
            getattr(self, name)[start : start + len(rows)] = getattr(rows, name)


class DiverseSet:
    """Images whose distances, over pixels in [0, 1], are all at least a threshold.

    Attributes
    ----------
    rejected
        The number of images that were refused because they are too near.
    """

    def __init__(self, threshold: float) -> None:
        self.rejected = 0
        self._threshold = threshold
        self._kept: _Rows | None = None
        self._count = 0

    def add(
        self,
        images: Images,
        labels: NDArray[np.uint8] | None = None,
        room: NDArray[np.int64] | None = None,
    ) -> NDArray[np.intp]:
        """Add images that are far enough from all others, in the given order; return their places.

        Parameters
        ----------
        images
            `(n, 28, 28)`; in all calls of the same dtype.
        labels, room
            The images' classes, and the most images of each class to add; `room` is reduced by
            those added. None: no limit.
        """
        classes = np.zeros(len(images), np.uint8) if labels is None else labels
        left = np.array([len(images)]) if room is None else room
        taken = [np.empty(0, np.intp)]
        for start in range(0, len(images), _BLOCK):
            places = start + np.flatnonzero(left[classes[start : start + _BLOCK]] > 0)
            if not len(places):
                continue
            rows = _describe(images[places])
            chosen = self._choose(rows, classes[places], left)
            self._keep(rows.take(chosen))
            taken.append(places[chosen])
        return np.concatenate(taken)

    def _choose(
        self, rows: _Rows, labels: NDArray[np.uint8], room: NDArray[np.int64]
    ) -> NDArray[np.intp]:
        """Choose rows of one block; reduce `room`."""
        free = np.arange(len(rows))
        if self._kept is not None:
            near_kept = self._near(rows, self._kept.take(slice(self._count)))
            free = np.flatnonzero(~near_kept.any(axis=1))
        near = self._near(rows.take(free), rows.take(free))
        alive = np.ones(len(free), bool)
        chosen: list[int] = []
        for place, label in enumerate(labels[free].tolist()):
            if alive[place] and room[label] > 0:
                room[label] -= 1
                chosen.append(place)
                alive &= ~near[place]
        self.rejected += len(rows) - len(free) + _count_refused(near, chosen)
        return free[chosen]

    def _near(self, rows: _Rows, others: _Rows) -> NDArray[np.bool_]:
        """Return which pairs are nearer than the threshold, bool `(rows, others)`."""
        near = np.zeros((len(rows), len(others)), bool)
        if self._threshold <= 0 or not near.size:
            return near
        scale = WHITE if rows.pixels.dtype == np.uint8 else 1.0
        limit = (scale * self._threshold) ** 2
        left, right = np.nonzero(_possible(rows, others, limit))
        for start in range(0, len(left), _PAIRS):
            i, j = left[start : start + _PAIRS], right[start : start + _PAIRS]
            near[i, j] = _exact(rows.pixels[i], others.pixels[j]) < limit
        return near

    def _keep(self, rows: _Rows) -> None:
        """Append rows; the room for them doubles."""
        needed = self._count + len(rows)
        if self._kept is None:
            self._kept = rows.resize(max(needed, 4 * _BLOCK))
        elif needed > len(self._kept):
            self._kept = self._kept.resize(2 * needed)
        self._kept.put(self._count, rows)
        self._count = needed


def _describe(images: Images) -> _Rows:
    pixels = images.reshape(len(images), -1)
    sketch = pixels.astype(np.float32) @ _PROJECTION
    return _Rows(pixels, sketch, _norms(sketch))


def _project_squares() -> NDArray[np.float32]:
    """Return the matrix `(784, 49)` that sums over squares of pixels, and divides by 4."""
    row, column = np.divmod(np.arange(28 * 28), 28)
    square = row // _SQUARE * (28 // _SQUARE) + column // _SQUARE
    inside = square[:, None] == np.arange((28 // _SQUARE) ** 2)
    return np.where(inside, np.float32(1 / _SQUARE), np.float32(0))


_PROJECTION = _project_squares()


def _possible(rows: _Rows, others: _Rows, limit: float) -> NDArray[np.bool_]:
    """Return a superset of the pairs whose squared distance is below the limit."""
    found = _below(rows, others, limit)
    if found.mean() <= _DENSE:
        return found
    return found & _below(_use_pixels(rows), _use_pixels(others), limit)


def _use_pixels(rows: _Rows) -> _Rows:
    values = rows.pixels.astype(np.float32)
    return _Rows(rows.pixels, values, _norms(values))


def _below(rows: _Rows, others: _Rows, limit: float) -> NDArray[np.bool_]:
    """Return which projected distances may be below the limit, rounding of products considered."""
    squared = rows.sketch @ others.sketch.T
    squared *= -2
    squared += rows.norms[:, None]
    squared += others.norms
    margin = _ROUNDING * (rows.norms.max() + others.norms.max())
    found: NDArray[np.bool_] = squared < limit + margin
    return found


def _norms(values: NDArray[np.float32]) -> NDArray[np.float32]:
    norms: NDArray[np.float32] = np.einsum("ij,ij->i", values, values)
    return norms


def _exact(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Return squared distances of pairs of rows; of uint8, in integers."""
    if a.dtype == np.uint8:
        difference = a.astype(np.int32) - b.astype(np.int32)
        whole: NDArray[np.int32] = np.einsum("ij,ij->i", difference, difference)
        return whole.astype(np.float64)
    exact = a.astype(np.float64) - b.astype(np.float64)
    squared: NDArray[np.float64] = np.einsum("ij,ij->i", exact, exact)
    return squared


def _count_refused(near: NDArray[np.bool_], chosen: list[int]) -> int:
    """Count the rows that are near a chosen one before them, and were not chosen."""
    refused = np.flatnonzero(np.triu(near)[chosen].any(axis=0))
    return len(np.setdiff1d(refused, chosen))
