"""Turning what a generator yields into columns of one schema.

A generator yields samples one by one (a pair becomes `x, y`, a dict names its fields), or arrays
that hold many samples. Counting distinguishes them: if there are as many items as samples, each is
a sample; if there are fewer, they are pieces of the batch, whose first dimensions add up. A
function that returns a dict or a tuple instead of yielding returns the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SchemaError
from datagen_core.generators.schema import Column, Columns, Field, Ragged, Schema, join_columns

Record = Mapping[str, Any]

_KINDS = {str: "text", bytes: "bytes", None: "numbers"}

_CASTS = {"ff", "cc", "if", "uf", "ii", "iu", "ui", "uu", "VV"}
"""Allowed casts, as pairs of numpy's kinds: from, to. Integers are compared afterwards."""


def collect(made: object, size: int, schema: Schema | None) -> tuple[Columns, Schema]:
    """Return what a generator made for a batch of `size` samples, and its schema.

    Parameters
    ----------
    made
        What the generator's function returned: an iterator, a dict or a tuple.
    size
        The required number of samples.
    schema
        The schema to enforce; None infers it from these samples.

    Raises
    ------
    SchemaError
        If there are too few or too many samples, or one does not fit the schema.
    """
    if isinstance(made, Mapping | tuple):
        pieces = [_as_record(made)]
    elif isinstance(made, Iterable):
        items = list(made)
        if len(items) == size and not _is_one_batch(items, schema):
            return _from_values(_transpose(items), schema)
        pieces = [_as_record(item) for item in items]
    else:
        raise SchemaError(
            f"a generator must yield samples or return arrays, not {type(made).__name__}"
        )
    return _from_pieces(pieces, size, schema)


def _is_one_batch(items: Sequence[object], schema: Schema | None) -> bool:
    """Whether a single item is a batch of one sample: the schema decides, since counting cannot."""
    if len(items) != 1 or schema is None:
        return False
    record = _as_record(items[0])
    fixed = {
        name: (1, *field.shape)
        for name, field in schema.fields.items()
        if not field.ragged and not field.element
    }
    shapes = {name: getattr(record.get(name), "shape", None) for name in fixed}
    return bool(fixed) and shapes == fixed


def _as_record(item: object) -> Record:
    if type(item) is dict or isinstance(item, Mapping):  # asking an ABC costs ten times as much
        return item
    if isinstance(item, tuple) and len(item) == 2:
        return {"x": item[0], "y": item[1]}
    raise SchemaError(
        f"a sample is a pair x, y or a dict that names its fields, not {_brief(item)}"
    )


def _brief(item: object) -> str:
    return f"a tuple of {len(item)}" if isinstance(item, tuple) else f"a {type(item).__name__}"


def _transpose(items: Sequence[object]) -> dict[str, Sequence[Any]]:
    if all(type(item) is tuple and len(item) == 2 for item in items):  # no dict for each pair
        return dict(zip("xy", zip(*items, strict=True), strict=True))
    records = [_as_record(item) for item in items]
    names = list(records[0])
    for record in records:
        if record.keys() != records[0].keys():
            raise SchemaError(f"one sample has the fields {names}, another {list(record)}")
    return {name: [record[name] for record in records] for name in names}


def _from_pieces(
    pieces: Sequence[Record], size: int, schema: Schema | None
) -> tuple[Columns, Schema]:
    columns: list[Columns] = []
    for piece in pieces:
        known = schema.fields if schema is not None else {}
        if any(_is_single(value, known.get(name)) for name, value in piece.items()):
            raise SchemaError(
                f"the generator made {len(pieces)} samples for a batch of {size}; "
                f"yield {size} samples, or arrays that hold {size} samples"
            )
        made, schema = _from_values(piece, schema)
        columns.append(made)
    rows = sum(_rows_of(piece) for piece in columns)
    if rows != size or not columns or schema is None:
        raise SchemaError(f"the generator made {rows} samples for a batch of {size}")
    return join_columns(columns), schema


def _is_single(value: object, field: Field | None) -> bool:
    """Whether a value belongs to one sample, where an array of many is needed."""
    if isinstance(value, str) or not isinstance(value, Sized):
        return True
    rank = len(field.shape) + field.ragged if field is not None else 0
    return isinstance(value, np.ndarray) and value.dtype.kind != "O" and value.ndim <= rank


