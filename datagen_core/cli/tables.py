"""Tables, and the units of their cells, printed on stdout."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import say
from datagen_core.errors import printable
from datagen_core.ranges import IntervalSet

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus

_MOST_FOLDED = 100
"""With more rows, rich would take longer than everything else together."""


_MOST_ALIKE = 3
"""Runs that are alike are told of one by one up to this number of them."""


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[Any]], spare: Sequence[int] = ()
) -> None:
    """Print a table with numbers aligned right.

    Cells are folded to the width of a terminal; elsewhere, and in long tables, no line is cut.
    The columns at `spare` places are left out, the last one first, where a terminal has no room.
    """
    header, rows = _without_spare(header, rows, spare)
    numeric = [all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)]
    texts = [list(map(_show, row)) for row in rows]
    if title:
        say(title)
    if sys.stdout.isatty() and len(rows) <= _MOST_FOLDED:
        _print_folded(header, texts, numeric)
    else:
        click.echo("\n".join(_align(header, texts, numeric)))  # noqa: TID251 (cells are printable)


def _without_spare(
    header: Sequence[str], rows: Sequence[Sequence[Any]], spare: Sequence[int]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    if not spare or not sys.stdout.isatty():
        return header, rows
    columns = zip(header, *(map(_show, row) for row in rows), strict=True)
    widths = {place: 2 + max(map(len, column)) for place, column in enumerate(columns)}
    for place in reversed(spare):
        if sum(widths.values()) > 2 + shutil.get_terminal_size().columns:
            widths.pop(place)
    return [header[place] for place in widths], [[row[place] for place in widths] for row in rows]


def _show(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else printable(str(cell))


def _align(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> Iterator[str]:
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = numeric or [False] * len(header)
    for line in lines:
        cells = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _print_folded(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> None:
    from rich.console import Console  # slow, and scripts need none of it
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, is_right in zip(header, numeric or [False] * len(header), strict=True):
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def print_statuses(found: Sequence[tuple[ParamSet, RunStatus]]) -> None:
    """Print the state of runs, with a line for all samples of the same state and reason.

    Many runs of a sweep that are alike are told of together.
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
        f"{record.interval.size} samples ({record.start} to {record.stop - 1})"
    )
    rows = [("done", len(status.done), status.done.brief(), "", "")] if status.done else []
    rows += [
        (item.state, len(item.samples), item.samples.brief(), item.told, str(item.log or ""))
        for item in status.groups
    ]
    if rows:
        print_table("", ("state", "count", "samples", "reason", "log"), rows)


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
    rows = [("done", done, "", "")] if done else []
    for items in zip(*(status.groups for status in statuses), strict=True):
        count = sum(len(item.samples) for item in items)
        first = items[0]._replace(nodes=frozenset().union(*(item.nodes for item in items)))
        rows.append((first.state, count, first.told, str(first.log or "")))
    if rows:
        print_table("", ("state", "count", "reason", "log"), rows)
