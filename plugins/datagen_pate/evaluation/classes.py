"""The ten classes of digits, and counts of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = 10


def count_labels(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of labels of each class, int64 `(10,)`."""
    return np.bincount(labels.astype(np.int64), minlength=CLASSES)


def name_classes(counts: Iterable[Any]) -> dict[str, int]:
    """Return one number per class by its name, "0" to "9", as the original's reports have them."""
    return {str(label): int(count) for label, count in enumerate(counts)}


def histogram_l1(counts: NDArray[Any], others: NDArray[Any]) -> float:
    """Return Σ|p - q| of two class histograms: 0 when alike, at most 2; 1 where one is empty."""
    if not counts.sum() or not others.sum():
        return 1.0
    return float(np.abs(counts / counts.sum() - others / others.sum()).sum())
