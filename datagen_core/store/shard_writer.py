"""Publishing samples as they are made, with many batches in each shard.

Columns grow at the end, in memory that is used again after each shard: joining the parts of a shard
when it is published would need all of them twice, and touching fresh memory costs more than copying
a batch that was just made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.schema import Columns, Ragged, bytes_of
from datagen_core.ranges import Interval
from datagen_core.store.origins import Origin
from datagen_core.store.shards import ShardLabel, publish_shard

PUBLISH_BYTES = 64 * 2**20
PUBLISH_SECONDS = 30.0
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
        if self._array.dtype == object:
            self._array[: self.size] = None  # text and bytes take memory of their own
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


_NOTHING = Interval(0, 0)


@dataclass
class ShardWriter:
    """Gathers adjacent samples and publishes them as one shard.

    Attributes
    ----------
    folder, temporary
        The folders where shards belong, and where they are written first.
    generator, digest
        The labels of the shards.
    private
        Whether samples must not be published twice, which may differ. Then each batch is a file of
        its own, so that two processes publish it under one name, and the first one's stays.
    announce
        Called with private samples before anybody can see them.
    made_by
        Who makes the samples: the id of a run, the number of its plan, and the id of the code.
        None for what is not made by a run.
    """

    folder: Path
    temporary: Path
    generator: str
    digest: str
    compress: bool = False
    made_by: tuple[str, int, str] | None = None
    publish_bytes: int = PUBLISH_BYTES
    private: bool = False
    announce: Callable[[Interval], object] = lambda _: None
    _columns: GrowingColumns = field(default_factory=GrowingColumns)
    _interval: Interval = _NOTHING
    _bytes: int = 0
    _since: float = field(default_factory=time.monotonic)

    @property
    def waiting(self) -> int:
        """Number of samples that are not published yet."""
        return self._interval.size

    def add(self, piece: Interval, columns: Columns) -> None:
        """Add a copy of samples that follow those that wait.

        They count after the last statement: if a signal interrupts before it, they are dropped.
        """
        self._columns.append(columns)
        self._bytes += bytes_of(columns)
        self._interval = Interval(self._interval.start if self.waiting else piece.start, piece.stop)

    def is_due(self, following: Interval) -> bool:
        """Return whether to publish before adding the samples `following`."""
        apart = self.waiting > 0 and (self.private or following.start != self._interval.stop)
        late = time.monotonic() - self._since >= PUBLISH_SECONDS
        return apart or late or self._bytes >= self.publish_bytes

    def publish(self) -> Interval:
        """Publish the samples that wait, and return them; they stay in memory until then."""
        self._since = time.monotonic()
        if not self.waiting:
            return _NOTHING
        start, stop = self._interval
        origins = () if self.made_by is None else (Origin(start, stop, *self.made_by),)
        label = ShardLabel(self.generator, self.digest, self._interval, origins)
        columns = self._columns.first(self.waiting)
        announce = partial(self.announce, label.interval)
        publish_shard(
            self.folder, self.temporary, label, columns,
            compress=self.compress, announce=announce if self.private else None,
        )  # fmt: skip
        self._columns.clear()
        self._bytes, self._interval = 0, _NOTHING
        return label.interval
