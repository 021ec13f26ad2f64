"""Reading single rows of ragged fields across shards."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.schema import Field
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
