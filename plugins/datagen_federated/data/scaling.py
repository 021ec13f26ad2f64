"""Columns of a table on one scale, which is fitted on the training part alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.errors import DataError

Table = NDArray[np.float32]


def scale_tables(train: NDArray[Any], test: NDArray[Any], scaler: str) -> tuple[Table, Table]:
    """Return both parts as float32, scaled by statistics of the training part.

    Parameters
    ----------
    train, test
        `(n, features)`, finite.
    scaler
        `standard`: (x - mean) / standard deviation (of the population, ddof 0); `minmax`:
        (x - minimum) / (maximum - minimum); `none`. A constant column is only shifted.

    Raises
    ------
    DataError
        When a value is not finite, or beyond the range of float32.
    """
    # Overflows are refused afterwards, in one line instead of warnings.
    with np.errstate(over="ignore", invalid="ignore"):
        shift, scale = _fit(train, scaler)
        return _apply(train, shift, scale), _apply(test, shift, scale)


def _fit(train: NDArray[Any], scaler: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    _check_finite(train)
    low, high = train.min(axis=0).astype(np.float64), train.max(axis=0).astype(np.float64)
    if scaler == "none":
        return np.zeros_like(low), np.ones_like(low)
    shift, scale = low, high - low
    if scaler == "standard":
        shift, scale = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    # The standard deviation of a constant column may differ from 0 by rounding, its range may not.
    # That of another column may underflow.
    constant = (high == low) | (scale == 0)
    return np.where(constant, low, shift), np.where(constant, 1, scale)


def _apply(x: NDArray[Any], shift: NDArray[np.float64], scale: NDArray[np.float64]) -> Table:
    _check_finite(x)
    scaled = ((x - shift) / scale).astype(np.float32)
    _check_finite(scaled)
    return scaled


def _check_finite(x: NDArray[Any]) -> None:
    finite = np.isfinite(x)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(
            f"feature {column + 1} is {x[row, column]} or too large for float32 "
            f"in sample {row + 1}; take it out, or correct it"
        )
