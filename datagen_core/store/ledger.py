"""The split ledger: which samples are in which split, in numbered immutable generations.

A generation is the whole state: for each split its intervals in the order of assignment, the
samples that are excluded, and the ids of the last operations. The highest number counts. A change
publishes the next number, put-if-absent; a process that loses the race reads again and tries the
number after it. This is safe without locks; the courtesy lock only saves retries.

A ledger of many changes stays small: each generation has the ids of the last `KEPT_OPERATIONS`, and
of the generations only the last `KEPT_GENERATIONS` have content. Older ones are *spent*: an empty
file took their place. That they are not removed is what keeps the protocol right. A number that was
published is never free again, so whoever publishes a number was the first, however long it slept
since it read the one before, and however old the listing of its network file system is: what it
read was the newest, and all later generations follow from its own. So it need not find its id in
the newest one where that is too far ahead to have it still; before that, a missing id tells of a
file system that wrote over what was published. An earlier version, which knows of no spent numbers,
reads the newest one and publishes the next; where it sees an old listing, its number is taken.

A generation is spent after a later one is durable, that is, after `KEPT_GENERATIONS` later ones
are; a crash or a power cut in between leaves some with content, which the next change spends. A
reader that listed a number which was spent, or went, before it was read, looks again.

An excluded sample stays in the split that it was in, or in none, so that it can never get into
another one. Whoever reads a split leaves it out.

Samples that an import is about to bring, and that are in a split where they come from, are *held*
until they get there: they are not raw, so that no move takes them into another one.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from datagen_core.errors import CacheError, DamagedFileError, SplitError
from datagen_core.ranges import Interval, IntervalSet, without
from datagen_core.store import forms
from datagen_core.store.documents import one_line, publish_document, read_document, signature
from datagen_core.store.folders import open_folder
from datagen_core.store.layout import SetPaths, check_name
from datagen_core.store.publishing import drafting

RAW = "raw"
"""The name for samples that are in no split; the ledger does not contain it."""

KEPT_GENERATIONS = 16
"""How many generations have content; a reader that is overtaken by as many changes looks again."""

KEPT_OPERATIONS = 64
"""How many ids a generation has. An earlier version looks for its own right after it published."""

_SPENT_AT_ONCE = 64

LEDGER_FORMAT = "3.0"
"""Format 2 excludes samples, format 3 holds some back. Without any, the lowest format is written,
which older versions can use."""

_LOCK_SECONDS = 5.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Samples that were retracted by one call, and why: they are kept, and left out of all splits.

    Attributes
    ----------
    samples
        Their indices.
    reason
        What is wrong with them, in any words.
    by, created
        Who excluded them, `user@host`, and when, in ISO 8601.
    operation
        The id of the call in the ledger.
    others
        What a later version says about it.
    """

    samples: IntervalSet
    reason: str
    by: str
    created: str
    operation: str
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def line(self) -> str:
        """The reason as one line of printable text, for messages and tables."""
        return one_line(self.reason)


