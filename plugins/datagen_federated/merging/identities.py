"""What makes two rows the same, and what differs all the same."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from datagen_federated.merging.csv_files import Row, to_number

KEY = ("run_id", "round", "client_id")
"""What a row of a federated run is, whatever was measured in it."""

SCORES = ("accuracy", "loss", "f1")
"""What two rows of one identity have in common, unless they were computed differently."""


@dataclass
class Seen:
    """The identities of the rows so far, as digests, each with the scores of its first row."""

    columns: Sequence[str]
    dropped: int = 0
    conflicts: int = 0
    _first: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {name: place for place, name in enumerate(self.columns)}
        self._key = [places[name] for name in KEY if name in places]
        self._scores = [places.get(name, -1) for name in SCORES]

    def is_new(self, row: Row) -> bool:
        """Return whether no earlier row has this identity; count it otherwise."""
        identity, scores = self._identify(row), self._read_scores(row)
        first = self._first.setdefault(identity, scores)
        if first is scores:
            return True
        self.dropped += 1
        self.conflicts += _differ(first, scores)
        return False

    def _identify(self, row: Row) -> bytes:
        # A table that pandas wrote has a round as 1.0 where other rows had none.
        key = [row[place].removesuffix(".0") for place in self._key]
        parts = key if len(key) == len(KEY) and all(key) else row
        text = "\0".join([str(len(parts)), *parts])
        return hashlib.blake2b(text.encode(), digest_size=16).digest()

    def _read_scores(self, row: Row) -> bytes:
        numbers = [to_number(row[place]) if place >= 0 else None for place in self._scores]
        return struct.pack("3d", *(math.nan if x is None else x for x in numbers))


def _differ(first: bytes, second: bytes) -> bool:
    """Return whether packed scores differ; one that is missing on a side does not count."""
    pairs = zip(struct.unpack("3d", first), struct.unpack("3d", second), strict=True)
    return any(a != b and not math.isnan(a) and not math.isnan(b) for a, b in pairs)
