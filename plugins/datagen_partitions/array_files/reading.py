"""A file of the user in any of four formats: csv, npy, svmlight, declearn's sparse text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import require
from datagen_partitions.array_files.csv_matrix import CsvTable
from datagen_partitions.array_files.npy import read_npy
from datagen_partitions.errors import DataError

FileFormat = Literal["csv", "npy", "svmlight", "sparse"]
"""The formats, which are also endings of file names."""

_MOST_BYTES = 2**33
"""Of a sparse matrix made dense."""


def format_of(path: Path) -> FileFormat | None:
    """Return the format that a name ends in; None if it ends in another."""
    ending = path.suffix.lower().removeprefix(".")
    return next((known for known in get_args(FileFormat) if known == ending), None)


def read_array(path: Path, form: FileFormat, title: str) -> NDArray[Any] | CsvTable:
    """Return the content of a file: a table of csv, else an array; sparse ones are made dense.

    The labels of a svmlight file are left out.

    Parameters
    ----------
    title
        The file's name in messages.

    Raises
    ------
    DataError
        When it cannot be read, or holds anything but numbers.
    """
    if form == "csv":
        return CsvTable.read(path, title)
    if form == "npy":
        return read_npy(path, title, "write it with numpy.save")
    if form == "sparse":
        return _read_sparse(path, title)
    return read_svmlight(path, title)[0]


def read_svmlight(path: Path, title: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs, dense float64 `(n, d)`, and labels, float64 `(n,)`.

    Raises
    ------
    DataError
        When it cannot be read.
    MissingPackageError
        When scikit-learn is not installed.
    """
    datasets = require("sklearn.datasets", "sklearn")  # here, since it is slow to import
    try:
        with path.open("rb") as file:
            x, y = datasets.load_svmlight_file(file)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{title} cannot be read as svmlight: {reason}") from error
    _check_size(title, x.shape, x.dtype)
    dense: NDArray[Any] = x.toarray()
    return dense, y


def _read_sparse(path: Path, title: str) -> NDArray[Any]:
    """Return a matrix that `declearn.dataset.utils.sparse_to_file` wrote, dense.

    Raises
    ------
    DataError
        When the file is not one, or the matrix is too large to be dense.
    """
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
            shape, dtype = tuple(head["shape"]), np.dtype(head["dtype"])
            _check_size(title, shape, dtype)
            return _fill(np.zeros(shape, dtype), file)
    except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        raise DataError(
            f"{title} is not a sparse matrix of declearn: {type(error).__name__}: {error}; "
            "write it with declearn's sparse_to_file"
        ) from error


def _fill(matrix: NDArray[Any], lines: Iterable[str]) -> NDArray[Any]:
    number = int if matrix.dtype.kind == "i" else float
    for row, line in enumerate(lines):
        for item in line.split():
            column, value = item.split(":")
            matrix[row, int(column)] = number(value)
    return matrix


def _check_size(title: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a matrix that would need more than `_MOST_BYTES` when it is dense."""
    if np.prod(shape, dtype=float) * dtype.itemsize > _MOST_BYTES:
        size = " x ".join(map(str, shape))
        raise DataError(f"{title} is {size}, too large for dense rows; select columns")