@dataclass(frozen=True, slots=True)
class Ledger:
    """One generation of the ledger; `others` are keys of later versions, which are passed on.

    `splits` has all samples that were ever assigned, also those that are excluded.
    """

    generation: int = 0
    splits: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    held: Mapping[str, IntervalSet] = field(default_factory=dict)
    """By the cache that they come from, samples that are on their way from there."""
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assigned(self) -> IntervalSet:
        """All samples that are in a split."""
        return IntervalSet(chain.from_iterable(self.splits.values()))

    @property
    def excluded(self) -> IntervalSet:
        """All samples that are excluded, in a split or not."""
        return IntervalSet(chain.from_iterable(each.samples for each in self.exclusions))

    @property
    def awaited(self) -> IntervalSet:
        """All samples that are held until they are in their split."""
        return IntervalSet(chain.from_iterable(self.held.values()))

    def raw(self, existing: IntervalSet) -> IntervalSet:
        """Return the samples that exist, are in no split, and are neither excluded nor held."""
        raw = self._unassigned(existing)
        return raw - self.excluded if self.exclusions else raw

    def _unassigned(self, existing: IntervalSet) -> IntervalSet:
        free = existing - self.assigned
        return free - self.awaited if self.held else free

    def members(self, split: str, existing: IntervalSet) -> tuple[list[Interval], IntervalSet]:
        """Return the samples of a split in their order, and those left out as excluded."""
        raw = self._unassigned(existing) if split == RAW else IntervalSet()
        recorded, excluded = self.splits.get(split, raw.intervals), self.excluded
        return list(without(recorded, excluded)), IntervalSet(recorded) & excluded

    def count(self, existing: IntervalSet) -> dict[str, int]:
        """Return the number of samples in each split, `raw` first."""
        if not self.splits and not self.exclusions and not self.held:
            return {RAW: len(existing)}
        excluded = self.excluded
        sizes = {
            name: sum(i.size for i in parts) - len(IntervalSet(parts) & excluded)
            for name, parts in self.splits.items()
        }
        return {RAW: len(self.raw(existing)), **sizes}

    def find_splits(self, several: Iterable[IntervalSet]) -> Iterator[dict[str, int]]:
        """Yield for each set of samples how many are in which split, excluded or not."""
        splits = {name: IntervalSet(parts) for name, parts in self.splits.items()}
        for samples in several:
            found = {
                name: sum(part.size for each in samples for part in parts.clip(each))
                for name, parts in splits.items()
            }
            raw = len(samples) - sum(found.values())
            yield {name: count for name, count in {RAW: raw, **found}.items() if count}

    def assign(self, samples: IntervalSet, split: str, operation: str) -> Ledger:
        """Return the next generation, in which `split` has `samples` after those it had."""
        before = self.splits.get(split, ())
        splits = {**self.splits, split: append_to(before, samples)}
        return self.follow(operation, splits=splits)

    def exclude(self, exclusion: Exclusion) -> Ledger:
        """Return the next generation, which leaves out more samples."""
        return self.follow(exclusion.operation, exclusions=(*self.exclusions, exclusion))

    def follow(self, operation: str, **changed: Any) -> Ledger:
        """Return the next generation, of which some fields are `changed`."""
        operations = (*self.operations, operation)[-KEPT_OPERATIONS:]
        return replace(self, generation=self.generation + 1, operations=operations, **changed)


