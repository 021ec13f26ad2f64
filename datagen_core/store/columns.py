"""Reading fields across shards: which file holds which sample, and samples gathered from many.

A reader opens a file when a sample in it is first requested. Pickling it leaves the files out; the
copy opens them again.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core.edges import Edges, indices_of, join
from datagen_core.generators.schema import Columns, Field, Ragged, Schema
from datagen_core.ranges import Interval, IntervalList, IntervalSet
from datagen_core.store.checking import check_file, note_opened
from datagen_core.store.layout import LOOKS, list_files, list_shards, shard_name
from datagen_core.store.shard_arrays import ShardArrays
from datagen_core.store.shard_columns import stream_columns
from datagen_core.store.shards import reading

_MAPS = 4096
"""Open maps per reader; a process may have 65,530 (vm.max_map_count). See also `_most_maps`."""

_LOADED = 4
"""Files per reader that cannot be mapped (compressed, text, bytes) and are kept in memory."""

_SPARSE = 16
"""With fewer rows per file than this, rows are gathered one by one: grouping them costs more."""

_FEW_RANGES = 16
_SHORT = 64
"""Of more ranges than the first, with fewer rows than the second on average, rows are taken one by
one, which costs less than slices."""


class Piece(NamedTuple):
    """A range of samples and the file that it is read from; `file` is that file's own range."""

    interval: Interval
    folder: Path
    file: Interval

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / shard_name(self.file)


class _Rows(NamedTuple):
    """Ranges of rows `(n, 2)`, in the order that is asked for, of the piece with a number."""

    place: int
    rows: NDArray[np.int64]

    @property
    def size(self) -> int:
        """The number of rows."""
        return int((self.rows[:, 1] - self.rows[:, 0]).sum())

    def take(self, array: Any) -> Iterator[Any]:
        """Yield parts of an array or of a `Ragged`: slices, or all at once where they are short."""
        if len(self.rows) < _FEW_RANGES or self.size > _SHORT * len(self.rows):
            yield from (array[start:stop] for start, stop in self.rows.tolist())
        else:
            rows = indices_of(self.rows.reshape(-1))
            yield array.take(rows) if isinstance(array, Ragged) else array[rows]


def cover(folders: Sequence[Path], needed: IntervalSet | None = None) -> list[Piece]:
    """Return disjoint pieces, sorted, that cover all samples in some folders of shards.

    Earlier folders win, so packs stand before shards. Overlapping files hold equal samples, since
    a sample is a function of its index; each index is read from one of them. If only some samples
    are needed, folders after those that hold them are not listed.
    """
    pieces: list[Piece] = []
    covered = IntervalSet()
    for folder, files in zip(folders, _list_needed(folders, needed), strict=False):
        missing = IntervalSet(files) - covered
        parts = disjoint_parts(files) if missing else []
        if covered:  # intersecting costs more than the sweep itself
            parts = [(cut, file) for part, file in parts for cut in IntervalSet([part]) & missing]
        pieces += [Piece(part, folder, file) for part, file in parts]
        covered |= missing
    return sorted(pieces)


def _list_needed(folders: Sequence[Path], needed: IntervalSet | None) -> list[list[Interval]]:
    if needed is not None:
        first = list_shards(folders[0])
        if not needed - IntervalSet(first):
            return [first]
    return list_files(folders)


def disjoint_parts(files: list[Interval]) -> list[tuple[Interval, Interval]]:
    """Return disjoint parts of sorted files, which may overlap, each with its file.

    Of files with the same start, the longest is taken: a pack that absorbed others.
    """
    parts = []
    end = 0
    for file, following in zip_longest(files, files[1:]):
        is_longest = following is None or following.start > file.start
        if is_longest and file.stop > end:
            parts.append((Interval(max(file.start, end), file.stop), file))
            end = file.stop
    return parts


