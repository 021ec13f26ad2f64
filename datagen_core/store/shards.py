"""Shards: immutable HDF5 files with samples `[start, stop)` of one parameter set.

A fixed field is a dataset at the root, a ragged one a group with `values` and `offsets`. Default
file format, contiguous, unfiltered, aligned: any HDF5 tool opens it, and every field can be
memory-mapped. With compression (gzip and shuffle) any tool still opens it, but nothing is mapped.

Attributes of the file are the label: whose samples they are, and which run made them. `version` and
`minor` are the format: a later minor only adds attributes, which others ignore, but do not lose by
compaction; a newer version is refused. Files of version 1 have a SHA-256 as `checksum`, those of
version 2 name its algorithm.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5p, h5s, h5t
from numpy.typing import NDArray

from datagen_core.errors import CacheError, DamagedFileError
from datagen_core.files import check_format
from datagen_core.generators.schema import Column, Columns, Field, Ragged, Schema
from datagen_core.ranges import Interval
from datagen_core.store.layout import shard_name
from datagen_core.store.publishing import publication

FORMAT = "datagen-shard"
FORMAT_VERSION, FORMAT_MINOR = 2, 0
_TEXT = h5py.string_dtype()
_SCALAR = h5s.create(h5s.SCALAR)
_CHUNK_BYTES = 64 * 1024
_RETRIES = 5
_ERRNO = re.compile(r"errno = (\d+)")


class Origin(NamedTuple):
    """Who made the samples `[start, stop)`: the id of a run, and the number of its plan."""

    start: int
    stop: int
    run: str
    plan: int


class ShardLabel(NamedTuple):
    """What a shard's attributes say about it; `origins` is empty where nobody wrote them down."""

    generator: str
    digest: str
    interval: Interval
    origins: tuple[Origin, ...] = ()


def publish_shard(
    folder: Path, temporary: Path, label: ShardLabel, columns: Columns, *, compress: bool = False
) -> Path:
    """Publish columns as the shard of `label.interval` in `folder`, and return its path.

    If the shard exists, it is left as it is: it holds the same samples, since a sample is a
    function of its index.
    """
    final = folder / shard_name(label.interval)
    with publication(temporary, final) as path, _created(path) as file:
        for name, column in columns.items():
            _write_column(file, name, column, compress=compress)
        _write_label(file.id, label, columns_checksum(columns, _ALGORITHM))
    return final


def _access() -> h5p.PropFAID:
    """Return how files are created and mapped: as `h5py.File` does it, but for two things.

    Without locks: nobody else writes the file, and with them none could be created or opened where
    flock fails. Every dataset starts at a multiple of 64 bytes, so that it can be mapped.
    """
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
    access.set_file_locking(False, True)  # noqa: FBT003
    access.set_alignment(1, 64)
    return access


def _creation() -> h5p.PropDCID:
    """Return how arrays are created, as h5py does it: without times, so that files are equal."""
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_obj_track_times(False)
    return creation


FILE_ACCESS, _CREATION = _access(), _creation()


@contextmanager
def _created(path: Path) -> Iterator[h5py.File]:
    """Create a file; turn HDF5's report of a failed system call into an OSError with its errno."""
    try:
        with h5py.File(h5f.create(os.fsencode(path), h5f.ACC_TRUNC, fapl=FILE_ACCESS)) as file:
            yield file
    except (OSError, RuntimeError) as error:
        number = _ERRNO.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def _write_label(file: h5f.FileID, label: ShardLabel, checksum: str) -> None:
    attributes = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "minor": FORMAT_MINOR,
        "generator": label.generator,
        "digest": label.digest,
        "start": label.interval.start,
        "stop": label.interval.stop,
        "checksum": checksum,
        "checksum_algorithm": _ALGORITHM,
        **_describe_origins(label),
    }
    for name, value in attributes.items():
        # h5py's `attrs` would take five times as long, and half the time of a small file.
        array = np.array(value, _TEXT if isinstance(value, str) else np.int64)
        kind = h5t.py_create(array.dtype, logical=True)
        h5a.create(file, name.encode(), kind, _SCALAR).write(array)


