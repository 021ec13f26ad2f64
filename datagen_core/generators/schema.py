"""The schema of a sample, its named fields of fixed or ragged shape, and columns of samples.

A *column* holds one field of consecutive samples: an array `(samples, *shape)` for a fixed field,
a `Ragged` for one whose first dimension differs from sample to sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, overload

import numpy as np
from numpy.lib.format import descr_to_dtype, dtype_to_descr
from numpy.typing import ArrayLike, DTypeLike, NDArray

from datagen_core.checks import check_kind, whole_number
from datagen_core.errors import SchemaError
from datagen_core.generators.padding import without_padding

ELEMENTS: dict[str, type[str | bytes]] = {"str": str, "bytes": bytes}
"""Types of variable length, by their names in documents: text (stored as UTF-8), and bytes."""


@dataclass(frozen=True, init=False)
class Field:
    """One field of a sample.

    Attributes
    ----------
    dtype
        A numpy dtype (structured ones too), native byte order; object for text and bytes.
    shape
        Shape of one sample's value; for a ragged field, the shape after its first dimension.
    ragged
        Whether the first dimension differs from sample to sample.
    measured
        Members of a record that are measurements, such as times. They differ each time a sample is
        made, so `datagen verify` does not compare them.
    element
        `str` or `bytes` for text or bytes of any length, whose arrays hold such objects; None for
        every other dtype. `Field(str)` and `Field(bytes)` declare them.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    ragged: bool
    measured: tuple[str, ...]
    element: type[str | bytes] | None

    def __init__(
        self,
        dtype: DTypeLike,
        shape: Sequence[int] = (),
        *,
        ragged: bool = False,
        measured: Sequence[str] = (),
    ) -> None:
        try:
            element = _element_of(dtype)
            resolved = np.dtype("O") if element else np.dtype(dtype).newbyteorder("=")
        except TypeError as error:
            raise SchemaError(f"a field cannot hold {dtype!r}: {error}") from None
        if "numpy.record" in str(resolved):  # the type of a recarray, of which files know nothing
            resolved = descr_to_dtype(dtype_to_descr(resolved))
        if element is None and not _is_storable(resolved):
            raise SchemaError(
                f"a field cannot hold {dtype!r}; use numbers, bool, str, bytes, dates with a unit "
                'such as "datetime64[us]", or records of numbers and dates'
            )
        unknown = set(measured) - set(resolved.names or ())
        if unknown:
            raise SchemaError(f"{unknown.pop()!r} is measured, but is not a member of {resolved}")
        if element and shape:
            raise SchemaError(
                f"a field of {element.__name__} has no shape; declare it as "
                f"Field({element.__name__}, ragged=True)"
            )
        object.__setattr__(self, "dtype", resolved)
        object.__setattr__(self, "shape", _sizes(shape))
        object.__setattr__(self, "ragged", ragged)
        object.__setattr__(self, "measured", tuple(measured))
        object.__setattr__(self, "element", element)

    @property
    def is_text(self) -> bool:
        """Whether the field holds strings."""
        return self.element is str

    @property
    def is_bytes(self) -> bool:
        """Whether the field holds bytes of any length."""
        return self.element is bytes

    @property
    def has_times(self) -> bool:
        """Whether the field or a member of it is a datetime64 or timedelta64."""
        return _has_times(self.dtype)

    def to_json(self) -> dict[str, Any]:
        """Return the field as plain JSON types."""
        dtype = self.element.__name__ if self.element else _listed(dtype_to_descr(self.dtype))
        measured = {"measured": list(self.measured)} if self.measured else {}
        return {"dtype": dtype, "shape": list(self.shape), "ragged": self.ragged, **measured}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the field that `to_json` returned as `content`."""
        dtype = content["dtype"]
        if isinstance(dtype, list):
            dtype = descr_to_dtype([_tupled(item) for item in dtype])
        measured = content.get("measured", ())
        return cls(dtype, content["shape"], ragged=content["ragged"], measured=measured)

    def __str__(self) -> str:
        shape = (*(("n",) if self.ragged else ()), *self.shape)
        kind = self.element.__name__ if self.element else str(self.dtype)
        return f"{kind} ({', '.join(map(str, shape))})" if shape else kind


def _sizes(shape: Sequence[int]) -> tuple[int, ...]:
    check_kind("the shape", shape, (tuple, list), "sizes in a tuple, such as (28, 28)")
    sizes = tuple(whole_number("a size of the shape", size) for size in shape)
    if any(size < 0 for size in sizes):
        raise SchemaError(f"a shape has no negative sizes, as {sizes} has")
    return sizes


def _element_of(dtype: DTypeLike) -> type[str | bytes] | None:
    if isinstance(dtype, str) and dtype in ELEMENTS:
        return ELEMENTS[dtype]
    resolved = np.dtype(dtype)
    if resolved.kind in "UT" and not isinstance(dtype, str):
        return str
    return bytes if resolved == np.dtype("S0") else None


def _is_storable(dtype: np.dtype[Any]) -> bool:
    """Whether HDF5 has the type or an integer stands for it; text is only a field of its own."""
    if dtype.subdtype is not None:
        return _is_storable(dtype.subdtype[0])
    if dtype.names is not None:
        return all(_is_storable(dtype[name]) for name in dtype.names)
    if dtype.kind in "Mm":
        return np.datetime_data(dtype)[0] != "generic"
    # Types of other packages, such as bfloat16, call themselves void.
    return dtype.kind in "biufcS" or (dtype.type is np.void and dtype.itemsize > 0)


def _has_times(dtype: np.dtype[Any]) -> bool:
    if dtype.subdtype is not None:
        return _has_times(dtype.subdtype[0])
    return dtype.kind in "Mm" or any(_has_times(dtype[name]) for name in dtype.names or ())


def _listed(item: Any) -> Any:
    """Turn tuples into lists, as JSON does: a schema is compared with one read from JSON."""
    return [_listed(part) for part in item] if isinstance(item, list | tuple) else item


def _tupled(item: list[Any]) -> tuple[Any, ...]:
    """Undo `_listed`: turn `["x", "<f8", [3]]` into `("x", "<f8", (3,))`."""
    name, dtype, *shape = item
    inner = [_tupled(part) for part in dtype] if isinstance(dtype, list) else dtype
    return (name, inner, *(tuple(part) for part in shape))


def _is_name(name: object) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))


@dataclass(frozen=True, init=False)
class Schema:
    """The fields of a sample, in order; two fields `x`, `y` make it a pair sample.

    A name with dots, such as `a.b`, is that of a value in a dict in a sample.
    """

    fields: Mapping[str, Field]

    def __init__(self, fields: Mapping[str, Field]) -> None:
        check_kind("fields", fields, Mapping, "a dict, such as {'x': Field('float64')}")
        if not fields:
            raise SchemaError("a sample needs at least one field")
        for name, field in fields.items():
            check_kind(f"field {name}", field, Field, "a Field, such as Field('float64')")
            if not _is_name(name):
                raise SchemaError(f"{name!r} is not a field name: use letters, digits and '_'")
        object.__setattr__(self, "fields", dict(fields))

    @cached_property
    def is_pair(self) -> bool:
        """Whether samples are pairs `x, y`."""
        return list(self.fields) == ["x", "y"]

    def present(self, columns: Mapping[str, Any]) -> Any:
        """Return `x, y` of pair samples, else the columns themselves."""
        return (columns["x"], columns["y"]) if self.is_pair else columns

    def by_field(self, presented: Any) -> dict[str, Any]:
        """Return the columns of what `present` has made of them."""
        is_pair = isinstance(presented, tuple)
        return dict(zip(("x", "y"), presented, strict=True) if is_pair else presented)

    @property
    def format(self) -> str:
        """The lowest format of a document with these fields, "1.0" or "2.0".

        What reads only 1.0 would misread bytes, times and names with dots.
        """
        newer = any(
            "." in name or field.is_bytes or field.has_times for name, field in self.fields.items()
        )
        return "2.0" if newer else "1.0"

    def to_json(self) -> list[dict[str, Any]]:
        """Return the schema as plain JSON types; a list, since JSON objects have no order."""
        return [{"name": name, **field.to_json()} for name, field in self.fields.items()]

    @classmethod
    def from_json(cls, content: Iterable[Mapping[str, Any]]) -> Self:
        """Return the schema that `to_json` returned as `content`."""
        return cls({item["name"]: Field.from_json(item) for item in content})


@dataclass(frozen=True, eq=False)
class Ragged(Sequence[NDArray[Any]]):
    """Arrays of different lengths, kept in two flat arrays.

    Attributes
    ----------
    values
        All arrays joined, `(rows, *shape)`.
    offsets
        int64 `(samples + 1,)`; array i is `values[offsets[i]:offsets[i + 1]]`.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @classmethod
    def from_arrays(cls, arrays: Sequence[ArrayLike], field: Field) -> Self:
        """Join arrays that have the field's dtype and shape already."""
        parts = [np.asarray(array, field.dtype) for array in arrays]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        empty = np.empty((0, *field.shape), field.dtype)
        return cls(np.concatenate([empty, *parts]), offsets)

    @classmethod
    def join(cls, pieces: Sequence[Self]) -> Self:
        """Return one `Ragged` with the samples of all pieces, in order."""
        lengths = np.concatenate([piece.lengths for piece in pieces])
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(np.concatenate([piece.rows() for piece in pieces]), offsets)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of every array, int64 `(samples,)`."""
        return np.diff(self.offsets)

    def rows(self) -> NDArray[Any]:
        """Return the values of these samples; after slicing, `values` may hold more."""
        return self.values[self.offsets[0] : self.offsets[-1]]

    def take(self, indices: NDArray[np.intp]) -> Ragged:
        """Return the samples at these positions, copied."""
        lengths = self.lengths[indices]
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # Row r of the result is row r - offsets[i] of sample i: one gather instead of a loop.
        shifts = np.repeat(self.offsets[indices] - offsets[:-1], lengths)
        return Ragged(self.values[np.arange(offsets[-1]) + shifts], offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, key: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: slice) -> Ragged: ...
    def __getitem__(self, key: int | slice) -> NDArray[Any] | Ragged:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                return self.take(np.arange(start, stop, step))
            return Ragged(self.values, self.offsets[start : max(start, stop) + 1])
        place = range(len(self))[key]
        return self.values[self.offsets[place] : self.offsets[place + 1]]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[place] for place in range(len(self)))

    def __repr__(self) -> str:
        shape = ", ".join(["n", *map(str, self.values.shape[1:])])
        return f"<Ragged: {len(self)} arrays of {self.values.dtype} ({shape})>"


Column = NDArray[Any] | Ragged
Columns = dict[str, Column]


def slice_columns(columns: Columns, start: int, stop: int) -> Columns:
    """Return rows `start` to `stop` of every column."""
    return {name: column[start:stop] for name, column in columns.items()}


def join_columns(pieces: Sequence[Columns]) -> Columns:
    """Return the rows of all pieces, in order; the pieces have one schema."""
    if len(pieces) == 1:
        return pieces[0]
    return {name: _join([piece[name] for piece in pieces]) for name in pieces[0]}


def _join(parts: Sequence[Column]) -> Column:
    if isinstance(parts[0], Ragged):
        return Ragged.join([part for part in parts if isinstance(part, Ragged)])
    return np.concatenate(parts)


def without_measured(columns: Columns, schema: Schema) -> Columns:
    """Return columns as they are compared: with zeros for padding, and for measurements.

    Those differ each time a sample is made.
    """
    return {name: _blank(column, schema.fields[name]) for name, column in columns.items()}


def _blank(column: Column, field: Field) -> Column:
    return _changed(column, lambda array: without_padding(_zeroed(array, field)))


def clean_column(column: Column) -> Column:
    """Return a column with zeros for the bytes of values that hold nothing."""
    return _changed(column, without_padding)


def _changed(column: Column, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Column:
    if isinstance(column, Ragged):
        return Ragged(change(column.values), column.offsets)
    return change(column)


def _zeroed(array: NDArray[Any], field: Field) -> NDArray[Any]:
    if not field.measured:
        return array
    copy = array.copy()
    for name in field.measured:
        copy[name] = 0
    return copy


def bytes_of(columns: Columns) -> int:
    """Return the size of the columns in memory, in bytes, what text and bytes take included."""
    return sum(
        _size_of(column.values) + column.offsets.nbytes
        if isinstance(column, Ragged)
        else _size_of(column)
        for column in columns.values()
    )


def _size_of(array: NDArray[Any]) -> int:
    return array.nbytes + (sum(map(len, array.flat)) if array.dtype == object else 0)
