"""The numbers of images of each class that are wanted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.classes import CLASSES
from datagen_pate.selection.apportionment import apportion_within
from datagen_pate.selection.candidates import Counts
from datagen_pate.selection.params import SelectionParams

UNBOUNDED = 2**40
"""More than any pool has."""


class Bounds(NamedTuple):
    """The least and the largest number of each class; the least is 0 where nothing is steered."""

    lower: Counts
    upper: Counts


def bound_classes(passing: Counts, shard: Counts | None, params: SelectionParams) -> Bounds:
    """Return the bounds of each class.

    Parameters
    ----------
    passing
        The number of candidates of each class.
    shard
        The number of images of each class in the teacher's shard; None when unknown.

    Notes
    -----
    Without a shard they are min_per_class and max_per_class. With one, the total is the largest
    whose class shares, being the shard's, no class misses for want of candidates; min_per_class
    counts as there, since steering makes it. Each class may differ from its share of the total by
    quota_flexibility_percent, within min_per_class and max_per_class. Classes that the
    shard lacks have a lower bound of 0.
    """
    if not params.quota:
        return Bounds(np.zeros(CLASSES, np.int64), np.full(CLASSES, UNBOUNDED))
    most = UNBOUNDED if params.max_per_class is None else params.max_per_class
    least = params.min_per_class
    lower, upper = np.full(CLASSES, least), np.full(CLASSES, most)
    if shard is not None and shard.sum():
        target = aim_at_shares(passing, shard, least, most)
        flexibility = params.quota_flexibility_percent / 100
        lower = np.maximum(np.ceil(target * (1 - flexibility)).astype(np.int64), least)
        upper = np.minimum(np.floor(target * (1 + flexibility)).astype(np.int64), most)
        lower[shard == 0] = 0
    lower = np.minimum(lower, upper)
    if params.target_samples is not None:
        lower = np.minimum(lower, share_out(params.target_samples, upper, shard))
    return Bounds(lower, upper)


def aim_at_shares(passing: Counts, shard: Counts, least: int, most: int) -> Counts:
    """Return the number of each class by the shard's shares of the largest total they allow."""
    shares = shard / shard.sum()
    within_reach = np.maximum(passing, least)[shard > 0] / shares[shard > 0]
    total = min(within_reach.min(), passing.sum())
    return _clip(shares * total, least, most)


def _clip(exact: NDArray[np.float64], least: int, most: int) -> Counts:
    found: Counts = np.clip(np.rint(exact).astype(np.int64), least, most)
    return found


def share_out(total: int, available: Counts, shard: Counts | None) -> Counts:
    """Divide `total` among classes, equally or by the shard's shares, at most what each has."""
    weights = np.ones(CLASSES) if shard is None or not shard.sum() else shard
    return apportion_within(total, weights, available)


def bound_as_original(passing: Counts, shard: Counts | None, params: SelectionParams) -> Counts:
    """Return how many of each class the original keeps at most, quirks included.

    With a shard and quotas, its share of what passed, within min_per_class and max_per_class, and
    then quota_flexibility_percent more, at most max_per_class; the lower bound has no effect.
    Otherwise min_per_class, even with `quota=False`; max_per_class is then without effect.
    """
    most = UNBOUNDED if params.max_per_class is None else params.max_per_class
    if params.quota and shard is not None and shard.sum():
        target = _clip(shard / shard.sum() * passing.sum(), params.min_per_class, most)
        more = np.floor(target * (1 + params.quota_flexibility_percent / 100))
        return _clip(more, 0, most)
    return np.full(CLASSES, params.min_per_class or most)
