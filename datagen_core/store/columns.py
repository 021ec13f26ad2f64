"""Reading fields across shards: which file holds which sample, and memory maps of the files.

Files are opened when a sample in them is first asked for, at most once a process, and never
travel: a pickled `ColumnReader` opens its files anew.
"""

from __future__ import annotations

import mmap
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from datagen_core.schema import Columns, Field, Ragged, Schema
from datagen_core.sharding import Interval, IntervalSet
from datagen_core.store.layout import list_shards, shard_name
from datagen_core.store.shards import damaged, open_shard, read_array

_MAPS = 4096
"""Open maps a reader; a process may have 65,530 (vm.max_map_count)."""

_LOADED = 4
"""Files a reader keeps in memory that cannot be mapped: compressed fields, text."""

_SPARSE = 4
"""Fewer rows a file than this are copied one by one; grouping them by file costs more."""


class Piece(NamedTuple):
    """A range of samples and the file that it is read from; `file` is that file's own range."""

    interval: Interval
    folder: Path
    file: Interval

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / shard_name(self.file)


def cover(folders: Sequence[Path]) -> list[Piece]:
    """Return disjoint pieces, sorted, that cover all samples in some folders of shards.

    Earlier folders win, so packs stand before shards. Overlapping files hold equal samples, since
    a sample is a function of its index; each index is read from one of them.
    """
    pieces: list[Piece] = []
    covered = IntervalSet()
    for folder in folders:
        files = list_shards(folder)
        missing = IntervalSet(files) - covered
        parts = _sweep(files) if missing else []
        if covered:  # tested once, since it costs more than the sweep itself
            parts = [(cut, file) for part, file in parts for cut in IntervalSet([part]) & missing]
        pieces += [Piece(part, folder, file) for part, file in parts]
        covered |= missing
    return sorted(pieces)


def _sweep(files: list[Interval]) -> list[tuple[Interval, Interval]]:
    """Cut sorted files, which may overlap, so that each index is left in one of them."""
    parts = []
    end = 0
    for file in files:
        if file.stop > end:
            parts.append((Interval(max(file.start, end), file.stop), file))
            end = file.stop
    return parts


class _OpenShard:
    """The arrays of one file: mapped where possible, otherwise loaded when first used."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._loaded: dict[str, NDArray[Any]] = {}
        self._views: dict[str, NDArray[Any] | None] = {}
        with open_shard(path) as file, path.open("rb") as descriptor:
            memory = mmap.mmap(descriptor.fileno(), 0, access=mmap.ACCESS_READ)
            try:
                for name in _array_names(schema):
                    self._views[name] = _view(file[name], memory)
            except (KeyError, TypeError, ValueError) as error:
                raise damaged(path, f"field {name!r} cannot be mapped ({error})") from error

    @property
    def is_mapped(self) -> bool:
        return all(view is not None for view in self._views.values())

    def __getitem__(self, name: str) -> NDArray[Any]:
        view = self._views[name]
        return view if view is not None else self._load(name)

    def _load(self, name: str) -> NDArray[Any]:
        if name not in self._loaded:
            try:
                with open_shard(self.path) as file:
                    self._loaded[name] = read_array(file[name])
            except (OSError, ValueError) as error:
                raise damaged(self.path, f"field {name!r} cannot be read ({error})") from error
        return self._loaded[name]


def _array_names(schema: Schema) -> Iterator[str]:
    for name, field in schema.fields.items():
        if field.ragged:
            yield f"{name}/values"
            yield f"{name}/offsets"
        else:
            yield name


def _view(dataset: h5py.Dataset, memory: mmap.mmap) -> NDArray[Any] | None:
    """Return a read-only view of a dataset's bytes; None when it has to be decoded."""
    if dataset.chunks is not None or dataset.dtype == object:
        return None
    offset = dataset.id.get_offset()
    if offset is None:  # a dataset without elements has no place in the file
        return np.empty(dataset.shape, dataset.dtype)
    return np.ndarray(dataset.shape, dataset.dtype, buffer=memory, offset=offset)


