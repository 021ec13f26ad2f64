"""declearn's text format of sparse matrices: a line of JSON, then `column:value …` for each row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.errors import DataError

MOST_BYTES = 2**33


def read_sparse(path: Path, title: str) -> NDArray[Any]:
    """Return the matrix that `declearn.dataset.utils.sparse_to_file` wrote, dense.

    Raises
    ------
    DataError
        When the file is no such, or the matrix too large to be dense.
    """
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
            shape, dtype = tuple(head["shape"]), np.dtype(head["dtype"])
            check_size(title, shape, dtype)
            return _fill(np.zeros(shape, dtype), file)
    except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        message = f"{title} is no sparse matrix of declearn: {type(error).__name__}: {error}"
        raise DataError(f"{message}; write it with declearn's sparse_to_file") from error


def _fill(matrix: NDArray[Any], lines: Iterable[str]) -> NDArray[Any]:
    number = int if matrix.dtype.kind == "i" else float
    for row, line in enumerate(lines):
        for item in line.split():
            column, value = item.split(":")
            matrix[row, int(column)] = number(value)
    return matrix


def check_size(title: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a matrix that would need more than `MOST_BYTES` when it is dense."""
    if np.prod(shape, dtype=float) * dtype.itemsize > MOST_BYTES:
        size = " x ".join(map(str, shape))
        message = f"{title} is {size}, too large for dense rows; select columns"
        raise DataError(message)
