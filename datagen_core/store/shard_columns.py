"""The columns in an open shard: read whole, or some rows, and their checksums in pieces."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from datagen_core.edges import indices_of, join
from datagen_core.generators.schema import (
    Column,
    Columns,
    Field,
    Ragged,
    Schema,
    without_measured,
)
from datagen_core.ranges import IntervalSet
from datagen_core.store.stored_items import (
    Stored,
    check_rising,
    check_shape,
    item_of,
    rows_in_name,
)

PIECE_BYTES = 2**20
"""How much of a file is checked at a time."""

_PIECE_TEXTS = 4096
_OFFSETS = Field(np.int64)


def read_columns(
    file: h5py.File, schema: Schema, start: int = 0, stop: int | None = None
) -> Columns:
    """Return the fields of an open shard as arrays in memory, of rows `start` to `stop` or all."""
    return {
        name: _read_column(file, name, field, start, stop) for name, field in schema.fields.items()
    }


def _read_column(file: h5py.File, name: str, field: Field, start: int, stop: int | None) -> Column:
    if not field.ragged:
        return read_array(_fixed(file, name, field), field, start, stop)
    item, ends = _ragged(file, name, field)
    offsets = check_rising(ends[start : None if stop is None else stop + 1], _shape_of(item)[0])
    values = read_array(item, field, int(offsets[0]), int(offsets[-1]))
    return Ragged(values, offsets - offsets[0])


def _fixed(file: h5py.File, name: str, field: Field) -> Stored:
    """Return where the values of a fixed field are, one row for each sample."""
    item = item_of(file, name)
    check_shape(_shape_of(item), rows_in_name(file.id), field.shape)
    return item


def _ragged(file: h5py.File, name: str, field: Field) -> tuple[Stored, h5py.Dataset]:
    """Return where the values and the offsets of a ragged field are."""
    group, rows = item_of(file, name), rows_in_name(file.id)
    values, offsets = item_of(group, "values"), item_of(group, "offsets")
    check_shape(_shape_of(values), None, field.shape)
    check_shape(offsets.shape, None if rows is None else rows + 1)
    return values, offsets


def read_array(item: Stored, field: Field, start: int = 0, stop: int | None = None) -> NDArray[Any]:
    """Return the values of a field, or some rows, as an array in memory; text as one of objects.

    Raises
    ------
    TypeError
        If they are stored as another type.
    """
    array = _take_array(item, field, start, stop)
    if array.dtype != field.dtype:
        raise TypeError(f"it holds {array.dtype}, not {field.dtype}")
    return array


def _take_array(item: Stored, field: Field, start: int, stop: int | None) -> NDArray[Any]:
    """Return values in the type that the file has, but for times, which integers stand for."""
    if isinstance(item, h5py.Group):
        return _read_bytes(item, start, stop)
    source = item.asstr() if field.element else item  # no bytes at all are stored as no texts
    array: NDArray[Any] = source[start:stop]
    if field.has_times and array.dtype == stored_dtype(field.dtype):
        return array.view(field.dtype)
    return array


def _read_bytes(group: h5py.Group, start: int, stop: int | None) -> NDArray[Any]:
    values = item_of(group, "values")
    ends = item_of(group, "offsets")[start : None if stop is None else stop + 1]
    offsets = check_rising(ends, len(values)).tolist()
    joined = values[offsets[0] : offsets[-1]].tobytes() if offsets else b""
    array = np.empty(max(0, len(offsets) - 1), object)
    array[:] = [joined[low - offsets[0] : high - offsets[0]] for low, high in pairwise(offsets)]
    return array


def join_bytes(array: NDArray[Any]) -> Ragged:
    """Return an array of `bytes` as uint8 arrays, which HDF5 can store."""
    offsets = np.zeros(len(array) + 1, np.int64)
    np.cumsum(list(map(len, array)), out=offsets[1:])
    return Ragged(np.frombuffer(b"".join(array), np.uint8), offsets)


@lru_cache
def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of the same size by which HDF5 stores another: int64 stands for times."""
    if dtype.subdtype is not None:
        return np.dtype((stored_dtype(dtype.subdtype[0]), dtype.shape))
    if dtype.names is None or dtype.fields is None:
        return np.dtype(np.int64) if dtype.kind in "Mm" else dtype
    formats = [stored_dtype(dtype[name]) for name in dtype.names]
    if all(dtype[name] == stored for name, stored in zip(dtype.names, formats, strict=True)):
        return dtype
    offsets = [dtype.fields[name][1] for name in dtype.names]
    return np.dtype(
        {"names": dtype.names, "formats": formats, "offsets": offsets, "itemsize": dtype.itemsize}
    )


