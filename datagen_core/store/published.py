"""Which samples of a private set were ever published, also where their files are gone.

A sample that somebody may have seen is never made a second time, even if the file is lost.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from datagen_core.errors import CacheError
from datagen_core.ranges import IntervalSet
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths, numbered
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import list_plans
from datagen_core.store.sets import existing_samples, read_set


def published_samples(paths: SetPaths) -> IntervalSet:
    """Return the samples that are in files, that journals call published, or that are in splits.

    Raises
    ------
    CacheError
        If that cannot be read.
    """
    ledger = read_ledger(paths)
    found = existing_samples(paths) | ledger.assigned | ledger.excluded
    for number in numbered(paths.runs):
        for plan in list_plans(paths.run(number)):
            tasks = range(len(plan.tasks))
            events = (event for task in tasks for event in plan.events(task, strict=True))
            told = (event["samples"] for event in events if event["event"] == "published")
            found |= IntervalSet(part for samples in told for part in samples)
    return found


def keep_published(paths: SetPaths, journal: Journal) -> IntervalSet:
    """Return the samples that were ever published, and write into a journal which these are.

    A process that was killed may have published some and not said so.
    """
    published = published_samples(paths)
    journal.keep("published", samples=list(published))
    return published


def lost_samples(paths: SetPaths) -> IntervalSet:
    """Return the samples of a private set that were published and are gone; none of other sets.

    Nobody adds to a set whose record cannot be read, so that none of it are returned either.
    """
    with suppress(CacheError, FileNotFoundError):
        if _is_private(paths):
            return published_samples(paths) - existing_samples(paths)
    return IntervalSet()


@lru_cache(100_000)  # asked at each look at each run of a sweep, and it never changes
def _is_private(paths: SetPaths) -> bool:
    return read_set(paths).private
