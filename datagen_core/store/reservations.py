"""Reservations: each run has the indices of its record, and a new one begins behind all others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.layout import SetPaths, following, numbered
from datagen_core.store.runs import RunRecord, list_runs, publish_run, read_run


def reserved_samples(paths: SetPaths) -> int:
    """Return the number of samples that all runs so far have reserved."""
    return _reserved(paths, numbered(paths.runs))


def _reserved(paths: SetPaths, known: Sequence[int]) -> int:
    if not known:
        return 0
    last = read_run(paths, known[-1])
    return max(last.stop, last.behind)


def reserve(
    paths: SetPaths,
    choose: Callable[[int], Interval],
    source: str,
    details: Mapping[str, Any],
    account: Callable[[int], Mapping[str, Any]] = lambda _: {},
) -> RunRecord | None:
    """Reserve the next indices; return None if there is nothing to make.

    Concurrent calls get disjoint ranges: the first one to publish a number gets it, and the others
    try the next one.

    Parameters
    ----------
    choose
        Returns the indices to make, given the number of indices that are reserved already.
    account
        Returns the cost of all samples, given their number, or raises an error to refuse them.
    """
    while True:
        known = numbered(paths.runs)
        start, stop = choose(_reserved(paths, known))
        if stop == start:
            return None
        number = following(known, paths.runs)
        counted = {"account": dict(cost)} if (cost := account(stop)) else {}
        run_id = _new_id(paths, number)
        record = RunRecord(number, run_id, start, stop, source, {**details, **counted})
        if publish_run(paths, record):
            return record


def _new_id(paths: SetPaths, number: int) -> str:
    return f"{paths.root.parent.name}-{paths.root.name[-8:]}-{number}-{os.urandom(3).hex()}"


def import_run(paths: SetPaths, record: RunRecord) -> RunRecord:
    """Record a run of another cache under the next number, unless that was done before.

    It reserves its range, which may be that of other runs: samples are equal wherever they are
    made. Its id is a new one, so that nobody takes jobs of the other cache for those of this one.
    """
    while True:
        runs = list_runs(paths)
        for known in runs:
            if known.maker == record.maker:
                return known
        numbers = [run.number for run in runs]
        number, behind = following(numbers, paths.runs), _reserved(paths, numbers)
        new = replace(
            record, number=number, id=_new_id(paths, number), former=record.maker,
            behind=max(record.stop, behind),
        )  # fmt: skip
        if publish_run(paths, new):
            return new


def latest_run(runs: Sequence[RunRecord]) -> RunRecord | None:
    """Return the last of some runs that was begun here, or else the last one; None of none."""
    return next((run for run in reversed(runs) if not run.former), runs[-1] if runs else None)


def reserved_by(runs: Iterable[RunRecord]) -> IntervalSet:
    """Return the samples that some runs have reserved."""
    return IntervalSet(run.interval for run in runs)