class _Crc32:
    """CRC-32 with the interface of `hashlib`."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, content: Any, /) -> None:
        self._value = zlib.crc32(content, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


ALGORITHM = "crc32"
"""That of new files. It finds damage as surely as needed, in less than half of SHA-256's time."""

CHECKSUMS: dict[str, Callable[[], Any]] = {"crc32": _Crc32, "sha256": hashlib.sha256}


def columns_checksum(columns: Columns, algorithm: str = "sha256") -> str:
    """Return a checksum over names, types, shapes and bytes of columns, in hexadecimal digits.

    The algorithms are "sha256", by which columns can be compared, and "crc32", which finds damage.
    """
    state = CHECKSUMS[algorithm]()
    for name, column in columns.items():
        if isinstance(column, Ragged):
            _hash_array(state, f"{name}/values", column.rows())
            _hash_array(state, f"{name}/offsets", column.offsets - column.offsets[0])
        else:
            _hash_array(state, name, column)
    digest: str = state.hexdigest()
    return digest


def rows_checksum(file: h5py.File, schema: Schema, start: int, stop: int) -> str:
    """Return the SHA-256 of rows of an open shard; of members that are measured, of zeros."""
    return columns_checksum(without_measured(read_columns(file, schema, start, stop), schema))


def file_checksum(file: h5py.File, schema: Schema, rows: int, algorithm: str) -> str:
    """Return what `columns_checksum` returns of a shard's columns, read a MiB at a time.

    Raises
    ------
    ValueError
        If an array does not have the type and shape of its field, or offsets are wrong.
    """
    state = CHECKSUMS[algorithm]()
    for name, field in schema.fields.items():
        if field.ragged:
            group = item_of(file, name)
            values, offsets = item_of(group, "values"), item_of(group, "offsets")
            count = _shape_of(values)[0]
            _hash_field(state, f"{name}/values", values, field, (count, *field.shape))
            _check_array(f"{name}/offsets", offsets, _OFFSETS, (rows + 1,))
            rising = _checked_offsets(_pieces(offsets, _OFFSETS), count)
            _hash_pieces(state, f"{name}/offsets", offsets, _OFFSETS, rising)
        else:
            _hash_field(state, name, item_of(file, name), field, (rows, *field.shape))
    digest: str = state.hexdigest()
    return digest


def check_columns(file: h5py.File, schema: Schema, rows: int) -> None:
    """Check that an open shard holds an array of each field, in itself, without reading them.

    Raises
    ------
    KeyError, TypeError, ValueError
        If one is missing, elsewhere, or does not have the type and shape of its field.
    """
    for name, field in schema.fields.items():
        item = item_of(file, name)
        if field.ragged:
            offsets, item = item_of(item, "offsets"), item_of(item, "values")
            _check_array(f"{name}/offsets", offsets, _OFFSETS, (rows + 1,))
            rows_of_values = _shape_of(item)[0]
            _check_array(f"{name}/values", item, field, (rows_of_values, *field.shape))
        else:
            _check_array(name, item, field, (rows, *field.shape))


def _hash_field(state: Any, name: str, item: Stored, field: Field, shape: tuple[int, ...]) -> None:
    _check_array(name, item, field, shape)
    if isinstance(item, h5py.Group):
        for _ in _checked_offsets(
            _pieces(item_of(item, "offsets"), _OFFSETS), len(item_of(item, "values"))
        ):
            pass
    _hash_pieces(state, name, item, field, _pieces(item, field))


def _shape_of(item: Stored) -> tuple[int, ...]:
    if isinstance(item, h5py.Group):
        return (len(item_of(item, "offsets")) - 1,)
    shape: tuple[int, ...] = item.shape
    return shape


def _check_array(name: str, item: Stored, field: Field, shape: tuple[int, ...]) -> None:
    is_plain = isinstance(item, h5py.Dataset) and not field.element and not field.has_times
    # Reading no rows takes several times as long.
    dtype = item.dtype if is_plain else _take_array(item, field, 0, 0).dtype
    found = dtype, _shape_of(item)
    if found != (field.dtype, shape):
        raise ValueError(f"{name} is {found[0]} {found[1]}, not {field.dtype} {shape}")


