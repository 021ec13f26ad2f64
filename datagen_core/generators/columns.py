"""Columns from values, one per sample: the field that fits them, and the column of a field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SchemaError
from datagen_core.generators.schema import Column, Field, Ragged
from datagen_core.generators.values import (
    as_array,
    common_dtype,
    describe,
    exact_array,
    fit,
    stack,
)

_NAMES = {str: "text", bytes: "bytes"}


def infer_field(values: Any) -> Field:
    """Return the field that fits a list or an array of values, one per sample.

    Raises
    ------
    SchemaError
        If no field can hold them exactly.
    """
    if isinstance(values, Ragged):
        part = exact_array(values.rows())
        return _field_of([part], {part.shape[1:]}, ragged=True)
    values = as_rows(values)
    if isinstance(values, np.ndarray):
        return Field(values.dtype, values.shape[1:])
    arrays = [exact_array(value) for value in values]
    shapes = {array.shape for array in arrays}
    if len(shapes) == 1:
        return _field_of(arrays, shapes, ragged=False)
    if () in shapes:
        raise SchemaError(f"samples of shapes {_some(shapes)} do not fit one schema")
    # An empty list does not say what it could hold.
    voting = {array.shape[1:] for array in arrays if array.size} or {shape[1:] for shape in shapes}
    return _field_of(arrays, voting, ragged=True)


def _field_of(
    arrays: Sequence[NDArray[Any]], shapes: set[tuple[int, ...]], *, ragged: bool
) -> Field:
    dtype = common_dtype(arrays)
    shape, *others = shapes
    if others:
        raise SchemaError(f"samples of shapes {_some(shapes)} do not fit one schema")
    if dtype.kind != "O":
        return Field(dtype, shape, ragged=ragged)
    elements = {type(each) for array in arrays for each in array.flat}
    if len(shape) + ragged > 1:
        raise SchemaError("lists of lists of text or bytes cannot be stored; yield one list")
    if not elements:
        raise SchemaError("empty arrays of objects do not say what they hold; declare `schema`")
    return Field(elements.pop(), ragged=bool(shape) or ragged)


def _some(shapes: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return sorted(shapes)[:3]


def as_rows(values: Any) -> NDArray[Any] | list[Any] | tuple[Any, ...]:
    """Return values, one per sample, as an array of numbers or a list of anything else."""
    if type(values) is list or type(values) is tuple:
        return values
    if isinstance(values, Sequence) and not isinstance(values, memoryview):
        return list(values)
    array = as_array(values)
    if array.ndim == 0:
        raise SchemaError(f"{describe(values)} is not an array or list of one value per sample")
    return list(array) if array.dtype.kind in "OUT" else array


def as_column(values: Any, field: Field, *, rounding: bool) -> Column:
    """Return values, one per sample, as a column of `field`.

    Parameters
    ----------
    rounding
        Whether floats may be rounded to the field's precision.

    Raises
    ------
    SchemaError
        If a value has another shape, or the field cannot hold it.
    """
    if field.ragged:
        return _ragged_column(values, field, rounding=rounding)
    rows = as_rows(values)
    if field.element:
        return _elements(rows, field)
    array = rows if isinstance(rows, np.ndarray) else _stack(rows, field)
    if array.shape[1:] != field.shape:
        raise SchemaError(_misfit(array.shape[1:], field))
    return fit(array, field.dtype, rounding=rounding)


def _stack(rows: Sequence[Any], field: Field) -> NDArray[Any]:
    array = stack(rows)
    if array.dtype == object and field.dtype.kind != "S":
        return stack(_unpacked(rows))
    return array


def _unpacked(rows: Iterable[Any]) -> list[Any]:
    """Let a bytearray be an array of numbers, for a field of such."""
    return [np.array(row) if isinstance(row, bytearray) else row for row in rows]


def _elements(rows: Sequence[Any] | NDArray[Any], field: Field) -> NDArray[Any]:
    """Return text or bytes as an array of objects."""
    wanted = field.element
    found = list(rows)
    if set(map(type, found)) != {wanted}:
        found = [_element(value, field) for value in found]
    if wanted is str:
        _check_text(found)
    array = np.empty(len(found), object)
    array[:] = found
    return array


def _element(value: Any, field: Field) -> str | bytes:
    plain = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(plain, str):
        plain = str.__str__(plain)
    elif isinstance(plain, bytes | bytearray):
        plain = bytes(plain)
    if field.element is None or type(plain) is not field.element:
        raise SchemaError(f"it holds {_NAMES[field.element or str]}, not {describe(value)}")
    return plain


def _check_text(texts: Sequence[str]) -> None:
    joined = "".join(texts)
    if "\0" in joined:
        wrong = next(text for text in texts if "\0" in text)
        raise SchemaError(
            f"HDF5 cannot store text with NUL characters, as {describe(wrong)} has; yield bytes"
        )
    if not joined.isascii():
        try:
            joined.encode()
        except UnicodeEncodeError as error:
            raise SchemaError(
                f"text with the lone surrogate {joined[error.start]!a} is no Unicode; "
                'yield bytes, such as text.encode("utf-8", "surrogateescape")'
            ) from None


def _ragged_column(values: Any, field: Field, *, rounding: bool) -> Ragged:
    if isinstance(values, Ragged):
        flat, offsets = exact_array(values.rows()), np.asarray(values.offsets, np.int64)
        offsets = offsets - offsets[0]
        if offsets[-1] != len(flat) or (np.diff(offsets) < 0).any():
            raise SchemaError("its offsets do not rise up to the number of its values")
    else:
        flat, offsets = _join_arrays(values, field)
    if field.element:
        return Ragged(_elements(flat, field), offsets)
    return Ragged(fit(flat, field.dtype, rounding=rounding), offsets)


def _join_arrays(values: Any, field: Field) -> tuple[NDArray[Any], NDArray[np.int64]]:
    parts = _parts(as_rows(values), field)
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    dtype = parts[0].dtype if parts else field.dtype
    return np.concatenate([np.empty((0, *field.shape), dtype), *parts]), offsets


def _parts(rows: Sequence[Any] | NDArray[Any], field: Field) -> list[NDArray[Any]]:
    """Return the values of samples as arrays of one type and the field's shape."""
    if not field.element and all(_is_like(row, field) for row in rows):
        return list(rows)
    unpacked = rows if field.element else _unpacked(rows)
    arrays = [exact_array(value) for value in unpacked]
    for array in arrays:
        if array.ndim == 0 or (array.shape[1:] != field.shape and array.size):
            raise SchemaError(_misfit(array.shape, field))
    dtype = common_dtype(arrays)
    return [fit(array, dtype).reshape(len(array), *field.shape) for array in arrays]


def _is_like(row: object, field: Field) -> TypeGuard[NDArray[Any]]:
    """Whether the value of a sample is an array of the field's type and shape already."""
    return (
        type(row) is np.ndarray
        and row.dtype == field.dtype
        and row.ndim > 0
        and row.shape[1:] == field.shape
    )


def _misfit(shape: tuple[int, ...], field: Field) -> str:
    return (
        f"a value of shape {shape} does not fit where the schema says {field}; declare it as "
        "Field(…, ragged=True) if its first dimension differs from sample to sample"
    )
