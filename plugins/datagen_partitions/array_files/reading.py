"""One file of the user, whatever its format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from datagen_partitions.array_files.csv_matrix import CsvTable, read_csv_table
from datagen_partitions.array_files.npy import read_npy
from datagen_partitions.array_files.sparse_text import check_size, read_sparse
from datagen_partitions.errors import DataError

FileFormat = Literal["csv", "npy", "svmlight", "sparse"]
"""What a file holds; its name ends so."""


def format_of(path: Path) -> FileFormat | None:
    """Return the format that the ending of a name tells; None where it tells none."""
    ending = path.suffix.lower().removeprefix(".")
    return next((known for known in get_args(FileFormat) if known == ending), None)


def read_array(path: Path, form: FileFormat, title: str) -> NDArray[Any] | CsvTable:
    """Return what a file holds: a table of csv, else an array, sparse ones dense.

    Of a svmlight file it is the inputs.

    Parameters
    ----------
    title
        What messages call the file.

    Raises
    ------
    DataError
        When it cannot be read, or holds no numbers.
    """
    if form == "csv":
        return read_csv_table(path, title)
    if form == "npy":
        return read_npy(path, title, "write it with numpy.save")
    if form == "sparse":
        return read_sparse(path, title)
    return read_svmlight(path, title)[0]


def read_svmlight(path: Path, title: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs, dense float64 `(n, d)`, and labels, float64 `(n,)`.

    Raises
    ------
    DataError
        When it cannot be read, or scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_svmlight_file  # an extra, and slow to import
    except ModuleNotFoundError as error:
        message = f"{title}: scikit-learn is not installed; run: pip install 'datagen[sklearn]'"
        raise DataError(message) from error
    try:
        with path.open("rb") as file:
            x, y = load_svmlight_file(file)
    except (OSError, ValueError) as error:
        message = f"{title}: it cannot be read as svmlight: {str(error).splitlines()[0]}"
        raise DataError(message) from error
    check_size(title, x.shape, x.dtype)
    return x.toarray(), y
