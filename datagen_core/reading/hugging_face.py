"""Columns as tables with the types of Hugging Face's `datasets`, without a copy of numbers.

Whoever calls this has made sure that datasets is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
from datasets.table import InMemoryTable
from numpy.typing import NDArray

from datagen_core.generators.schema import Column, Columns, Field, Ragged, Schema
from datagen_core.reading.arrow_arrays import column_array, nested_array
from datagen_core.reading.targets import HUGGING_FACE

_TENSORS = {2: datasets.Array2D, 3: datasets.Array3D, 4: datasets.Array4D, 5: datasets.Array5D}
_MOST_ELEMENTS = 2**31 - 1
"""The lists of these types count in 32 bits."""


def as_dataset(schema: Schema, parts: Sequence[Columns], identity: str) -> datasets.Dataset:
    """Return a data set over columns; `identity` tells it from those with other values.

    Raises
    ------
    ConfigurationError
        For a type or a value that `datasets` cannot hold exactly.
    """
    table = typed_table(schema, parts)
    return datasets.Dataset(InMemoryTable(table), fingerprint=identity[:16])


def typed_table(schema: Schema, parts: Sequence[Columns]) -> pa.Table:
    """Return a table of Arrow with the types of `datasets`.

    Numbers of two to five dimensions are `Array2D` to `Array5D`; all else is as `datasets` takes it
    from Arrow: structs, lists of a length, large lists. Its metadata say so to who reads a file.

    Raises
    ------
    ConfigurationError
        For a type or a value that `datasets` cannot hold exactly.
    """
    chunks = {
        name: [chunk for part in parts for chunk in _chunks(name, part[name], field)]
        for name, field in schema.fields.items()
    }
    table = pa.table({name: pa.chunked_array(each) for name, each in chunks.items()})
    features = datasets.Features.from_arrow_schema(table.schema)
    return table.replace_schema_metadata(features.arrow_schema.metadata)


def _chunks(name: str, column: Column, field: Field) -> Iterator[pa.Array]:
    if isinstance(column, Ragged):
        if len(field.shape) < 2:
            yield column_array(name, column, field, HUGGING_FACE)
            return
        lists = nested_array(name, column.rows(), HUGGING_FACE)
        offsets = column.offsets - column.offsets[0]
        yield pa.LargeListArray.from_arrays(pa.array(offsets), lists)
    elif len(field.shape) not in _TENSORS or field.dtype.kind not in "biuf":
        yield _plain(name, column, field)
    else:
        yield from _tensors(name, column, field)


def _plain(name: str, column: NDArray[Any], field: Field) -> pa.Array:
    if len(field.shape) > 1:
        return nested_array(name, column, HUGGING_FACE)
    return column_array(name, column, field, HUGGING_FACE)


def _tensors(name: str, column: NDArray[Any], field: Field) -> Iterator[pa.Array]:
    """Yield chunks of `Array2D` and the like, whose lists of lists share the column's memory."""
    size = math.prod(field.shape)
    if size == 0:
        raise HUGGING_FACE.refusal(name, f"of shape {field.shape}")
    rows = max(1, _MOST_ELEMENTS // size)
    for start in range(0, max(1, len(column)), rows):
        piece = column[start : start + rows]
        flat = nested_array(name, np.ascontiguousarray(piece).reshape(-1), HUGGING_FACE)
        kind = _TENSORS[len(field.shape)](field.shape, str(field.dtype))()
        yield pa.ExtensionArray.from_storage(kind, _lists(flat, (len(piece), *field.shape)))


def _lists(flat: pa.Array, shape: tuple[int, ...]) -> pa.Array:
    """Return elements as lists of lists of the sizes of a shape."""
    for axis in range(len(shape) - 1, 0, -1):
        count = math.prod(shape[:axis])
        offsets = np.arange(count + 1, dtype=np.int32) * np.int32(shape[axis])
        flat = pa.ListArray.from_arrays(pa.array(offsets), flat)
    return flat
