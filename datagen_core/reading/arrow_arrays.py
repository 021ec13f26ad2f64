"""Columns as arrays and tables of Arrow, without a copy where the type allows it.

Whoever calls this has made sure that pyarrow is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datagen_core.generators.schema import Column, Columns, Field, Ragged, Schema
from datagen_core.reading.targets import ARROW, Target

_DAYS = 2**31
"""Dates of Arrow are days in 32 bits."""


def arrow_table(schema: Schema, parts: Sequence[Columns]) -> pa.Table:
    """Return a table with a column for each field, and a chunk for each part.

    Raises
    ------
    ConfigurationError
        For a type or a value that Arrow cannot hold exactly.
    """
    chunks = {
        name: [column_array(name, part[name], field, ARROW) for part in parts]
        for name, field in schema.fields.items()
    }
    return pa.table({name: pa.chunked_array(each) for name, each in chunks.items()})


def column_array(name: str, column: Column, field: Field, target: Target) -> pa.Array:
    """Return a column as an array of Arrow.

    Numbers and times are the column's own memory, unless the bits of `bool` or another unit of time
    need a copy. A ragged field is a `large_list` of the rows, whose offsets are the column's own.

    Raises
    ------
    ConfigurationError
        For a type or a value that the target cannot hold exactly.
    """
    if not isinstance(column, Ragged):
        return shaped_array(name, column, target, field.element)
    offsets, first = column.offsets, int(column.offsets[0])
    rows = shaped_array(name, column.rows(), target, field.element)
    return pa.LargeListArray.from_arrays(pa.array(offsets - first if first else offsets), rows)


def shaped_array(
    name: str, column: NDArray[Any], target: Target, element: type[str | bytes] | None = None
) -> pa.Array:
    """Return an array of Arrow: one dimension more is a list of fixed size, several are a tensor.

    `element` is the type of the objects of a column of text or bytes.
    """
    if element is not None:
        return pa.array(column, pa.large_string() if element is str else pa.large_binary())
    if column.ndim < 3:
        return nested_array(name, column, target)
    shape = column.shape[1:]
    flat = np.ascontiguousarray(column).reshape(len(column), math.prod(shape))
    storage = nested_array(name, flat, target, shape)
    kind = pa.fixed_shape_tensor(storage.type.value_type, shape)
    return pa.ExtensionArray.from_storage(kind, storage)


def nested_array(
    name: str, column: NDArray[Any], target: Target, shape: tuple[int, ...] = ()
) -> pa.Array:
    """Return an array of Arrow, in which each dimension of a value is a list of fixed size.

    `shape` is that of a value, for messages, where the column has fewer dimensions.
    """
    sizes = column.shape[1:]
    if math.prod(sizes) == 0:
        raise target.refusal(name, f"of shape {shape or sizes}", target.of_no_elements)
    array = _flat_array(name, np.ascontiguousarray(column).reshape(-1) if sizes else column, target)
    for size in reversed(sizes):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array


def _flat_array(name: str, column: NDArray[Any], target: Target) -> pa.Array:
    members = {key: column[key] for key in column.dtype.names or ()}
    if column.dtype.kind == "c":
        members = {"real": column.real, "imag": column.imag}
    if not members:
        return _scalars(name, column, target)
    arrays = [nested_array(f"{name}.{key}", member, target) for key, member in members.items()]
    return pa.StructArray.from_arrays(arrays, list(members))


def _scalars(name: str, column: NDArray[Any], target: Target) -> pa.Array:
    kind, size = column.dtype.kind, column.dtype.itemsize
    if kind in "SV":
        return pa.array(column.tolist(), pa.binary(size if kind == "V" else -1))
    if kind in "fc" and size > 8:
        raise target.refusal(name, str(column.dtype))
    return pa.array(_times(name, column, target) if kind in "Mm" else column)


def _times(name: str, column: NDArray[Any], target: Target) -> NDArray[Any]:
    converted = target.in_its_unit(name, column)
    if np.datetime_data(converted.dtype)[0] == "D":
        numbers = converted.view(np.int64)[~np.isnat(converted)]
        if np.any((numbers < -_DAYS) | (numbers >= _DAYS)):
            raise target.inexact(name, column, "D")
    return converted


def leaves(name: str, dtype: np.dtype[Any]) -> Iterator[str]:
    """Yield the paths of a column in a Parquet file, which has dots where records have members."""
    if dtype.subdtype is not None:
        dtype = dtype.subdtype[0]
    if dtype.names is None:
        yield name
    for key in dtype.names or ():
        yield from leaves(f"{name}.{key}", dtype[key])
