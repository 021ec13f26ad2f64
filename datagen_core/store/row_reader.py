"""Reading across shards: single rows of ragged fields, and columns in parts of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.schema import Columns, Field
from datagen_core.ranges import Interval
from datagen_core.store.columns import ColumnReader


class RowReader(ColumnReader):
    """A reader that also gathers single rows of ragged fields."""

    def take_rows(
        self, samples: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """Return row `rows[i]` of sample `samples[i]` for every i, of all ragged fields.

        Raises
        ------
        KeyError
            If a sample is in none of the files, or has no such row.
        """
        places = self._places(samples)
        within = samples - self._shifts[places]
        order = np.argsort(places, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(places[order])) + 1)
        return {
            name: self._join_rows(name, field, groups, (places, within, rows))
            for name, field in self._schema.fields.items()
            if field.ragged
        }

    def verify_samples(self, samples: NDArray[np.int64]) -> None:
        """Check the files that hold these samples as `verify` does."""
        self._verify(set(self._places(samples).tolist()))

    def _join_rows(
        self,
        name: str,
        field: Field,
        groups: list[NDArray[np.intp]],
        wanted: tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]],
    ) -> NDArray[Any]:
        places, within, rows = wanted
        if len(groups) == 1 and len(rows):
            return self._rows_of(name, int(places[0]), within, rows)
        column = np.empty((len(rows), *field.shape), field.dtype)
        for here in groups:
            if len(here):
                column[here] = self._rows_of(name, int(places[here[0]]), within[here], rows[here])
        return column

    def _rows_of(
        self, name: str, place: int, within: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[Any]:
        source = self._ragged(name, place)
        wanted = source.offsets[within] + rows
        outside = (rows < 0) | (wanted >= source.offsets[within + 1])
        if outside.any():
            raise KeyError(int(within[np.argmax(outside)] + self._shifts[place]))
        found: NDArray[Any] = source.values.take(wanted, axis=0)
        return found


class PartReader(ColumnReader):
    """A reader that also returns columns in parts, so that no file is copied to join another."""

    def parts(self, intervals: Sequence[Interval], most: int) -> list[Columns]:
        """Return the samples of these intervals, in their order, in consecutive parts.

        A part is a range of rows of one file, and its arrays are read-only views of the file, or of
        what was loaded of it where an array cannot be mapped. If there are more than `most`, or
        none, one part has all samples in new arrays.

        Raises
        ------
        KeyError
            If a sample is in none of the files.
        DamagedFileError
            If a file cannot be read; it is named.
        """
        groups = self._find(intervals)
        if not 0 < sum(len(group.rows) for group in groups) <= most:
            return [self.read(intervals)]
        return [
            self._view(group.place, start, stop)
            for group in groups
            for start, stop in group.rows.tolist()
        ]

    def _view(self, place: int, start: int, stop: int) -> Columns:
        shard, fields = self._open(place), self._schema.fields.items()
        return {
            name: shard.ragged(name)[start:stop]
            if field.ragged
            else _closed(shard[name])[start:stop]
            for name, field in fields
        }


def _closed(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that cannot be written into, since others read what was loaded, too."""
    view = array.view()
    view.flags.writeable = False
    return view
