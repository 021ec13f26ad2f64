"""Publishing samples as they are made, with many batches in each shard."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from datagen_core.generators.schema import Columns, bytes_of
from datagen_core.ranges import Interval
from datagen_core.store.growing import GrowingColumns
from datagen_core.store.shards import ShardLabel, publish_shard

PUBLISH_BYTES = 64 * 2**20
PUBLISH_SECONDS = 30.0
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
    """

    folder: Path
    temporary: Path
    generator: str
    digest: str
    compress: bool = False
    publish_bytes: int = PUBLISH_BYTES
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
        apart = self.waiting > 0 and following.start != self._interval.stop
        late = time.monotonic() - self._since >= PUBLISH_SECONDS
        return apart or late or self._bytes >= self.publish_bytes

    def publish(self) -> None:
        """Publish the samples that wait; they stay in memory until that has succeeded."""
        self._since = time.monotonic()
        if not self.waiting:
            return
        label = ShardLabel(self.generator, self.digest, self._interval)
        columns = self._columns.first(self.waiting)
        publish_shard(self.folder, self.temporary, label, columns, compress=self.compress)
        self._columns.clear()
        self._bytes, self._interval = 0, _NOTHING
