"""Columns that grow at the end, in memory that is reused after each shard.

Joining the parts of a shard when it is published would hold them in memory twice, and touching
fresh memory costs more than copying a batch that was just made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.schema import Columns, Ragged

_FIRST_BYTES = 3 * 2**19
_GROWTH = 8
"""Sizes are 1.5, 12 and 96 MiB: little is copied, memory costs nothing before it is written to, and
a shard that is published at 64 MiB never outgrows the largest."""


class GrowingArray:
    """An array whose first dimension grows; `clear` keeps its memory."""

    def __init__(self, like: NDArray[Any]) -> None:
        self._array = np.empty((0, *like.shape[1:]), like.dtype)
        self.size = 0

    def append(self, rows: NDArray[Any]) -> None:
        """Append rows, copied."""
        size = self.size + len(rows)
        if size > len(self._array):
            self._grow(size)
        self._array[self.size : size] = rows
        self.size = size

    def _grow(self, size: int) -> None:
        shape, dtype = self._array.shape[1:], self._array.dtype
        least = _FIRST_BYTES // max(1, dtype.itemsize * int(np.prod(shape)))
        grown = np.empty((max(size, least, _GROWTH * len(self._array)), *shape), dtype)
        grown[: self.size] = self._array[: self.size]
        self._array = grown

    def first(self, n: int) -> NDArray[Any]:
        """Return a view of the first n rows, valid until the next `append`."""
        return self._array[:n]

    def clear(self) -> None:
        """Forget all rows."""
        self.size = 0


class GrowingRagged:
    """A ragged column that grows."""

    def __init__(self, like: Ragged) -> None:
        self._values = GrowingArray(like.values)
        self._ends = GrowingArray(like.offsets)

    def append(self, column: Ragged) -> None:
        """Append samples, copied."""
        ends = column.offsets[1:] - column.offsets[0] + self._values.size
        self._values.append(column.rows())
        self._ends.append(ends)

    def first(self, n: int) -> Ragged:
        """Return the first n samples, valid until the next `append`."""
        offsets = np.concatenate([np.zeros(1, np.int64), self._ends.first(n)])
        return Ragged(self._values.first(int(offsets[-1])), offsets)

    def clear(self) -> None:
        """Forget all samples."""
        self._values.clear()
        self._ends.clear()


class GrowingColumns:
    """The columns of a growing number of samples, all with the schema of the first ones."""

    def __init__(self) -> None:
        self._columns: dict[str, GrowingArray | GrowingRagged] = {}

    def append(self, columns: Columns) -> None:
        """Append samples, copied."""
        for name, column in columns.items():
            if isinstance(column, Ragged):
                growing = self._columns.setdefault(name, GrowingRagged(column))
            else:
                growing = self._columns.setdefault(name, GrowingArray(column))
            growing.append(column)  # type: ignore[arg-type]  # a field's kind never changes

    def first(self, n: int) -> Columns:
        """Return the first n samples, valid until the next `append`."""
        return {name: column.first(n) for name, column in self._columns.items()}

    def clear(self) -> None:
        """Forget all samples."""
        for column in self._columns.values():
            column.clear()
