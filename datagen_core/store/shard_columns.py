"""The columns in an open shard: read whole, or some rows, and their checksums in pieces."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.schema import (
    Column,
    Columns,
    Field,
    Ragged,
    Schema,
    without_measured,
)

PIECE_BYTES = 2**20
"""How much of a file is checked at a time."""

_PIECE_TEXTS = 4096
_OFFSET = np.dtype(np.int64)


def read_columns(
    file: h5py.File, schema: Schema, start: int = 0, stop: int | None = None
) -> Columns:
    """Return the fields of an open shard as arrays in memory, of rows `start` to `stop` or all."""
    return {
        name: _read_column(file, name, field, start, stop) for name, field in schema.fields.items()
    }


def _read_column(file: h5py.File, name: str, field: Field, start: int, stop: int | None) -> Column:
    if not field.ragged:
        return read_array(file[name], start, stop)
    offsets = read_array(file[name]["offsets"], start, None if stop is None else stop + 1)
    values = read_array(file[name]["values"], int(offsets[0]), int(offsets[-1]))
    return Ragged(values, offsets - offsets[0])


def read_array(dataset: h5py.Dataset, start: int = 0, stop: int | None = None) -> NDArray[Any]:
    """Return a dataset, or some of its rows, as an array in memory; text as an array of `str`."""
    source = dataset.asstr() if dataset.dtype == object else dataset
    array: NDArray[Any] = source[start:stop]
    return array


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
            values, offsets = file[name]["values"], file[name]["offsets"]
            shape = (len(values), *field.shape)
            _check_array(f"{name}/values", values, field.dtype, shape)
            _check_array(f"{name}/offsets", offsets, _OFFSET, (rows + 1,))
            _hash_pieces(state, f"{name}/values", values, _pieces(values))
            rising = _checked_offsets(_pieces(offsets), len(values))
            _hash_pieces(state, f"{name}/offsets", offsets, rising)
        else:
            _check_array(name, file[name], field.dtype, (rows, *field.shape))
            _hash_pieces(state, name, file[name], _pieces(file[name]))
    digest: str = state.hexdigest()
    return digest


def _check_array(
    name: str, dataset: h5py.Dataset, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> None:
    found = read_array(dataset, 0, 0).dtype
    if (found, dataset.shape) != (dtype, shape):
        raise ValueError(f"{name} is {found} {dataset.shape}, not {dtype} {shape}")


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
    state: Any, name: str, dataset: h5py.Dataset, pieces: Iterable[NDArray[Any]]
) -> None:
    _hash_head(state, name, read_array(dataset, 0, 0).dtype, dataset.shape)
    for piece in pieces:
        _hash_content(state, piece)


def _pieces(dataset: h5py.Dataset) -> Iterator[NDArray[Any]]:
    """Yield an array of a file in pieces, whole chunks where it is compressed."""
    row = dataset.dtype.itemsize * math.prod(dataset.shape[1:])
    chunk = dataset.chunks[0] if dataset.chunks else 1
    step = chunk * max(1, PIECE_BYTES // (chunk * max(row, 1)))
    if dataset.dtype == object:
        step = min(step, _PIECE_TEXTS)
    for start in range(0, len(dataset), step):
        yield read_array(dataset, start, start + step)


def _hash_array(state: Any, name: str, array: NDArray[Any]) -> None:
    _hash_head(state, name, array.dtype, array.shape)
    _hash_content(state, array)


def _hash_head(state: Any, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    state.update(f"{name}:{dtype}:{shape};".encode())


def _hash_content(state: Any, array: NDArray[Any]) -> None:
    if array.dtype == object:
        for text in array.flat:
            encoded = text.encode()
            state.update(len(encoded).to_bytes(8, "little") + encoded)
    else:
        state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
