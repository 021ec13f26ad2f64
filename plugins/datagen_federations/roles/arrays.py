"""Clients' arrays in the types that training needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federations.errors import TrainingError

_MOST_CLASSES = 10**6
"""A model has an output for each class; greater labels are refused."""


def count_classes(labels: NDArray[Any]) -> int:
    """Return the number of classes: the greatest label plus 1, and at least 2.

    Raises
    ------
    TrainingError
        When labels are not whole numbers from 0.
    """
    return max(2, int(as_classes(labels).max(initial=0)) + 1)


def as_classes(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return labels as int64 `(n,)`, for the cross-entropy.

    Raises
    ------
    TrainingError
        When they are not whole numbers from 0.
    """
    flat = labels.ravel()
    if flat.dtype.kind not in "biuf":
        is_class = np.zeros(len(flat), bool)
    else:
        is_class = (flat >= 0) & (flat == np.floor(flat)) & (flat < _MOST_CLASSES)
    if not is_class.all():
        message = f"labels should be whole numbers from 0, not {flat[~is_class][0].item()!r}"
        raise TrainingError(message)
    return flat.astype(np.int64)


def as_inputs(data: NDArray[Any]) -> NDArray[np.float32]:
    """Return inputs as float32, the type of models."""
    return np.ascontiguousarray(data, np.float32)
