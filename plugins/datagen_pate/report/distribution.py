"""Histograms of numbers that come piece by piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Distribution:
    """A histogram of numbers from 0 to a bound, in which marked ones are counted apart.

    Attributes
    ----------
    edges
        Edges of the bins, float64 `(bins + 1,)`; the last bin also holds what is above.
    counts
        Numbers in each bin, int64 `(2, bins)`: unmarked ones, then marked ones.
    least, greatest
        Of all numbers; infinite before the first.
    """

    def __init__(self, bound: float, bins: int) -> None:
        self.edges = np.linspace(0, bound, bins + 1)
        self.counts = np.zeros((2, bins), np.int64)
        self.least, self.greatest = np.inf, -np.inf
        self._total = 0.0

    def add(self, values: NDArray[np.float32], marked: NDArray[np.bool_]) -> None:
        """Count numbers; `marked` has one entry per number."""
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
        """How many numbers were counted."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float | None:
        """The mean of the numbers; None before the first."""
        return self._total / self.size if self.size else None
