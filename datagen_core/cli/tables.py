"""Tables, and the units of their cells, printed on stdout."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import say
from datagen_core.errors import printable

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus

_MOST_FOLDED = 100
"""With more rows, rich would take longer than everything else together."""


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
    """Print the state of runs, with a line for all samples of the same state and reason."""
    for param_set, status in found:
        record = status.record
        title = (
            f"{param_set} run {record.number}: {status.state}, {len(status.done)} of "
            f"{record.interval.size} samples ({record.start} to {record.stop - 1})"
        )
        rows = [("done", len(status.done), status.done.brief(), "", "")] if status.done else []
        rows += [
            (item.state, len(item.samples), item.samples.brief(), item.reason, str(item.log or ""))
            for item in status.groups
        ]
        say(title)
        if rows:
            print_table("", ("state", "count", "samples", "reason", "log"), rows)
