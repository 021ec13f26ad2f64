"""A test part for data sets without one: always the same, so that runs can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.labelled import Places
from datagen_partitions.errors import DataError

TEST_SEED = 42
"""The seed of every test part, a constant: all runs are tested on the same samples."""


def hold_out(n: int, test_size: float) -> tuple[Places, Places]:
    """Return the places of training and test samples among `n`, both ascending.

    Raises
    ------
    DataError
        When there are fewer than two samples.
    """
    if n < 2:
        raise DataError(f"{n} sample cannot be divided into training and test; give at least 2")
    order = np.random.default_rng(TEST_SEED).permutation(n)
    return _divide(order, _count_test(n, test_size))


def hold_out_stratified(labels: NDArray[Any], test_size: float) -> tuple[Places, Places]:
    """Return the places of training and test samples, with each class in proportion.

    Shares of classes are rounded by largest remainder; of equal remainders the larger class comes
    first, then the smaller label. Every class keeps at least one sample for training.

    Parameters
    ----------
    labels
        int64 `(n,)`, 0 to C - 1.
    test_size
        The share of the test part.

    Raises
    ------
    DataError
        When no class has two samples.
    """
    quotas = _share_out(np.bincount(labels), _count_test(len(labels), test_size))
    if not quotas.any():
        raise DataError(
            f"{len(labels)} samples of as many classes leave none for a test part; "
            "give at least 2 samples of a class"
        )
    rng = np.random.default_rng(TEST_SEED)
    parts = []
    for label, quota in enumerate(quotas):
        members = rng.permutation(np.flatnonzero(labels == label))
        parts.append(_divide(members, int(quota)))
    train, test = (np.sort(np.concatenate(places)) for places in zip(*parts, strict=True))
    return train, test


def _count_test(n: int, test_size: float) -> int:
    return min(max(round(n * test_size), 1), n - 1)


def _divide(places: Places, test: int) -> tuple[Places, Places]:
    return np.sort(places[test:]), np.sort(places[:test])


def _share_out(counts: NDArray[np.int64], test: int) -> NDArray[np.int64]:
    """Return the number of test samples per class."""
    # Integers throughout: remainders of floats would depend on their rounding.
    quotas, remainders = np.divmod(counts * test, counts.sum())
    left = test - quotas.sum()
    takers = np.lexsort((-counts, -remainders))
    takers = takers[quotas[takers] + 1 < counts[takers]][:left]
    quotas[takers] += 1
    return quotas
