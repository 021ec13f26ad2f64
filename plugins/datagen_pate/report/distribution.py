"""Distributions of numbers that come piece by piece, in bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Distribution:
    """How numbers from 0 to a bound are distributed, apart for those that are marked.

    Attributes
    ----------
    edges
        Of the bins, float64 `(bins + 1,)`; the last bin holds what is above, too.
    counts
        Numbers in each bin, int64 `(2, bins)`: those without a mark, those with one.
    least, greatest
        Of all numbers; infinite where there are none.
    """

    def __init__(self, bound: float, bins: int) -> None:
        self.edges = np.linspace(0, bound, bins + 1)
        self.counts = np.zeros((2, bins), np.int64)
        self.least, self.greatest = np.inf, -np.inf
        self._total = 0.0

    def add(self, values: NDArray[np.float32], marked: NDArray[np.bool_]) -> None:
        """Count numbers; `marked` has one entry for each."""
        if not len(values):
            return
        exact = np.clip(values.astype(np.float64), 0, self.edges[-1])
        for row, chosen in enumerate((~marked, marked)):
            self.counts[row] += np.histogram(exact[chosen], self.edges)[0]
        self.least = min(self.least, float(values.min()))
        self.greatest = max(self.greatest, float(values.max()))
        self._total += float(values.sum(dtype=np.float64))

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float | None:
        """Their mean; None where there are none."""
        return self._total / self.size if self.size else None