def append_to(before: Iterable[Interval], samples: Iterable[Interval]) -> tuple[Interval, ...]:
    """Append samples to a split in order, so that the first n samples of a split never change."""
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
        If the newest generation does not hold what was written, or two splits share a sample, or
        two exclusions do.
    """
    while True:
        generations = paths.generations()
        if not generations:
            return Ledger()
        try:
            return read_generation(paths, generations[-1])
        except (FileNotFoundError, DamagedFileError):
            now = paths.generations()
            if now[-1:] == generations[-1:]:  # not overtaken meanwhile
                raise


def read_generation(paths: SetPaths, generation: int) -> Ledger:
    """Return one generation, which is damaged if it is spent."""
    path = paths.generation(generation)
    return read_document(path, LEDGER_FORMAT, partial(_parse, generation))


_FORMS: Mapping[str, forms.Form] = {
    "splits": forms.mapping(forms.intervals, forms.name),
    "operations": forms.each(forms.text),
}
_EXCLUSION: Mapping[str, forms.Form] = {
    "samples": forms.samples, "reason": forms.text, "by": forms.text, "created": forms.text,
    "operation": forms.text,
}  # fmt: skip


def _parse(generation: int, content: Mapping[str, Any]) -> Ledger:
    known = forms.take(content, _FORMS, _MORE)
    splits, exclusions = known["splits"], tuple(known.get("excluded", ()))
    others = {key: value for key, value in content.items() if key not in {*_FORMS, *_MORE}}
    operations, held = tuple(known["operations"]), known.get("held", {})
    ledger = Ledger(generation, splits, operations, exclusions, held, others)
    if RAW in splits:
        raise ValueError(f"a split is called {RAW!r}")
    if len(ledger.assigned) != sum(
        interval.size for split in splits.values() for interval in split
    ):
        raise ValueError("a sample is in two splits")
    if len(ledger.excluded) != sum(len(each.samples) for each in exclusions):
        raise ValueError("a sample is excluded twice")
    return ledger


def _parse_exclusion(content: Any) -> Exclusion:
    others = {key: value for key, value in forms.tree(content).items() if key not in _EXCLUSION}
    return Exclusion(**forms.take(content, _EXCLUSION), others=others)


_MORE: Mapping[str, forms.Form] = {
    "excluded": forms.each(_parse_exclusion), "held": forms.mapping(forms.samples)
}  # fmt: skip


def _write_exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        **exclusion.others,
        "samples": [list(pair) for pair in exclusion.samples],
        "reason": exclusion.reason,
        "by": exclusion.by,
        "created": exclusion.created,
        "operation": exclusion.operation,
    }


def publish_ledger(paths: SetPaths, ledger: Ledger) -> bool:
    """Publish a generation; return False if another process published that number first."""
    content = {
        **ledger.others,
        "format": "1.0",
        "splits": {name: [list(pair) for pair in pairs] for name, pairs in ledger.splits.items()},
        "operations": list(ledger.operations),
    }
    if ledger.exclusions:
        content |= {"format": "2.0", "excluded": list(map(_write_exclusion, ledger.exclusions))}
    if ledger.held:
        held = {origin: [list(pair) for pair in parts] for origin, parts in ledger.held.items()}
        content |= {"format": LEDGER_FORMAT, "held": held}
    return publish_document(paths.generation(ledger.generation), content, paths.temporary)


def change_ledger(
    paths: SetPaths, change: Callable[[Ledger, str], tuple[Ledger, _Result]], kind: str = ""
) -> _Result:
    """Publish the generation that follows from the newest one, and return what else came of it.

    Parameters
    ----------
    change
        Returns the next generation, from the newest one and the id of this operation. It is called
        again when another process published that generation first, so it changes nothing else.
    kind
        How the id of this operation begins.

    Raises
    ------
    CacheError
        If the file system wrote another generation over this one.
    """
    operation = kind + new_operation()
    with courtesy_lock(paths):
        following, result = change(read_ledger(paths), operation)
        while not publish_ledger(paths, following):
            current = read_ledger(paths)
            if operation in current.operations:  # it was published, and the reply was lost
                break
            following, result = change(current, operation)
    if not is_recorded(paths, operation, following.generation):
        raise CacheError(
            f"the change was lost: {paths.splits} was changed by something else; retry"
        )
    with suppress(OSError):  # another one's change will do
        _spend(paths, following.generation)
    return result


def _spend(paths: SetPaths, newest: int) -> None:
    """Empty the generations that are no longer needed; the lowest ones are empty already."""
    numbers = [number for number in paths.generations() if number <= newest - KEPT_GENERATIONS]
    first = bisect_left(numbers, 1, key=lambda number: min(1, _size(paths, number)))
    for number in numbers[first : first + _SPENT_AT_ONCE]:
        path = paths.generation(number)
        with drafting(paths.temporary, path) as empty:
            empty.replace()


def _size(paths: SetPaths, generation: int) -> int:
    return paths.generation(generation).stat().st_size


def check_split(split: str) -> str:
    """Return `split` if samples can be moved into a split of that name."""
    if split == RAW:
        raise SplitError("samples cannot be moved back into 'raw'; choose another split")
    return check_name(split, "split")


@contextmanager
def courtesy_lock(paths: SetPaths) -> Iterator[None]:
    """Hold the ledger's lock if possible; otherwise go on without it.

    flock fails on some network file systems and is local to each node on others. The protocol
    needs no lock, so a lock that fails or is held never stops a change.
    """
    import filelock  # costs `datagen list` a tenth of its start, and only changes need it

    with open_folder(paths.root.parent, paths.lock.parent) as folder:
        with suppress(OSError, CacheError):  # with the rights of the cache, which others need
            folder.append(paths.lock.name).close()
        path = folder.reach(paths.lock.name)
        lock = filelock.FileLock(path, timeout=_LOCK_SECONDS, fallback_to_soft=False)
        try:
            lock.acquire(poll_interval=0.005)
        except (OSError, NotImplementedError, filelock.Timeout):
            yield
            return
        try:
            yield
        finally:
            lock.release()


def new_exclusion(samples: IntervalSet, reason: str, operation: str) -> Exclusion:
    """Return an exclusion by this user, on this machine, now."""
    return Exclusion(samples, reason, *signature(), operation)


def new_operation() -> str:
    """Return a new id for an operation, different from all others."""
    return os.urandom(16).hex()


def is_recorded(paths: SetPaths, operation: str, generation: int) -> bool:
    """Return whether the newest generation follows from the one that an operation published.

    It contains the operation, unless as many came after it as a generation remembers.
    """
    newest = read_ledger(paths)
    is_far = newest.generation - generation >= KEPT_OPERATIONS
    return is_far or operation in newest.operations
