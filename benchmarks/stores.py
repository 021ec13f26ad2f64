"""Other ways to keep samples `x, y`: h5py, zarr, Arrow files, Hugging Face's datasets, numpy.

Each appends what a loop makes, with batches joined to chunks of about 64 KiB: an addition costs
each of them about as much whatever its size. Only "h5py, by batch" appends batches as they come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_samples import BATCH, Batch
from datagen_core.files import require

CHUNK_BYTES = 64 * 1024


class Reader(NamedTuple):
    """An open store; each function returns `x, y`."""

    rows: Any
    """Takes an array of positions in any order."""

    one: Any
    """Takes one position."""


class Store(ABC):
    """A format with a writer and readers."""

    name: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ()
    """What is imported from the extra `bench`."""

    @abstractmethod
    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Write a new store into a folder that does not exist."""

    @abstractmethod
    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Add rows to a store."""

    @abstractmethod
    def read(self, folder: Path) -> Batch:
        """Open a store and return all rows as new arrays."""

    @abstractmethod
    def open(self, folder: Path) -> Reader:
        """Open a store for random access."""


class H5py(Store):
    """One file with two resizable, chunked arrays; batches are joined to chunks."""

    name = "h5py, by chunk"

    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Append to a new file."""
        folder.mkdir()
        with h5py.File(folder / "samples.h5", "w") as file:
            _append_to_hdf5(file, self.join(batches))

    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Append to the file."""
        with h5py.File(folder / "samples.h5", "a") as file:
            _append_to_hdf5(file, self.join(batches))

    def join(self, batches: Iterable[Batch]) -> Iterable[Batch]:
        """Return what is appended at a time."""
        return _join(batches)

    def read(self, folder: Path) -> Batch:
        """Read both arrays."""
        with h5py.File(folder / "samples.h5") as file:
            return file["x"][:], file["y"][:]

    def open(self, folder: Path) -> Reader:
        """Keep the file open."""
        file = h5py.File(folder / "samples.h5")
        columns = file["x"], file["y"]
        return Reader(
            lambda rows: _pick_sorted(columns, rows), lambda row: [each[row] for each in columns]
        )


class H5pyByBatch(H5py):
    """The same file; batches are appended as they come."""

    name = "h5py, by batch"

    def join(self, batches: Iterable[Batch]) -> Iterable[Batch]:
        """Return the batches."""
        return batches


def _append_to_hdf5(file: Any, batches: Iterable[Batch]) -> None:
    columns = [file[name] for name in file]  # kept open: closing one writes its last chunk
    for batch in batches:
        columns = columns or _create_columns(file, batch)
        size = len(columns[0])
        for column, rows in zip(columns, batch, strict=True):
            column.resize(size + len(rows), axis=0)
            column[size:] = rows


def _create_columns(file: Any, batch: Batch) -> list[Any]:
    columns = []
    for name, rows in zip("xy", batch, strict=True):
        row = rows.shape[1:]
        chunks, maxshape = (_chunk(batch), *row), (None, *row)
        columns.append(
            file.create_dataset(name, (0, *row), rows.dtype, chunks=chunks, maxshape=maxshape)
        )
    return columns


def _pick_sorted(columns: Iterable[Any], rows: NDArray[np.int64]) -> list[NDArray[Any]]:
    """Select as h5py wants it: in order, each row once."""
    ordered, places = np.unique(rows, return_inverse=True)
    return [column[ordered][places] for column in columns]


class Zarr(Store):
    """A group with two arrays."""

    name = "zarr"
    modules = ("zarr",)

    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Append chunk by chunk."""
        group = require("zarr", "bench").open_group(folder, mode="w")
        for joined in _join(batches):
            for name, rows in zip("xy", joined, strict=True):
                if name not in group:
                    row = rows.shape[1:]
                    chunks = _chunk(joined), *row
                    group.create_array(name, shape=(0, *row), dtype=rows.dtype, chunks=chunks)
                group[name].append(rows)

    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Append chunk by chunk."""
        group = require("zarr", "bench").open_group(folder, mode="a")
        for joined in _join(batches):
            for name, rows in zip("xy", joined, strict=True):
                group[name].append(rows)

    def read(self, folder: Path) -> Batch:
        """Read both arrays."""
        group = require("zarr", "bench").open_group(folder, mode="r")
        return group["x"][:], group["y"][:]

    def open(self, folder: Path) -> Reader:
        """Keep both arrays open."""
        group = require("zarr", "bench").open_group(folder, mode="r")
        columns = group["x"], group["y"]
        return Reader(
            lambda rows: [each.oindex[rows] for each in columns],
            lambda row: [each[row] for each in columns],
        )


class Arrow(Store):
    """Arrow files, memory-mapped; more rows are another file."""

    name = "pyarrow"
    modules = ("pyarrow", "pyarrow.dataset")

    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Write chunks as record batches."""
        folder.mkdir()
        self.append(folder, batches)

    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Write another file."""
        arrow = require("pyarrow", "bench")
        path = folder / f"{len(list(folder.iterdir())):06}.arrow"
        joined = (_to_arrow(chunk) for chunk in _join(batches))
        first = next(joined)
        with arrow.ipc.new_file(path, first.schema) as file:
            file.write_batch(first)
            for chunk in joined:
                file.write_batch(chunk)

    def read(self, folder: Path) -> Batch:
        """Copy both columns out of the memory map."""
        x, y = _from_arrow(self._table(folder))
        return np.array(x), np.array(y)

    def open(self, folder: Path) -> Reader:
        """Keep the memory map."""
        table = self._table(folder)
        return Reader(
            lambda rows: _from_arrow(table.take(rows)),
            lambda row: _from_arrow(table.slice(row, 1)),
        )

    def _table(self, folder: Path) -> Any:
        arrow = require("pyarrow", "bench")
        files = (arrow.memory_map(str(path)) for path in sorted(folder.iterdir()))
        return arrow.concat_tables([arrow.ipc.open_file(file).read_all() for file in files])


def _to_arrow(batch: Batch) -> Any:
    arrow = require("pyarrow", "bench")
    columns = [_to_column(rows) for rows in batch]
    return arrow.record_batch(columns, names=["x", "y"])


def _to_column(rows: NDArray[Any]) -> Any:
    arrow = require("pyarrow", "bench")
    if rows.ndim == 1:
        return arrow.array(rows)
    return arrow.FixedShapeTensorArray.from_numpy_ndarray(rows)


def _from_arrow(table: Any) -> list[NDArray[Any]]:
    columns = (column.combine_chunks() for column in table.columns)
    return [
        column.to_numpy_ndarray() if hasattr(column, "to_numpy_ndarray") else column.to_numpy()
        for column in columns
    ]


class HuggingFace(Store):
    """A `Dataset`; rows can be added only by writing all of it again."""

    name = "HF datasets"
    modules = ("datasets",)
    _numbers = count()

    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Build it from a generator, sample by sample."""
        self._build(folder, batches).save_to_disk(folder / "0")

    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Write the old rows and the new ones beside the old ones."""
        old = self._newest(folder)
        added = require("datasets", "bench").concatenate_datasets(
            [self._load(folder), self._build(folder, batches)]
        )
        added.save_to_disk(old.with_name(str(int(old.name) + 1)))

    def read(self, folder: Path) -> Batch:
        """Read both columns as numpy arrays."""
        return tuple(self._load(folder)[:].values())  # type: ignore[return-value]

    def open(self, folder: Path) -> Reader:
        """Keep the memory map, in the format of numpy."""
        kept = self._load(folder)
        return Reader(lambda rows: kept[rows], lambda row: kept[row])

    def _build(self, folder: Path, batches: Iterable[Batch]) -> Any:
        datasets = require("datasets", "bench")
        datasets.disable_progress_bars()
        features, rows = _describe_rows(datasets, batches)
        return datasets.Dataset.from_generator(
            lambda: rows,
            features=features,
            cache_dir=str(folder.with_name(f"{folder.name}-cache")),
            fingerprint=f"{next(self._numbers):016}",  # an iterator cannot be hashed
        )

    @staticmethod
    def _newest(folder: Path) -> Path:
        return max(folder.iterdir(), key=lambda path: int(path.name))

    def _load(self, folder: Path) -> Any:
        kept = require("datasets", "bench").load_from_disk(str(self._newest(folder)))
        # Without a type, float64 would be read as float32, and bytes as int64.
        return kept.with_format("numpy", dtype=np.dtype(kept.features["x"].dtype))


def _describe_rows(datasets: Any, batches: Iterable[Batch]) -> tuple[Any, Iterator[dict[str, Any]]]:
    batches = iter(batches)
    first = next(batches)
    x, y = (_describe_field(datasets, rows) for rows in first)

    def make_rows() -> Iterator[dict[str, Any]]:
        for columns in chain([first], batches):
            yield from ({"x": one_x, "y": one_y} for one_x, one_y in zip(*columns, strict=True))

    return datasets.Features({"x": x, "y": y}), make_rows()


def _describe_field(datasets: Any, rows: NDArray[Any]) -> Any:
    if rows.ndim == 1:
        return datasets.Value(rows.dtype.name)
    return datasets.Array2D(rows.shape[1:], rows.dtype.name)


class NumpyMap(Store):
    """Two files of numpy, memory-mapped: what reading can cost at least."""

    name = "numpy memory map"

    def write(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Write all rows at once."""
        folder.mkdir()
        for name, parts in zip("xy", zip(*batches, strict=True), strict=True):
            np.save(folder / f"{name}.npy", np.concatenate(parts))

    def append(self, folder: Path, batches: Iterable[Batch]) -> None:
        """Refuse: a file of numpy has one size."""
        raise NotImplementedError

    def read(self, folder: Path) -> Batch:
        """Copy both arrays out of their memory maps."""
        x, y = self._maps(folder)
        return np.array(x), np.array(y)

    def open(self, folder: Path) -> Reader:
        """Keep the memory maps."""
        maps = self._maps(folder)
        return Reader(
            lambda rows: [each[rows] for each in maps], lambda row: [each[row] for each in maps]
        )

    @staticmethod
    def _maps(folder: Path) -> Batch:
        x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
        return x, y


def _chunk(batch: Batch) -> int:
    """Return how many rows a chunk has: whole batches, and about 64 KiB of `x`."""
    return max(1, CHUNK_BYTES // (BATCH * batch[0][:1].nbytes)) * BATCH


def _join(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Join batches to chunks."""
    waiting: list[Batch] = []
    size = 0
    for batch in batches:
        waiting.append(batch)
        size += len(batch[0])
        if size >= _chunk(batch):
            yield _concatenate(waiting)
            waiting, size = [], 0
    if waiting:
        yield _concatenate(waiting)


def _concatenate(batches: list[Batch]) -> Batch:
    x, y = (np.concatenate(column) for column in zip(*batches, strict=True))
    return x, y
