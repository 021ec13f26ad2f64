"""Shards: immutable HDF5 files with samples `[start, stop)` of one parameter set.

A fixed field is a dataset at the root, a ragged one a group with `values` and `offsets`. Bytes of
any length are such a group too, whose `values` are uint8; datetime64 and timedelta64 are int64 with
the attribute `dtype`, which names the type. Default file format, contiguous, unfiltered, aligned:
any HDF5 tool opens it, and every field of numbers or times can be memory-mapped. With compression
(gzip and shuffle) any tool still opens it, but nothing is mapped.

Attributes of the file are the label: whose samples they are, which run made them, and since minor 1
by which code. `version` and `minor` are the format: a later minor only adds attributes, which
others ignore, but do not lose by compaction; a newer version is refused. Files of version 1 have a
SHA-256 as `checksum`, those of version 2 name its algorithm.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5p, h5s, h5t
from numpy.typing import NDArray

from datagen_core.errors import CacheError, DamagedFileError
from datagen_core.files import check_format, open_regular
from datagen_core.generators.schema import Column, Columns, Ragged, Schema
from datagen_core.ranges import Interval
from datagen_core.store import forms
from datagen_core.store.access import unreadable
from datagen_core.store.advice import command_for
from datagen_core.store.layout import SetPaths, shard_name
from datagen_core.store.origins import Origin, describe_origins, parse_origins
from datagen_core.store.publishing import publication
from datagen_core.store.sets import read_set
from datagen_core.store.shard_columns import (
    ALGORITHM,
    CHECKSUMS,
    columns_checksum,
    file_checksum,
    join_bytes,
    read_columns,
    stored_dtype,
)
from datagen_core.store.stored_items import read_attributes

FORMAT = "datagen-shard"
FORMAT_VERSION, FORMAT_MINOR = 2, 1
_TEXT = h5py.string_dtype()
_SCALAR = h5s.create(h5s.SCALAR)
_CHUNK_BYTES = 64 * 1024
_RETRIES = 5
_ERRNO = re.compile(r"errno = (\d+)")

HDF5_VERSION: str = h5py.version.hdf5_version

UNFIT = (KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What HDF5 and NumPy raise over values that datagen did not write."""


class ShardLabel(NamedTuple):
    """What a shard's attributes say about it; `origins` is empty where nobody wrote them down."""

    generator: str
    digest: str
    interval: Interval
    origins: tuple[Origin, ...] = ()


def publish_shard(
    folder: Path,
    temporary: Path,
    label: ShardLabel,
    columns: Columns,
    *,
    compress: bool = False,
    announce: Callable[[], object] | None = None,
) -> Path:
    """Publish columns as the shard of `label.interval` in `folder`, and return its path.

    If the shard exists, it is left as it is: it holds the same samples, since a sample is a
    function of its index.

    Parameters
    ----------
    announce
        Called when the file is on disk and nobody can see it yet. It is for samples that must not
        be published twice, which may differ: those of the first process stay.
    """
    final = folder / shard_name(label.interval)
    with publication(temporary, final, announce) as path, _created(path) as file:
        for name, column in columns.items():
            _write_column(file, name, column, compress=compress)
        _write_label(file.id, label, columns_checksum(columns, ALGORITHM))
    return final


def _access() -> h5p.PropFAID:
    """Return how files are created and mapped: as `h5py.File` does it, but for three things.

    Without locks: nobody else writes the file, and with them none could be created or opened where
    flock fails. Every dataset starts at a multiple of 64 bytes, so that it can be mapped.
    Values are written at once, so that a full disk is told where it can be dealt with.
    """
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
    access.set_file_locking(False, True)  # noqa: FBT003
    access.set_alignment(1, 64)
    access.set_sieve_buf_size(0)
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
        file = h5py.File(h5f.create(os.fsencode(path), h5f.ACC_TRUNC, fapl=FILE_ACCESS))
        try:
            yield file
            h5f.flush(file.id)
        except BaseException:
            _forget(file)
            raise
        file.close()
    except (OSError, RuntimeError) as error:
        number = _ERRNO.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def _forget(file: h5py.File) -> None:
    """Close a file that could not be written, as on a full disk.

    HDF5 writes what is left as it closes a file, and ends the process where that fails again. So it
    gets memory to write to.
    """
    memory = os.memfd_create("forgotten")
    os.dup2(memory, file.id.get_vfd_handle())
    os.close(memory)
    with suppress(RuntimeError):
        file.close()


