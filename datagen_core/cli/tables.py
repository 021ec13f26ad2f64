"""Tables, and the units of their cells, printed on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table with numbers aligned right; no line is cut where stdout is not a terminal."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for place, name in enumerate(header):
        numeric = rows and all(isinstance(row[place], int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    wide = None if sys.stdout.isatty() else 400
    Console(width=wide, soft_wrap=False, highlight=False, markup=False).print(table)


def print_statuses(found: Sequence[tuple[ParamSet, RunStatus]]) -> None:
    """Print the state of runs, with a line for the index ranges of each state and reason."""
    for param_set, status in found:
        record = status.record
        title = (
            f"{param_set} run {record.number}: {status.state}, {len(status.done)} of "
            f"{record.interval.size} samples ({record.start} to {record.stop - 1})"
        )
        rows = [("done", str(status.done), "", "")] if status.done else []
        rows += [
            (item.state, str(item.samples), item.reason, str(item.log or ""))
            for item in status.ranges
        ]
        click.echo(title)
        if rows:
            print_table("", ("state", "samples", "reason", "log"), rows)


def human_bytes(size: float) -> str:
    """Return a size for people, such as "12.3 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
