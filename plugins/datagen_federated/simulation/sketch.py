"""Sketches of changes of weights: 256 numbers that keep the angles between changes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

WIDTH = 256
"""Length of a sketch."""

_SEED = 42
"""Seed of the hash functions, a constant: sketches of all runs can be compared."""


def sketch(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the count sketch of a vector, scaled to norm 1; zeros for a vector of zeros.

    Each weight is added, with a random sign, to one of 256 random buckets (Charikar, Chen and
    Farach-Colton 2002, one row). The inner product of two sketches is that of the vectors in
    expectation, so the cosine of two changes is about that of their sketches.

    Parameters
    ----------
    change
        `(P,)`, finite.

    Returns
    -------
    sketch
        float32 `(256,)`. The hash functions depend on P alone.
    """
    buckets, signs = _hash(len(change))
    counts = np.bincount(buckets, weights=signs * change, minlength=WIDTH)
    norm = np.sqrt(np.sum(counts**2))
    return (counts / (norm or 1.0)).astype(np.float32)


@lru_cache(maxsize=4)
def _hash(size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(_SEED)
    return rng.integers(0, WIDTH, size), rng.choice([-1.0, 1.0], size)
