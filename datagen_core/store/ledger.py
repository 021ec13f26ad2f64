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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

from datagen_core.errors import CacheError, DamagedFileError
from datagen_core.store.assignments import KEPT_OPERATIONS, Ledger
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.folders import open_folder
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger_documents import LEDGER_FORMAT, parse_ledger, write_ledger
from datagen_core.store.publishing import drafting

KEPT_GENERATIONS = 16
"""How many generations have content; a reader that is overtaken by as many changes looks again."""

_SPENT_AT_ONCE = 64

_LOCK_SECONDS = 5.0
_Result = TypeVar("_Result")


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
    return read_document(path, LEDGER_FORMAT, partial(parse_ledger, paths, generation))


def publish_ledger(paths: SetPaths, ledger: Ledger) -> bool:
    """Publish a generation; return False if another process published that number first."""
    path = paths.generation(ledger.generation)
    return publish_document(path, write_ledger(paths, ledger), paths.temporary)


def change_ledger(
    paths: SetPaths, change: Callable[[Ledger, str], tuple[Ledger, _Result]], kind: str = ""
) -> _Result:
    """Publish the generation that follows from the newest one, and return what else came of it.

    Parameters
    ----------
    change
        Returns the next generation, from the newest one and the id of this operation, or the newest
        one itself where nothing is to be changed. It is called again when another process published
        that generation first, so it changes nothing else.
    kind
        How the id of this operation begins.

    Raises
    ------
    CacheError
        If the file system wrote another generation over this one.
    """
    operation = kind + new_operation()
    with courtesy_lock(paths):
        current = read_ledger(paths)
        following, result = change(current, operation)
        while following is not current and not publish_ledger(paths, following):
            current = read_ledger(paths)
            if operation in current.operations:  # it was published, and the reply was lost
                break
            following, result = change(current, operation)
    if following is current:
        return result
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