class ColumnReader:
    """Columns of the samples in some folders of shards, as they were when this was made.

    Pickles to a few bytes; the copy lists the folders anew.
    """

    def __init__(self, folders: Sequence[Path], schema: Schema) -> None:
        self._folders = tuple(folders)
        self._schema = schema
        self._pieces = cover(self._folders)
        self._starts = np.array([piece.interval.start for piece in self._pieces], np.int64)
        self._stops = np.array([piece.interval.stop for piece in self._pieces], np.int64)
        self._shifts = np.array([piece.file.start for piece in self._pieces], np.int64)
        self._mapped: OrderedDict[int, _OpenShard] = OrderedDict()
        self._loaded: OrderedDict[int, _OpenShard] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        return ColumnReader, (self._folders, self._schema)

    def read(self, intervals: Iterable[Interval]) -> Columns:
        """Return the samples of these intervals, in their order, in new arrays.

        Raises
        ------
        KeyError
            When a sample is in none of the files.
        DamagedFileError
            When a file cannot be read; it is named.
        """
        parts = [part for interval in intervals for part in self._parts(interval)]
        return {
            name: self._read_ragged(name, field, parts)
            if field.ragged
            else self._read_fixed(name, field, parts)
            for name, field in self._schema.fields.items()
        }

    def view(self, intervals: Sequence[Interval]) -> Columns | None:
        """Return read-only views into a mapped file, when one file holds all these samples."""
        parts = [part for interval in intervals for part in self._parts(interval)]
        if len(parts) != 1 or not self._open(parts[0][0]).is_mapped:
            return None
        shard, start, stop = self._open(parts[0][0]), parts[0][1], parts[0][2]
        return {
            name: Ragged(shard[f"{name}/values"], shard[f"{name}/offsets"][start : stop + 1])
            if field.ragged
            else shard[name][start:stop]
            for name, field in self._schema.fields.items()
        }

    def take(self, indices: NDArray[np.int64]) -> Columns:
        """Return the samples with these indices, in their order, in new arrays.

        Raises
        ------
        KeyError
            When a sample is in none of the files.
        """
        places = self._places(indices)
        if len(self._pieces) == 1:
            return self._take_from_one(indices - self._shifts[0])
        rows = indices - self._shifts[places]
        return {
            name: self._gather_ragged(name, field, places, rows)
            if field.ragged
            else self._gather(name, field, places, rows)
            for name, field in self._schema.fields.items()
        }

    def _places(self, indices: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which piece holds each sample."""
        if indices.size and not self._pieces:
            raise KeyError(int(indices[0]))
        places = np.searchsorted(self._starts, indices, side="right") - 1
        outside = (places < 0) | (indices >= self._stops[places]) if indices.size else []
        if np.any(outside):
            raise KeyError(int(indices[np.argmax(outside)]))
        return places

    def _parts(self, interval: Interval) -> Iterator[tuple[int, int, int]]:
        """Yield (piece, first row in its file, row behind the last) that make up an interval."""
        start, stop = interval
        place = int(np.searchsorted(self._starts, start, side="right")) - 1
        while start < stop:
            if not 0 <= place < len(self._pieces):
                raise KeyError(start)
            piece = self._pieces[place]
            if not piece.interval.start <= start < piece.interval.stop:
                raise KeyError(start)
            end = min(stop, piece.interval.stop)
            yield place, start - piece.file.start, end - piece.file.start
            start = end
            place += 1

    def _open(self, place: int) -> _OpenShard:
        for shards in (self._mapped, self._loaded):
            if place in shards:
                shards.move_to_end(place)
                return shards[place]
        shard = _OpenShard(self._pieces[place].path, self._schema)
        shards, limit = (self._mapped, _MAPS) if shard.is_mapped else (self._loaded, _LOADED)
        shards[place] = shard
        if len(shards) > limit:
            shards.popitem(last=False)
        return shard

    def _read_fixed(
        self, name: str, field: Field, parts: Sequence[tuple[int, int, int]]
    ) -> NDArray[Any]:
        total = sum(stop - start for _, start, stop in parts)
        column = np.empty((total, *field.shape), field.dtype)
        filled = 0
        for place, start, stop in parts:
            column[filled : filled + stop - start] = self._open(place)[name][start:stop]
            filled += stop - start
        return column

    def _read_ragged(
        self, name: str, field: Field, parts: Sequence[tuple[int, int, int]]
    ) -> Ragged:
        pieces = [self._ragged(name, place)[start:stop] for place, start, stop in parts]
        return Ragged.join([_empty_ragged(field), *pieces])

    def _ragged(self, name: str, place: int) -> Ragged:
        shard = self._open(place)
        return Ragged(shard[f"{name}/values"], shard[f"{name}/offsets"])

    def _take_from_one(self, rows: NDArray[np.int64]) -> Columns:
        return {
            name: self._ragged(name, 0).take(rows) if field.ragged else self._open(0)[name][rows]
            for name, field in self._schema.fields.items()
        }

    def _gather(
        self, name: str, field: Field, places: NDArray[np.intp], rows: NDArray[np.int64]
    ) -> NDArray[Any]:
        column = np.empty((len(rows), *field.shape), field.dtype)
        touched = np.unique(places)
        if len(rows) < _SPARSE * len(touched):
            arrays = {place: self._open(place)[name] for place in touched.tolist()}
            for target, (place, row) in enumerate(zip(places.tolist(), rows.tolist(), strict=True)):
                column[target] = arrays[place][row]
            return column
        for place in touched.tolist():
            here = np.flatnonzero(places == place)
            column[here] = self._open(place)[name][rows[here]]
        return column

    def _gather_ragged(
        self, name: str, field: Field, places: NDArray[np.intp], rows: NDArray[np.int64]
    ) -> Ragged:
        sources = {place: self._ragged(name, place) for place in np.unique(places).tolist()}
        pairs = zip(places.tolist(), rows.tolist(), strict=True)
        return Ragged.from_arrays([sources[place][row] for place, row in pairs], field)


def _empty_ragged(field: Field) -> Ragged:
    return Ragged(np.empty((0, *field.shape), field.dtype), np.zeros(1, np.int64))
