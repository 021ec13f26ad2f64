"""Samples that are made anew, compared with those in files; measurements do not count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from datagen_core.errors import DatagenError, in_one_line
from datagen_core.generators.schema import Columns, Schema, slice_columns, without_measured
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.batches import BatchMaker, preserved_global_generators
from datagen_core.store.columns import cover
from datagen_core.store.layout import SetPaths, look_again
from datagen_core.store.shard_columns import columns_checksum, read_columns
from datagen_core.store.shards import reading


@dataclass(frozen=True)
class Rows:
    """Consecutive samples from `first` on, without measurements."""

    first: int
    columns: Columns

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(next(iter(self.columns.values())))

    def cut(self, first: int, count: int) -> Columns:
        """Return the columns of `count` of the samples."""
        return slice_columns(self.columns, first - self.first, first - self.first + count)


class Difference(NamedTuple):
    """A sample that differs when it is made anew, and the first field that does."""

    sample: int
    field: str


class KeptSamples:
    """The samples in the files of a set, of which only the rows that are asked for are read."""

    def __init__(self, paths: SetPaths, schema: Schema) -> None:
        self._folders, self.schema = paths.folders, schema
        self._list()

    def _list(self) -> None:
        self._pieces = cover(self._folders)

    def read(self, samples: IntervalSet) -> list[Rows]:
        """Return samples that exist, each range of each file for itself."""
        return look_again(lambda: list(self._read(samples)), self._list)

    def _read(self, samples: IntervalSet) -> Iterator[Rows]:
        stop = samples.intervals[-1].stop
        for piece in self._pieces[self._place(samples.intervals[0].start) :]:
            if piece.interval.start >= stop:
                break
            for part in IntervalSet([piece.interval]) & samples:
                first, end = part.start - piece.file.start, part.stop - piece.file.start
                with reading(piece.path) as file:
                    columns = read_columns(file, self.schema, first, end)
                yield Rows(part.start, without_measured(columns, self.schema))

    def _place(self, index: int) -> int:
        return bisect_right(self._pieces, index, key=lambda piece: piece.interval.start) - 1


def make_anew(maker: BatchMaker, schema: Schema, samples: IntervalSet) -> Rows:
    """Make samples of one batch, and those between them.

    Raises
    ------
    DatagenError
        If the generator does not make them now.
    """
    piece = Interval(samples.intervals[0].start, samples.intervals[-1].stop)
    try:
        with preserved_global_generators():
            columns, _ = maker.make(piece, schema)
    except (Exception, SystemExit) as error:  # a generator may fail in any way
        reason = in_one_line(error)
        made = IntervalSet([piece])
        raise DatagenError(f"samples {made} cannot be made again: {reason}") from error
    return Rows(piece.start, without_measured(columns, schema))


def find_differences(made: Rows, kept: Iterable[Rows]) -> Iterator[Difference]:
    """Yield the kept samples that are not equal to those that were made, byte for byte."""
    for rows in kept:
        if not _equal(made.cut(rows.first, rows.count), rows.columns):
            for index in range(rows.first, rows.first + rows.count):
                yield from _compare(index, made.cut(index, 1), rows.cut(index, 1))


def _equal(one: Columns, other: Columns) -> bool:
    return columns_checksum(one) == columns_checksum(other)


def _compare(index: int, one: Columns, other: Columns) -> Iterator[Difference]:
    names = (name for name in one if not _equal({name: one[name]}, {name: other[name]}))
    yield from (Difference(index, name) for name in list(names)[:1])
