"""Dividing a number of samples among classes in proportion to weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import round_quotas


def apportion(total: int, weights: NDArray[Any]) -> NDArray[np.int64]:
    """Divide `total` in proportion to weights, by the largest remainder (Hamilton).

    Each part is its exact share rounded down or up; of equal remainders, the first class gets one
    more. Without any weight, all parts are 0.
    """
    weights = np.asarray(weights, np.float64)
    if not weights.sum():
        return np.zeros(len(weights), np.int64)
    return round_quotas(total * weights / weights.sum(), total)


def apportion_within(
    total: int, weights: NDArray[Any], available: NDArray[Any]
) -> NDArray[np.int64]:
    """Divide `total` as `apportion` does, giving no class more than is available.

    What a class cannot take goes to the others, in proportion to their weights; at last also to
    classes without weight. The sum is the smaller of `total` and what is available.
    """
    available = np.asarray(available, np.int64)
    parts = np.zeros(len(available), np.int64)
    for current in (np.asarray(weights, np.float64), np.ones(len(available))):
        parts += _fill(total - int(parts.sum()), current, available - parts)
    return parts


def _fill(total: int, weights: NDArray[Any], available: NDArray[np.int64]) -> NDArray[np.int64]:
    parts = np.zeros(len(available), np.int64)
    is_open = (available > 0) & (weights > 0)
    while is_open.any() and parts.sum() < total:
        wanted = apportion(total - int(parts.sum()), np.where(is_open, weights, 0))
        over = is_open & (wanted >= available)
        if not over.any():
            return parts + wanted
        parts[over] = available[over]
        is_open &= ~over
    return parts
