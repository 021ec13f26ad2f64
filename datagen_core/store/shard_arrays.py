"""The arrays of one shard, memory-mapped where possible.

With hundreds of small shards, most of the time of reading is spent on opening them. HDF5 is only
asked where the arrays are, through h5py's low-level interface, which takes half as long as `File`.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from h5py import h5d, h5f, h5g, h5t
from numpy.typing import NDArray

from datagen_core.files import open_regular
from datagen_core.generators.schema import Field, Ragged, Schema
from datagen_core.store.shard_columns import read_array, stored_dtype
from datagen_core.store.shards import FILE_ACCESS, UNFIT, check_version, damaged, open_shard
from datagen_core.store.stored_items import check_link, check_rising, check_shape, item_at


class ShardArrays:
    """The arrays of one file: mapped where possible, otherwise loaded when first used.

    A ragged field `name` has two arrays, `name/values` and `name/offsets`. Mapped arrays can be
    read even after the file is removed.
    """

    def __init__(self, path: Path, schema: Schema, rows: int) -> None:
        self.path = path
        self._rows = rows
        self.is_mapped = True
        self._fields = dict(_array_fields(schema))
        self._arrays: dict[str, NDArray[Any]] = {}
        self._contents: dict[str, memoryview] = {}
        self._ragged: dict[str, Ragged] = {}
        try:
            os.close(open_regular(path))  # HDF5 would wait for whoever writes into a pipe
            file = h5f.open(os.fsencode(path), h5f.ACC_RDONLY, fapl=FILE_ACCESS)
        except OSError:
            with open_shard(path) as opened:  # tries again, and names the file
                self._map(opened.id)
        else:
            with closing(file):
                self._map(file)

    def _map(self, file: h5f.FileID) -> None:
        check_version(self.path, file)
        memory = mmap.mmap(file.get_vfd_handle(), 0, access=mmap.ACCESS_READ)
        root = h5g.open(file, b"/")
        for name, field in self._fields.items():
            view = None if field.element else self._view(root, name, memory)
            if view is None:
                self.is_mapped = False
            else:
                self._arrays[name] = view

    def _view(self, root: h5g.GroupID, name: str, memory: mmap.mmap) -> NDArray[Any] | None:
        try:
            check_link(root, name)
            view = _view(h5d.open(root, name.encode()), self._fields[name].dtype, memory)
            if view is not None:
                self._check_shape(name, view)
        except UNFIT as error:
            raise damaged(self.path, f"field {name!r} cannot be mapped ({error})") from error
        return view

    def _check_shape(self, name: str, array: NDArray[Any]) -> None:
        """Refuse an array that does not have a row for each sample, or a wrong shape of rows."""
        ragged, _, part = name.rpartition("/")
        expected = {"": self._rows, "values": len(array), "offsets": self._rows + 1}
        check_shape(array.shape, expected[part if ragged else ""], self._fields[name].shape)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array; a read-only view of the file if it is mapped."""
        array = self._arrays.get(name)
        return self._load(name) if array is None else array

    def ragged(self, name: str) -> Ragged:
        """Return the arrays of a ragged field; views of the file if it is mapped."""
        if name not in self._ragged:
            values, offsets = self[f"{name}/values"], self[f"{name}/offsets"]
            try:
                self._ragged[name] = Ragged(values, check_rising(offsets, len(values)))
            except ValueError as error:
                raise damaged(self.path, f"field {name!r} cannot be read ({error})") from error
        return self._ragged[name]

    def content(self, name: str) -> memoryview:
        """Return the bytes of an array that does not hold objects."""
        if name not in self._contents:
            self._contents[name] = self[name].reshape(-1).view(np.uint8).data
        return self._contents[name]

    def _load(self, name: str) -> NDArray[Any]:
        try:
            with open_shard(self.path) as file:
                array = read_array(item_at(file, name), self._fields[name])
                self._check_shape(name, array)
                self._arrays[name] = array
        except FileNotFoundError:
            raise
        except UNFIT as error:
            raise damaged(self.path, f"field {name!r} cannot be read ({error})") from error
        return array


_OFFSETS = Field(np.int64)


def _array_fields(schema: Schema) -> Iterator[tuple[str, Field]]:
    for name, field in schema.fields.items():
        if field.ragged:
            yield f"{name}/values", field
            yield f"{name}/offsets", _OFFSETS
        else:
            yield name, field


def _view(dataset: h5d.DatasetID, dtype: np.dtype[Any], memory: mmap.mmap) -> NDArray[Any] | None:
    """Return a read-only view of a dataset's bytes; None if they have no place of their own.

    Raises
    ------
    TypeError
        If it is stored as another type.
    """
    if not dataset.get_type().equal(_stored_type(dtype)):
        raise TypeError(f"it holds {dataset.dtype}, not {dtype}")
    offset = dataset.get_offset()
    if offset is not None:
        return np.ndarray(dataset.shape, dtype, buffer=memory, offset=offset)
    # Compressed and empty arrays have no single place in the file. Nor have values in another one.
    return None if np.prod(dataset.shape) else np.empty(dataset.shape, dtype)


@lru_cache
def _stored_type(dtype: np.dtype[Any]) -> h5t.TypeID:
    """Return the HDF5 type of a dtype; comparing it is much cheaper than asking for a dtype."""
    return h5t.py_create(stored_dtype(dtype), logical=True)