def _describe_origins(label: ShardLabel) -> dict[str, str | int]:
    """Return the attributes `run` and `plan` of a shard; `origins` of a pack, by ranges."""
    origins = label.origins
    if len(origins) == 1 and origins[0][:2] == label.interval:
        return {"run": origins[0].run, "plan": origins[0].plan}
    return {"origins": json.dumps(origins)} if origins else {}


def _read_origins(attributes: Mapping[str, Any], interval: Interval) -> tuple[Origin, ...]:
    if "run" in attributes:
        return (Origin(*interval, str(attributes["run"]), int(attributes["plan"])),)
    return tuple(Origin(*each) for each in json.loads(attributes.get("origins", "[]")))


def join_origins(origins: Sequence[Origin]) -> tuple[Origin, ...]:
    """Return sorted origins with adjacent ranges of one plan joined."""
    joined: list[Origin] = []
    for origin in origins:
        last = joined[-1] if joined else None
        if last and (last.stop, *last[2:]) == (origin.start, *origin[2:]):
            joined[-1] = last._replace(stop=origin.stop)
        else:
            joined.append(origin)
    return tuple(joined)


def _write_column(file: h5py.File, name: str, column: Column, *, compress: bool) -> None:
    if isinstance(column, Ragged):
        group = file.create_group(name)
        group.attrs["encoding"] = "ragged"
        _write_array(group, "values", column.rows(), compress=compress)
        _write_array(group, "offsets", column.offsets - column.offsets[0], compress=compress)
    else:
        _write_array(file, name, column, compress=compress)


