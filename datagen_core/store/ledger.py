"""The split ledger: which samples are in which split, in numbered immutable generations.

A generation is the whole state: for each split its intervals in the order of assignment, and the
ids of all operations so far. The highest number counts. A change publishes the next number,
put-if-absent; a process that loses the race reads again and tries the number after it. This is
safe without locks; the courtesy lock only saves retries.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from datagen_core.errors import DamagedFileError, SplitError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, check_name, numbered

RAW = "raw"
"""The name for samples that are in no split; the ledger does not contain it."""

LEDGER_FORMAT = "1.0"

_LOCK_SECONDS = 5.0
_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Ledger:
    """One generation of the ledger; `others` are keys of later versions, which are passed on."""

    generation: int = 0
    splits: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assigned(self) -> IntervalSet:
        """All samples that are in a split."""
        return IntervalSet(chain.from_iterable(self.splits.values()))

    def raw(self, existing: IntervalSet) -> IntervalSet:
        """Return the samples that exist and are in no split."""
        return existing - self.assigned

    def count(self, existing: IntervalSet) -> dict[str, int]:
        """Return the number of samples in each split, `raw` first."""
        if not self.splits:
            return {RAW: len(existing)}
        sizes = {name: sum(i.size for i in parts) for name, parts in self.splits.items()}
        return {RAW: len(self.raw(existing)), **sizes}

    def assign(self, samples: IntervalSet, split: str, operation: str) -> Ledger:
        """Return the next generation, in which `split` has `samples` after those it had."""
        before = self.splits.get(split, ())
        splits = {**self.splits, split: _append(before, samples)}
        return Ledger(self.generation + 1, splits, (*self.operations, operation), self.others)


def _append(before: tuple[Interval, ...], samples: IntervalSet) -> tuple[Interval, ...]:
    """Append in order, so that the first n samples of a split never change."""
    joined = list(before)
    for interval in samples:
        if joined and joined[-1].stop == interval.start:
            joined[-1] = Interval(joined[-1].start, interval.stop)
        else:
            joined.append(interval)
    return tuple(joined)


def read_ledger(paths: SetPaths) -> Ledger:
    """Return the newest generation; the empty generation 0 if nothing was ever moved.

    Raises
    ------
    DamagedFileError
        If the newest generation does not hold what was written, or two splits share a sample.
    """
    generations = numbered(paths.splits)
    if not generations:
        return Ledger()
    path = paths.generation(generations[-1])
    content = read_document(path, LEDGER_FORMAT)
    splits = {
        name: tuple(Interval(*pair) for pair in pairs) for name, pairs in content["splits"].items()
    }
    known = {"splits", "operations"}
    others = {key: value for key, value in content.items() if key not in known}
    ledger = Ledger(generations[-1], splits, tuple(content["operations"]), others)
    if len(ledger.assigned) != sum(
        interval.size for split in splits.values() for interval in split
    ):
        raise DamagedFileError(f"{path} is damaged: a sample is in two splits")
    return ledger


def publish_ledger(paths: SetPaths, ledger: Ledger) -> bool:
    """Publish a generation; return False if another process published that number first."""
    content = {
        **ledger.others,
        "format": LEDGER_FORMAT,
        "splits": {name: [list(pair) for pair in pairs] for name, pairs in ledger.splits.items()},
        "operations": list(ledger.operations),
    }
    return publish_document(paths.generation(ledger.generation), content, paths.temporary)


def check_split(split: str) -> str:
    """Return `split` if samples can be moved into a split of that name."""
    if split == RAW:
        raise SplitError("samples cannot be moved back into 'raw'; choose another split")
    return check_name(split, "split")


@contextmanager
def courtesy_lock(paths: SetPaths) -> Iterator[None]:
    """Hold the ledger's lock if possible; otherwise go on without it.

    flock fails on some network file systems and is local to each node on others. The protocol
    needs no lock, so a lock that fails or is held never stops a move.
    """
    import filelock  # costs `datagen list` a tenth of its start, and only a move needs it

    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(paths.lock, timeout=_LOCK_SECONDS, fallback_to_soft=False)
    try:
        lock.acquire(poll_interval=0.005)
    except (OSError, NotImplementedError, filelock.Timeout):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def new_operation() -> str:
    """Return a new id for an operation, different from all others."""
    return os.urandom(16).hex()


def is_recorded(paths: SetPaths, operation: str) -> bool:
    """Return whether the newest generation contains an operation."""
    return operation in read_ledger(paths).operations
