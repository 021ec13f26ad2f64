"""Inputs and labels from files of the user, as `declearn-split` takes them apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.array_files.csv_matrix import CsvTable
from datagen_partitions.array_files.reading import FileFormat, read_array, read_svmlight
from datagen_partitions.errors import DataError, DataOptionError

DATA, LABELS = "data_file", "label_file"

Pair = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Labels:
    """The place of labels: a file of their own, or a column of the data by name or index.

    With neither, they are those inside a svmlight file.
    """

    file: Path | None = None
    form: FileFormat | None = None
    column: int | str | None = None


def read_labelled(path: Path, form: FileFormat, labels: Labels) -> Pair:
    """Return inputs `(n, …)` and labels, `(n,)` or, from a csv file of their own, `(n, 1)`.

    Values and types are those of declearn 2.9, with sparse inputs dense. Where no labels
    are named, those inside a svmlight file are taken, which declearn-split cannot do.

    Raises
    ------
    DataError
        When a file cannot be read, or inputs and labels do not fit together.
    DataOptionError
        When there is no such column.
    """
    x, y = _read(path, form, labels)
    if x.ndim < 2 or not len(x):
        raise DataError(f"{DATA} holds an array {x.shape}; it takes (rows, …), at least one row")
    if y.shape not in {(len(x),), (len(x), 1)}:
        raise DataError(f"labels are {y.shape} for {len(x)} rows; it takes one label for each row")
    if y.dtype.kind == "f" and np.isnan(y).any():
        row = int(np.argmax(np.isnan(y.ravel())))
        raise DataError(f"there is no label in row {row + 1}; fill it in, or take the row out")
    return x, y


def _read(path: Path, form: FileFormat, labels: Labels) -> Pair:
    if labels.file is None and labels.column is None:
        return read_svmlight(path, DATA)
    data = read_array(path, form, DATA)
    if labels.file is not None and labels.form is not None:
        return _as_matrix(data), _as_matrix(read_array(labels.file, labels.form, LABELS))
    if isinstance(labels.column, str):
        return _take_named(data, labels.column)
    return _take_column(_as_matrix(data), labels.column or 0)


def _as_matrix(data: NDArray[Any] | CsvTable) -> NDArray[Any]:
    return data.values() if isinstance(data, CsvTable) else data


def _take_named(data: NDArray[Any] | CsvTable, name: str) -> Pair:
    if not isinstance(data, CsvTable):
        raise DataOptionError(f"there is no file {name}, and only columns of csv files have names")
    place = data.find(name, ", and there is no such file")
    return data.values(without=place), data.arrays[place]


def _take_column(x: NDArray[Any], column: int) -> Pair:
    """Return a matrix without a column, and that column, in the type of the matrix."""
    if x.ndim != 2 or x.shape[1] < 2 or not -x.shape[1] <= column < x.shape[1]:
        raise DataOptionError(
            f"{DATA} holds an array {x.shape}, from which column {column} cannot be taken; "
            "count columns from 0, or name a label_file"
        )
    return np.delete(x, column, axis=1), x[:, column]