def _write_array(group: h5py.Group, name: str, array: NDArray[Any], *, compress: bool) -> None:
    if not compress and array.dtype != object:  # half the time of `create_dataset`
        kind, space = h5t.py_create(array.dtype, logical=True), h5s.create_simple(array.shape)
        dataset = h5d.create(group.id, name.encode(), kind, space, _CREATION)
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(array))
        return
    dtype = _TEXT if array.dtype == object else array.dtype
    row_bytes = max(1, array.dtype.itemsize * int(np.prod(array.shape[1:])))
    chunk = (max(1, min(len(array), _CHUNK_BYTES // row_bytes)), *array.shape[1:])
    # HDF5 cannot chunk or filter an array without elements.
    options = (
        {"chunks": chunk, "compression": "gzip", "shuffle": True} if compress and array.size else {}
    )
    group.create_dataset(name, data=array, dtype=dtype, **options)


class _Crc32:
    """CRC-32 with the interface of `hashlib`."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, content: Any, /) -> None:
        self._value = zlib.crc32(content, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


_ALGORITHM = "crc32"
"""That of new files. It finds damage as surely as needed, in less than half of SHA-256's time."""

_CHECKSUMS: dict[str, Callable[[], Any]] = {"crc32": _Crc32, "sha256": hashlib.sha256}


def columns_checksum(columns: Columns, algorithm: str = "sha256") -> str:
    """Return a checksum over names, types, shapes and bytes of columns, in hexadecimal digits.

    The algorithms are "sha256", by which columns can be compared, and "crc32", which finds damage.
    """
    state = _CHECKSUMS[algorithm]()
    for name, column in columns.items():
        if isinstance(column, Ragged):
            _hash_array(state, f"{name}/values", column.rows())
            _hash_array(state, f"{name}/offsets", column.offsets - column.offsets[0])
        else:
            _hash_array(state, name, column)
    digest: str = state.hexdigest()
    return digest


def _hash_array(state: Any, name: str, array: NDArray[Any]) -> None:
    state.update(f"{name}:{array.dtype}:{array.shape};".encode())
    if array.dtype == object:
        for text in array.flat:
            encoded = text.encode()
            state.update(len(encoded).to_bytes(8, "little") + encoded)
    else:
        state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


@contextmanager
def open_shard(path: Path, *, strict: bool = False) -> Iterator[h5py.File]:
    """Open a published shard for reading.

    Without locks, since these fail on network file systems even for readers, and nobody writes to
    a published file. Opening is tried again, since a stale size cache may show a truncated file.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    CacheError
        If this user may not read it.
    DamagedFileError
        If it cannot be opened; the message names the file.
    NewerFormatError
        If its major version is newer.
    """
    for attempt in range(_RETRIES):
        try:
            file = h5py.File(path, "r", locking=False)
            break
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise CacheError(f"{path} cannot be read: Permission denied") from error
        except OSError as error:
            failure = error
            time.sleep(0.01 * 2**attempt)
    else:
        raise damaged(path, f"HDF5 cannot open it ({failure})")
    with file:
        check_version(path, file.id, strict=strict)
        yield file


def check_version(path: Path, file: h5f.FileID, *, strict: bool = False) -> None:
    """Refuse an open shard whose version is newer, with `strict` a later minor as well."""
    version = _read_number(file, b"version", 1)
    if strict or version > FORMAT_VERSION:
        known = f"{FORMAT_VERSION}.{FORMAT_MINOR}"
        check_format(path, f"{version}.{_read_number(file, b'minor', 0)}", known, strict=strict)


def _read_number(file: h5f.FileID, name: bytes, default: int) -> int:
    """Return an attribute; h5py's `attrs` takes four times as long."""
    number = np.array(default, np.int64)
    with suppress(KeyError):
        h5a.open(file, name).read(number, h5t.NATIVE_INT64)
    return int(number)


def damaged(path: Path, reason: str) -> DamagedFileError:
    """Return the error that names a damaged file and says how to replace it."""
    message = f"{path} is damaged: {reason}; move it away and run `datagen resume` to make it again"
    return DamagedFileError(message.replace("\n", " "))


def read_columns(file: h5py.File, schema: Schema) -> Columns:
    """Return all fields of an open shard as arrays in memory."""
    return {name: _read_column(file, name, field) for name, field in schema.fields.items()}


def _read_column(file: h5py.File, name: str, field: Field) -> Column:
    if field.ragged:
        return Ragged(read_array(file[name]["values"]), read_array(file[name]["offsets"]))
    return read_array(file[name])


def read_array(dataset: h5py.Dataset) -> NDArray[Any]:
    """Return a dataset as an array in memory; text as an array of `str`."""
    array: NDArray[Any] = dataset.asstr()[:] if dataset.dtype == object else dataset[:]
    return array


def verify_shard(path: Path, schema: Schema, label: ShardLabel) -> Columns:
    """Read and check a shard, and return its columns; see `read_shard`."""
    return read_shard(path, schema, label)[0]


def read_shard(
    path: Path, schema: Schema, label: ShardLabel, *, strict: bool = False
) -> tuple[Columns, tuple[Origin, ...]]:
    """Read and check a shard, and return its columns and who made them.

    Parameters
    ----------
    strict
        Whether its samples are about to be written anew, which would lose unknown attributes.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    DamagedFileError
        If its label, shapes or checksum are wrong.
    NewerFormatError
        If its major version is newer, or with `strict` its minor version.
    """
    try:
        with open_shard(path, strict=strict) as file:
            columns = read_columns(file, schema)
            attributes = dict(file.attrs)
    except FileNotFoundError:
        raise
    except (KeyError, OSError, ValueError, RuntimeError) as error:
        raise damaged(path, f"a field cannot be read ({error})") from error
    found = (attributes.get("digest"), attributes.get("start"), attributes.get("stop"))
    if found != (label.digest, *label.interval):
        raise damaged(path, "its attributes belong to other samples")
    algorithm = attributes.get("checksum_algorithm", "sha256")
    if algorithm not in _CHECKSUMS:
        raise damaged(path, f"its checksum is of the unknown kind {algorithm!r}")
    if columns_checksum(columns, algorithm) != attributes.get("checksum"):
        raise damaged(path, "its checksum does not match")
    return columns, _read_origins(attributes, label.interval)