def _write_label(file: h5f.FileID, label: ShardLabel, checksum: str) -> None:
    attributes = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "minor": int(any(origin.code for origin in label.origins)),
        "generator": label.generator,
        "digest": label.digest,
        "start": label.interval.start,
        "stop": label.interval.stop,
        "checksum": checksum,
        "checksum_algorithm": ALGORITHM,
        **describe_origins(label.origins, label.interval),
    }
    for name, value in attributes.items():
        # h5py's `attrs` would take five times as long, and half the time of a small file.
        array = np.array(value, _TEXT if isinstance(value, str) else np.int64)
        kind = h5t.py_create(array.dtype, logical=True)
        h5a.create(file, name.encode(), kind, _SCALAR).write(array)


_ORIGIN = ("run", "plan", "code", "origins", "codes")
_LABEL = ("digest", "start", "stop", "checksum", "checksum_algorithm", *_ORIGIN)


def read_origins(path: Path, interval: Interval) -> tuple[Origin, ...]:
    """Return who made the samples of a shard; empty where nobody wrote it down.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    DamagedFileError
        If it cannot be read.
    """
    with reading(path) as file:
        return parse_origins(read_attributes(file.id, _ORIGIN), interval)


def _write_column(group: h5py.Group, name: str, column: Column, *, compress: bool) -> None:
    if isinstance(column, Ragged):
        _write_ragged(group, name, column, "ragged", compress=compress)
    elif column.dtype == object and column.size and isinstance(column[0], bytes):
        _write_ragged(group, name, join_bytes(column), "bytes", compress=compress)
    else:
        _write_array(group, name, column, compress=compress)


def _write_ragged(
    group: h5py.Group, name: str, column: Ragged, encoding: str, *, compress: bool
) -> None:
    inner = group.create_group(name)
    inner.attrs["encoding"] = encoding
    _write_column(inner, "values", column.rows(), compress=compress)
    _write_array(inner, "offsets", column.offsets - column.offsets[0], compress=compress)


def _write_array(group: h5py.Group, name: str, array: NDArray[Any], *, compress: bool) -> None:
    stored = array.view(stored_dtype(array.dtype))
    if compress or array.dtype == object:
        _create_dataset(group, name, stored, compress=compress)
    else:  # half the time of `create_dataset`
        kind, space = h5t.py_create(stored.dtype, logical=True), h5s.create_simple(array.shape)
        dataset = h5d.create(group.id, name.encode(), kind, space, _CREATION)
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(stored))
    if stored.dtype != array.dtype:
        group[name].attrs["dtype"] = str(array.dtype)