def _most_maps() -> int:
    """Return how many maps a reader may hold; Python keeps a file descriptor open for each."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAPS if files == resource.RLIM_INFINITY else min(_MAPS, files // 2)


class ColumnReader:
    """Columns of the samples in some folders of shards, as they were when the reader was made.

    Pickles to a few bytes; the copy lists the folders again.

    Parameters
    ----------
    needed
        The samples that will be requested; None for all that the folders hold.
    """

    def __init__(
        self, folders: Sequence[Path], schema: Schema, needed: IntervalSet | None = None
    ) -> None:
        self._folders = tuple(folders)
        self._schema = schema
        self._needed = needed
        self._pieces = cover(self._folders, needed)
        self._starts = np.array([piece.interval.start for piece in self._pieces], np.int64)
        self._stops = np.array([piece.interval.stop for piece in self._pieces], np.int64)
        self._shifts = np.array([piece.file.start for piece in self._pieces], np.int64)
        self._mapped: dict[int, ShardArrays] = {}
        self._loaded: dict[int, ShardArrays] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return ColumnReader, (self._folders, self._schema, self._needed)

    def read(self, intervals: Iterable[Interval]) -> Columns:
        """Return the samples of these intervals, in their order, in new arrays.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        DamagedFileError
            If a file cannot be read; it is named.
        """
        groups = self._find(intervals)
        return {
            name: self._read_ragged(name, field, groups)
            if field.ragged
            else self._read_fixed(name, field, groups)
            for name, field in self._schema.fields.items()
        }

    def verify(self, intervals: Iterable[Interval]) -> None:
        """Check the files that hold these samples, each of them whole, by their checksums.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        DamagedFileError
            If a file does not hold what was written; it is named.
        """
        self._verify({group.place for group in self._find(intervals)})

    def _verify(self, places: Iterable[int]) -> None:
        for place in sorted(places):
            check_file(self._pieces[place].path)

    def lengths(self, name: str, intervals: Iterable[Interval]) -> NDArray[np.int64]:
        """Return the lengths of a ragged field's arrays; only their offsets are read."""
        lengths = [
            part
            for group in self._find(intervals)
            for part in group.take(self._ragged(name, group.place).lengths)
        ]
        return np.concatenate([np.empty(0, np.int64), *lengths])

    def map(self, intervals: Sequence[Interval]) -> Columns | None:
        """Return read-only arrays over a mapped file; None unless one file holds all samples."""
        groups = self._find(intervals)
        if len(groups) != 1 or len(groups[0].rows) > 1 or not self._open(groups[0].place).is_mapped:
            return None
        shard, (start, stop) = self._open(groups[0].place), groups[0].rows[0]
        return {
            name: shard.ragged(name)[start:stop] if field.ragged else shard[name][start:stop]
            for name, field in self._schema.fields.items()
        }

    def stream(
        self, intervals: Iterable[Interval], looks: int = LOOKS
    ) -> Iterator[tuple[str, str, NDArray[Any]]]:
        """Yield the samples of these intervals, in their order, as `stream_columns` yields rows.

        What is in memory at a time does not depend on how large samples and files are. Files that
        were compacted away since they were listed are looked for again, `looks` times at most.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        DamagedFileError
            If a file cannot be read; it is named.
        """
        for place, rows in _ascending(self._find(intervals)):
            try:
                yield from self._stream(place, IntervalSet.from_edges(rows))
            except FileNotFoundError:  # nothing was read of it
                if not looks:
                    raise
                samples = IntervalSet.from_edges(rows + self._shifts[place])
                anew = ColumnReader(self._folders, self._schema, samples)
                yield from anew.stream(samples, looks - 1)

    def _stream(self, place: int, rows: IntervalSet) -> Iterator[tuple[str, str, NDArray[Any]]]:
        path = self._pieces[place].path
        with reading(path) as file:
            note_opened(path)
            yield from stream_columns(file, self._schema, rows)

    def sample(self, index: int) -> dict[str, Any]:
        """Return the values of one sample.

        Raises
        ------
        KeyError
            If the sample is in none of the files.
        """
        place = int(self._places(np.array([index], np.int64))[0])
        shard, row = self._open(place), index - int(self._shifts[place])
        return {
            name: self._ragged(name, place)[row].copy() if field.ragged else own(shard[name][row])
            for name, field in self._schema.fields.items()
        }

    def take(self, indices: NDArray[np.int64]) -> Columns:
        """Return the samples with these indices, in their order, in new arrays.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        """
        places = self._places(indices)
        if len(self._pieces) == 1:
            return self._take_from_one(indices - self._shifts[0])
        rows = indices - self._shifts[places]
        if len(rows) < _SPARSE * len(set(places.tolist())):
            gather = partial(self._gather_bytes, places=places, rows=rows)
        else:
            gather = partial(self._gather, here=_positions(places), rows=rows)
        return {
            name: self._gather_ragged(name, field, places, rows)
            if field.ragged
            else gather(name, field)
            for name, field in self._schema.fields.items()
        }

    def _places(self, indices: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the number of the piece that holds each sample."""
        if indices.size and not self._pieces:
            raise KeyError(int(indices[0]))
        places = np.searchsorted(self._starts, indices, side="right") - 1
        outside: Any = (places < 0) | (indices >= self._stops[places]) if indices.size else []
        if np.any(outside):
            raise KeyError(int(indices[np.argmax(outside)]))
        return places

    def _find(self, intervals: Iterable[Interval]) -> list[_Rows]:
        """Return where the samples of intervals are, in their order.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        """
        wanted = IntervalList(intervals)
        starts, stops = wanted.bounds.T
        first = np.maximum(np.searchsorted(self._starts, starts, side="right") - 1, 0)
        counts = np.searchsorted(self._starts, stops) - first  # of pieces that an interval meets
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
        rows = np.empty((len(places), 2), np.int64)
        np.maximum(np.repeat(starts, counts), self._starts[places], out=rows[:, 0])
        np.minimum(np.repeat(stops, counts), self._stops[places], out=rows[:, 1])
        if np.maximum(rows[:, 1] - rows[:, 0], 0).sum() < wanted.size:
            missing = IntervalSet(wanted) - IntervalSet(piece.interval for piece in self._pieces)
            raise KeyError(missing.span.start)
        rows -= self._shifts[places, np.newaxis]
        borders = [0, *(np.flatnonzero(np.diff(places)) + 1), len(places)] if len(places) else []
        return [_Rows(int(places[low]), rows[low:high]) for low, high in pairwise(borders)]

    def _open(self, place: int) -> ShardArrays:
        return self._mapped.get(place) or self._loaded.get(place) or self._open_anew(place)

    def _open_anew(self, place: int) -> ShardArrays:
        piece = self._pieces[place]
        shard = ShardArrays(piece.path, self._schema, piece.file.size)
        note_opened(piece.path)
        mapped = shard.is_mapped
        shards, limit = (self._mapped, _most_maps()) if mapped else (self._loaded, _LOADED)
        shards[place] = shard
        if len(shards) > limit:
            del shards[next(iter(shards))]
        return shard

    def _read_fixed(self, name: str, field: Field, groups: Sequence[_Rows]) -> NDArray[Any]:
        total = sum(group.size for group in groups)
        column = np.empty((total, *field.shape), field.dtype)
        filled = 0
        for group in groups:
            for part in group.take(self._open(group.place)[name]):
                column[filled : filled + len(part)] = part
                filled += len(part)
        return column

    def _read_ragged(self, name: str, field: Field, groups: Sequence[_Rows]) -> Ragged:
        parts = [part for each in groups for part in each.take(self._ragged(name, each.place))]
        return Ragged.join([_empty_ragged(field), *parts])

    def _ragged(self, name: str, place: int) -> Ragged:
        return self._open(place).ragged(name)

    def _take_from_one(self, rows: NDArray[np.int64]) -> Columns:
        return {
            name: self._ragged(name, 0).take(rows) if field.ragged else self._open(0)[name][rows]
            for name, field in self._schema.fields.items()
        }

    def _gather_bytes(
        self, name: str, field: Field, places: NDArray[np.intp], rows: NDArray[np.int64]
    ) -> NDArray[Any]:
        """Join rows as bytes, which takes half the time of copying each from array to array."""
        if field.element:
            return self._gather(name, field, _positions(places), rows)
        sources = places.tolist()
        contents = {place: self._open(place).content(name) for place in set(sources)}
        size = field.dtype.itemsize * math.prod(field.shape)
        starts = zip(sources, (rows * size).tolist(), strict=True)
        joined = bytearray().join(contents[place][low : low + size] for place, low in starts)
        return np.ndarray((len(rows), *field.shape), field.dtype, buffer=joined)

    def _gather(
        self,
        name: str,
        field: Field,
        here: Mapping[int, NDArray[np.intp]],
        rows: NDArray[np.int64],
    ) -> NDArray[Any]:
        """Fill a column from each file at the positions that its rows have in it."""
        column = np.empty((len(rows), *field.shape), field.dtype)
        for place, positions in here.items():
            column[positions] = self._open(place)[name][rows[positions]]
        return column

    def _gather_ragged(
        self, name: str, field: Field, places: NDArray[np.intp], rows: NDArray[np.int64]
    ) -> Ragged:
        sources = {place: self._ragged(name, place) for place in set(places.tolist())}
        pairs = zip(places.tolist(), rows.tolist(), strict=True)
        return Ragged.from_arrays([sources[place][row] for place, row in pairs], field)


def _ascending(groups: Iterable[_Rows]) -> Iterator[tuple[int, Edges]]:
    """Yield the piece and the edges of rows, as far as these ascend."""
    for group in groups:
        falls = np.flatnonzero(group.rows[1:, 0] < group.rows[:-1, 1]) + 1
        for rows in np.split(group.rows, falls):
            yield group.place, join(rows)


def _positions(places: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """Return where each place occurs."""
    order = np.argsort(places, kind="stable")
    found, first = np.unique(places[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, first[1:]), strict=False))


def own(value: Any) -> Any:
    """Return a value of one sample that no longer refers to a file."""
    return value.copy() if isinstance(value, (np.ndarray, np.void)) else value


def _empty_ragged(field: Field) -> Ragged:
    return Ragged(np.empty((0, *field.shape), field.dtype), np.zeros(1, np.int64))