def _rows_of(columns: Columns) -> int:
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        raise SchemaError(f"the arrays of a batch have different first dimensions: {rows}")
    return next(iter(rows.values()))


def _from_values(values: Mapping[str, Any], schema: Schema | None) -> tuple[Columns, Schema]:
    if schema is None:
        schema = Schema({name: infer_field(name, value) for name, value in values.items()})
    if values.keys() != schema.fields.keys():
        raise SchemaError(
            f"a sample has the fields {list(values)}; its schema has {list(schema.fields)}"
        )
    columns = {name: as_column(name, values[name], field) for name, field in schema.fields.items()}
    return columns, schema


def infer_field(name: str, values: Any) -> Field:  # noqa: PLR0911
    """Return the field that fits a list or an array of values, one per sample."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return Field(values.dtype, values.shape[1:])
    if isinstance(values, Ragged):
        return Field(values.values.dtype, values.values.shape[1:], ragged=True)
    if all(isinstance(value, bytes) for value in values):
        return Field(bytes)
    arrays = [np.asarray(value) for value in values]
    shapes = {array.shape for array in arrays}
    dtype = np.result_type(*{array.dtype for array in arrays})
    if len(shapes) == 1:
        return Field(dtype, shapes.pop())
    if {0} & {len(shape) for shape in shapes} or len({shape[1:] for shape in shapes}) > 1:
        raise SchemaError(
            f"field {name!r}: samples of shapes {sorted(shapes)[:3]} do not fit one schema"
        )
    return Field(dtype, shapes.pop()[1:], ragged=True)


def as_column(name: str, values: Any, field: Field) -> Column:
    """Return values, one per sample, as a column of `field`.

    Raises
    ------
    SchemaError
        If a value has another shape, or a type that the field cannot hold without loss.
    """
    if field.ragged:
        return _ragged_column(name, values, field)
    if field.element:
        return _object_array(name, list(values), field)
    try:
        array = np.asarray(values)
    except ValueError:  # the values have different shapes
        raise SchemaError(_misfit(name, values, field)) from None
    if array.shape[1:] != field.shape:
        raise SchemaError(_misfit(name, values, field))
    return fit(name, array, field)


def _ragged_column(name: str, values: Any, field: Field) -> Ragged:
    if isinstance(values, Ragged):
        return Ragged(fit(name, values.values, field), values.offsets)
    if field.element:
        parts = [_object_array(name, list(value), field) for value in values]
        return Ragged.from_arrays(parts, field)
    arrays = [np.asarray(value) for value in values]
    for array in arrays:
        if array.ndim == 0 or (array.shape[1:] != field.shape and array.size):
            raise SchemaError(_misfit(name, values, field))
    shaped = [array.reshape(len(array), *field.shape) for array in arrays]
    return Ragged.from_arrays([fit(name, array, field) for array in shaped], field)


def _misfit(name: str, values: Sequence[Any], field: Field) -> str:
    shapes = sorted({np.shape(value) for value in values})
    return (
        f"field {name!r} has samples of shape {shapes[-1]} where the schema says {field}; "
        "declare it as Field(…, ragged=True) if its first dimension differs from sample to sample"
    )


def _object_array(name: str, values: list[Any], field: Field) -> NDArray[Any]:
    wrong = [value for value in values if not isinstance(value, field.element or object)]
    if wrong:
        raise SchemaError(f"field {name!r} holds {_KINDS[field.element]}, not {wrong[0]!r}")
    if field.is_text and any("\0" in value for value in values):
        raise SchemaError(f"field {name!r}: HDF5 cannot store text with NUL characters")
    array = np.empty(len(values), object)
    array[:] = values
    return array


def fit(name: str, array: NDArray[Any], field: Field) -> NDArray[Any]:
    """Return `array` in the field's dtype; floats may lose precision, nothing else may."""
    if array.dtype == field.dtype:
        return array
    if not array.size or np.can_cast(array.dtype, field.dtype, "safe"):
        return array.astype(field.dtype)
    kinds = array.dtype.kind + field.dtype.kind
    cast = array.astype(field.dtype) if kinds in _CASTS else None
    if cast is None or (kinds[0] in "iu" and not np.array_equal(cast, array)):
        raise SchemaError(
            f"field {name!r} got {array.dtype} values that its {field.dtype} cannot hold"
        )
    return cast