def _checked_offsets(pieces: Iterable[NDArray[Any]], rows: int) -> Iterator[NDArray[Any]]:
    """Yield pieces of offsets, which start at 0, never fall, and end at `rows`."""
    last = 0
    for number, piece in enumerate(pieces):
        if piece[0] < last or (number == 0 and piece[0]) or (piece[1:] < piece[:-1]).any():
            raise ValueError("the offsets of a ragged field do not rise from 0")
        last = piece[-1]
        yield piece
    if last != rows:
        raise ValueError(f"the offsets of a ragged field end at {last} of {rows} rows")


def _hash_pieces(
    state: Any, name: str, item: Stored, field: Field, pieces: Iterable[NDArray[Any]]
) -> None:
    _hash_head(state, name, field.dtype, _shape_of(item))
    for piece in pieces:
        _hash_content(state, piece)


def stream_columns(
    file: h5py.File, schema: Schema, rows: IntervalSet
) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """Yield rows of an open shard in pieces of about a MiB: name, "values" and some values.

    Of a ragged field, the values are those of its arrays, whose "lengths" come in pieces as well.
    """
    for name, field in schema.fields.items():
        if not field.ragged:
            item = _fixed(file, name, field)
            yield from ((name, "values", piece) for piece in _pieces(item, field, rows))
            continue
        item, offsets = _ragged(file, name, field)
        for lengths, inside in _cut_ragged(offsets, rows, _shape_of(item)[0]):
            yield name, "lengths", lengths
            for piece in _pieces(item, field, inside):
                yield name, "values", piece


def _cut_ragged(
    offsets: h5py.Dataset, rows: IntervalSet, count: int
) -> Iterator[tuple[NDArray[np.int64], IntervalSet]]:
    """Yield the lengths of the arrays in some rows, and where their values are."""
    for parts in _cut(rows, PIECE_BYTES // _OFFSETS.dtype.itemsize):
        first, last = parts[0, 0], parts[-1, 1]
        ends = check_rising(offsets[first : last + 1], count)
        inside = IntervalSet.from_edges(join(ends[parts - first]))
        yield _rows_in(np.diff(ends), parts - first), inside


def _cut(rows: IntervalSet, step: int) -> Iterator[NDArray[np.int64]]:
    """Yield the parts of rows between one multiple of `step` and the next, as ranges `(n, 2)`."""
    ranges = rows.edges.reshape(-1, 2)
    starts, stops = ranges.T
    low, first = 0, 0
    while first < len(ranges):
        low = max(low, int(starts[first]) // step * step)
        last = np.searchsorted(starts, low + step)
        yield ranges[first:last].clip(low, low + step)
        low += step
        first = int(np.searchsorted(stops, low, side="right"))


def _rows_in(array: NDArray[Any], parts: NDArray[np.int64]) -> NDArray[Any]:
    """Return the rows of an array in some ranges; a view if there is one range."""
    return array[slice(*parts[0])] if len(parts) == 1 else array[indices_of(parts.reshape(-1))]


def _pieces(item: Stored, field: Field, rows: IntervalSet | None = None) -> Iterator[NDArray[Any]]:
    """Yield an array of a file, or some rows, in pieces, whole chunks where it is compressed."""
    step = _rows_at_once(item)
    if field.element:
        step = min(step, _PIECE_TEXTS)
    for parts in _cut(IntervalSet([(0, _shape_of(item)[0])]) if rows is None else rows, step):
        first, last = (int(each) for each in (parts[0, 0], parts[-1, 1]))
        yield _rows_in(read_array(item, field, first, last), parts - first)


def _rows_at_once(item: Stored) -> int:
    if isinstance(item, h5py.Group):
        return max(1, PIECE_BYTES * _shape_of(item)[0] // max(1, len(item_of(item, "values"))))
    row = item.dtype.itemsize * math.prod(item.shape[1:])
    chunk: int = item.chunks[0] if item.chunks else 1
    pieces: int = PIECE_BYTES // (chunk * max(row, 1))
    return chunk * max(1, pieces)


def _hash_array(state: Any, name: str, array: NDArray[Any]) -> None:
    _hash_head(state, name, array.dtype, array.shape)
    _hash_content(state, array)


def _hash_head(state: Any, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    state.update(f"{name}:{dtype}:{shape};".encode())


def _hash_content(state: Any, array: NDArray[Any]) -> None:
    if array.dtype == object:
        for each in array.flat:
            encoded = each.encode() if isinstance(each, str) else each
            state.update(len(encoded).to_bytes(8, "little") + encoded)
    else:
        state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
