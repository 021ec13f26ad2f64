"""Identities of rows, and scores that differ in spite of equal identities."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from datagen_federated.merging.csv_files import Row, to_number

KEY = ("run_id", "round", "client_id")
"""The identity of a row of a federated run, without its measurements."""

SCORES = ("accuracy", "loss", "f1")
"""Scores that rows of one identity share, unless they were computed differently."""


@dataclass
class Seen:
    """Identities of the rows so far, as digests, each with the scores of its first row."""

    columns: Sequence[str]
    dropped: int = 0
    conflicts: int = 0
    _first: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {name: place for place, name in enumerate(self.columns)}
        self._key = [places[name] for name in KEY if name in places]
        self._scores = [places.get(name, -1) for name in SCORES]

    def is_new(self, row: Row) -> bool:
        """Return whether a row has a new identity; count it if not."""
        identity, scores = self._identify(row), self._read_scores(row)
        first = self._first.setdefault(identity, scores)
        if first is scores:
            return True
        self.dropped += 1
        self.conflicts += _differ(first, scores)
        return False

    def _identify(self, row: Row) -> bytes:
        # pandas writes a round as 1.0 if other rows have none.
        key = [row[place].removesuffix(".0") for place in self._key]
        parts = key if len(key) == len(KEY) and all(key) else row
        text = "\0".join([str(len(parts)), *parts])
        return hashlib.blake2b(text.encode(), digest_size=16).digest()

    def _read_scores(self, row: Row) -> bytes:
        numbers = [to_number(row[place]) if place >= 0 else None for place in self._scores]
        return struct.pack("3d", *(math.nan if x is None else x for x in numbers))


def _differ(first: bytes, second: bytes) -> bool:
    """Return whether packed scores differ; a score missing on one side does not count."""
    pairs = zip(struct.unpack("3d", first), struct.unpack("3d", second), strict=True)
    return any(a != b and not math.isnan(a) and not math.isnan(b) for a, b in pairs)
