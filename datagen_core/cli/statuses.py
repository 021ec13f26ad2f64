"""The states of runs, printed on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core.cli.logs import shell_word
from datagen_core.cli.tables import print_table
from datagen_core.commands import say
from datagen_core.errors import count_of
from datagen_core.ranges import IntervalSet

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus

_MOST_ALIKE = 3
"""Runs that are alike are shown one by one up to this number of them."""


def print_statuses(found: Sequence[tuple[ParamSet, RunStatus]]) -> None:
    """Print the state of runs, with a line for all samples of the same state and reason.

    Many runs of a sweep that are alike are shown together.
    """
    alike: dict[tuple[object, ...], list[tuple[ParamSet, RunStatus]]] = {}
    for param_set, status in found:
        kinds = (item.kind for item in status.groups)
        key = (param_set.paths.root.parent.name, status.state, bool(status.done), *kinds)
        alike.setdefault(key, []).append((param_set, status))
    for runs in alike.values():
        if len(runs) > _MOST_ALIKE:
            _print_alike(runs)
        else:
            for param_set, status in runs:
                _print_status(param_set, status)


def _print_status(param_set: ParamSet, status: RunStatus) -> None:
    record = status.record
    say(
        f"{param_set} run {record.number}: {status.state}, {len(status.done)} of "
        f"{count_of(record.interval.size, 'sample')} ({record.start} to {record.stop - 1})"
    )
    rows = [("done", len(status.done), status.done.brief(), "")] if status.done else []
    rows += [
        (item.state, len(item.samples), item.samples.brief(), item.told) for item in status.groups
    ]
    if rows:
        print_table("", ("state", "count", "samples", "reason"), rows)
    _print_logs((item.samples.brief(), item.log) for item in status.groups)


def _print_alike(runs: Sequence[tuple[ParamSet, RunStatus]]) -> None:
    """Print what runs of many sets have in common, with the reasons and logs of the first one."""
    statuses = [status for _, status in runs]
    numbers = IntervalSet([(each.number, each.number + 1) for each, _ in runs])
    done = sum(len(status.done) for status in statuses)
    size = sum(status.record.interval.size for status in statuses)
    say(
        f"{runs[0][0].paths.root.parent.name} {numbers.brief()}: {statuses[0].state}, "
        f"{done} of {size} samples in {len(runs)} runs"
    )
    rows, logs = [("done", done, "")] if done else [], []
    for items in zip(*(status.groups for status in statuses), strict=True):
        count = sum(len(item.samples) for item in items)
        first = items[0]._replace(nodes=frozenset().union(*(item.nodes for item in items)))
        rows.append((first.state, count, first.told))
        logs.append((f"run {runs[0][1].record.number} of {runs[0][0]}", first.log))
    if rows:
        print_table("", ("state", "count", "reason"), rows)
    _print_logs(logs)


def _print_logs(logs: Iterable[tuple[str, Path | None]]) -> None:
    """Print the path of each log in a line of its own, which can be copied into a shell."""
    for what, path in logs:
        if path is not None:
            say(f"log of {what}:")
            say(shell_word(path))
