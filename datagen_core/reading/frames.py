"""Columns as frames of pandas, and as data sets of xarray.

Both have a column or variable for each member of a record, as CSV has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datagen_core.files import require
from datagen_core.generators.schema import Column, Columns, Ragged
from datagen_core.reading.targets import PANDAS, XARRAY, Target, refuse_twice

_CHOOSE = "choose fields, or read it with get()"

Labels = tuple[str, ArrayLike]
"""The name of what tells samples apart, and its values; consecutive indices are a range."""


def as_frame(columns: Columns, labels: Labels) -> Any:
    """Return a `pandas.DataFrame` over columns, without a copy of numbers and times.

    Raises
    ------
    ConfigurationError
        When two columns would have one name, or for a time that pandas cannot hold exactly.
    """
    pd = require("pandas", "pandas")
    name, values = labels
    cells = [each for field, column in columns.items() for each in _cells(field, column)]
    refuse_twice((key for key, _ in cells), _CHOOSE)
    index = pd.RangeIndex(values) if isinstance(values, range) else pd.Index(values, copy=False)
    return pd.DataFrame(dict(cells), index=index.rename(name), copy=False)


def as_grid(columns: Columns, labels: Labels) -> Any:
    """Return an `xarray.Dataset` over columns, without a copy of numbers and times.

    Raises
    ------
    ConfigurationError
        When two variables would have one name, or for a time that xarray cannot hold exactly.
    """
    xr = require("xarray", "xarray")
    label, values = labels
    found = [each for name, column in columns.items() for each in _variables(name, column, label)]
    refuse_twice([label, *(name for name, _ in found)], _CHOOSE)
    coordinate = np.arange(values.start, values.stop) if isinstance(values, range) else values
    return xr.Dataset(dict(found), coords={label: coordinate})


def _members(name: str, column: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a column, or one for each member of records, `x_a`."""
    for key in column.dtype.names or ():
        yield from _members(f"{name}_{key}", column[key])
    if not column.dtype.names:
        yield name, column


def _cells(name: str, column: Column) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield what pandas has columns of: numbers, times, or objects such as arrays."""
    if isinstance(column, Ragged):
        for key, values in _members(name, column.values):
            yield key, np.fromiter(Ragged(values, column.offsets), object, len(column))
        return
    for key, values in _members(name, column):
        many = values.ndim > 1
        yield key, np.fromiter(values, object, len(values)) if many else _plain(key, values, PANDAS)


def _plain(name: str, column: NDArray[Any], target: Target) -> NDArray[Any]:
    if column.dtype.kind in "Mm":
        return target.in_its_unit(name, column)
    if column.dtype.kind in "SV":
        return np.fromiter(_as_bytes(column), object, column.size).reshape(column.shape)
    return column


def _as_bytes(column: NDArray[Any]) -> Iterator[bytes]:
    return (bytes(value) for value in column.reshape(-1).tolist())


Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]
"""A variable of xarray: dimensions, values, attributes."""


def _variables(name: str, column: Column, label: str) -> Iterator[tuple[str, Variable]]:
    along = label
    if isinstance(column, Ragged):
        along = f"{name}_row"
        yield f"{name}_row_size", ((label,), column.lengths, {"sample_dimension": along})
        column = column.rows()
    for key, values in _members(name, column):
        axes = [f"{key}_dim_{axis}" for axis in range(values.ndim - 1)]
        yield key, ((along, *axes), _plain(key, values, XARRAY), {})