def _create_dataset(group: h5py.Group, name: str, array: NDArray[Any], *, compress: bool) -> None:
    dtype = _TEXT if array.dtype == object else array.dtype
    row_bytes = max(1, array.dtype.itemsize * int(np.prod(array.shape[1:])))
    chunk = (max(1, min(len(array), _CHUNK_BYTES // row_bytes)), *array.shape[1:])
    # HDF5 cannot chunk or filter an array without elements.
    options = (
        {"chunks": chunk, "compression": "gzip", "shuffle": True} if compress and array.size else {}
    )
    group.create_dataset(name, data=array, dtype=dtype, **options)


@contextmanager
def open_shard(path: Path, *, strict: bool = False) -> Iterator[h5py.File]:
    """Open a published shard for reading.

    Without locks, since these fail on network file systems even for readers, and nobody writes to
    a published file. Opening is tried again, since a stale size cache may show a truncated file.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    UnreadableError
        If this user may not read it.
    DamagedFileError
        If it cannot be opened; the message names the file.
    NewerFormatError
        If its major version is newer.
    """
    for attempt in range(_RETRIES):
        try:
            os.close(open_regular(path))  # HDF5 would wait for whoever writes into a pipe
            file = h5py.File(path, "r", locking=False)
            break
        except PermissionError:
            raise unreadable(path) from None
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not path.is_symlink():
                raise
            failure = error
            time.sleep(0.01 * 2**attempt)
    else:
        raise damaged(path, f"HDF5 cannot open it ({failure})")
    with file:
        check_version(path, file.id, strict=strict)
        yield file


def check_version(path: Path, file: h5f.FileID, *, strict: bool = False) -> None:
    """Refuse an open shard whose version is newer, with `strict` a later minor as well."""
    try:
        found = read_attributes(file, ("version", "minor"))
        version, minor = forms.whole(found.get("version", 1)), forms.whole(found.get("minor", 0))
    except (OSError, TypeError, ValueError) as error:
        raise damaged(path, f"its version cannot be read ({error})") from error
    if strict or version > FORMAT_VERSION:
        known = f"{FORMAT_VERSION}.{FORMAT_MINOR}"
        check_format(path, f"{version}.{minor}", known, strict=strict)


def damaged(path: Path, reason: str) -> DamagedFileError:
    """Return the error that names a damaged file and says how to replace it."""
    advice = "move it away and make it again"
    if path.parent.name in {"shards", "packs"}:
        paths = SetPaths(path.parent.parent)
        advice = f"{advice}: {command_for(paths, 'repair')}"
        with suppress(OSError, CacheError):  # the set's record may be damaged, too
            if read_set(paths).private:
                advice = "restore it from a backup: private samples are never made again"
    message = f"{path} is damaged: {reason}; {advice}"
    return DamagedFileError(message.replace("\n", " "))


def verify_shard(path: Path, schema: Schema, label: ShardLabel) -> None:
    """Check a shard as `read_shard` does, in a few MiB of memory however large it is."""
    with labelled(path, label) as (file, attributes):
        algorithm = _checksum_algorithm(path, attributes)
        found = file_checksum(file, schema, label.interval.size, algorithm)
    if found != str(attributes.get("checksum")):
        raise damaged(path, "its checksum does not match")


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
    with labelled(path, label, strict=strict) as (file, attributes):
        columns = read_columns(file, schema)
    algorithm = _checksum_algorithm(path, attributes)
    if columns_checksum(columns, algorithm) != str(attributes.get("checksum")):
        raise damaged(path, "its checksum does not match")
    return columns, parse_origins(attributes, label.interval)


@contextmanager
def labelled(
    path: Path, label: ShardLabel, *, strict: bool = False
) -> Iterator[tuple[h5py.File, Mapping[str, Any]]]:
    """Open a shard that has this label, and yield it with its attributes; see `reading`."""
    with reading(path, strict=strict) as file:
        attributes = read_attributes(file.id, _LABEL)
        found = [str(attributes.get(name)) for name in ("digest", "start", "stop")]
        if found != [label.digest, *map(str, label.interval)]:
            raise damaged(path, "its attributes belong to other samples")
        yield file, attributes


@contextmanager
def reading(path: Path, *, strict: bool = False) -> Iterator[h5py.File]:
    """Open a shard as `open_shard` does; whatever cannot be read inside the block is damage."""
    try:
        with open_shard(path, strict=strict) as file:
            yield file
    except (FileNotFoundError, CacheError):
        raise
    except UNFIT as error:
        raise damaged(path, f"a field cannot be read ({error})") from error


def _checksum_algorithm(path: Path, attributes: Mapping[str, Any]) -> str:
    algorithm = str(attributes.get("checksum_algorithm", "sha256"))
    if algorithm not in CHECKSUMS:
        raise damaged(path, f"its checksum is of the unknown kind {algorithm[:40]!r}")
    return algorithm
