"""Scores of a model on samples with known labels or targets: pure NumPy, in double precision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Scores(NamedTuple):
    """Scores of a model; NaN for scores of another task."""

    accuracy: float = np.nan
    loss: float = np.nan
    f1: float = np.nan
    rmse: float = np.nan
    r2: float = np.nan


def score_classes(logits: Floats, labels: Integers) -> Scores:
    """Return accuracy, mean cross-entropy (nats) and macro F1.

    Parameters
    ----------
    logits
        `(n, C)`, before the softmax.
    labels
        `(n,)`, in 0..C-1.
    """
    peak = logits.max(axis=1)
    total = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
    loss = np.mean(total - logits[np.arange(len(labels)), labels])
    found = logits.argmax(axis=1)
    return Scores(float(np.mean(found == labels)), float(loss), macro_f1(found, labels))


def macro_f1(found: Integers, labels: Integers) -> float:
    """Return the mean over classes of F1 = 2 TP / (2 TP + FP + FN).

    The classes are those that occur in `found` or in `labels`, as in scikit-learn's
    `f1_score(average="macro")`.
    """
    size = max(int(found.max()), int(labels.max())) + 1
    hits = np.bincount(labels[found == labels], minlength=size)
    both = np.bincount(found, minlength=size) + np.bincount(labels, minlength=size)
    occurs = both > 0
    return float(np.mean(2 * hits[occurs] / both[occurs]))


def score_targets(predictions: Floats, targets: Floats) -> Scores:
    """Return mean squared error as the loss, its root, and R2 = 1 - MSE / variance of targets.

    Both arrays are `(n,)` in the target's units. R2 is NaN where all targets are equal.
    """
    error = float(np.mean((predictions - targets) ** 2))
    variance = float(np.var(targets))
    r2 = 1 - error / variance if variance > 0 else np.nan
    return Scores(loss=error, rmse=float(np.sqrt(error)), r2=r2)
