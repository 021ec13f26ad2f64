"""Tables, and the units of their cells, printed on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any

import click

from datagen_core.cli.layout import GAP, fit, pad, terminal_width, width_of, wrap
from datagen_core.commands import say
from datagen_core.errors import printable

_MOST_ROWS = 100
"""More rows are lines, however narrow the terminal is."""

_NAMES = frozenset({"plan", "run", "seed", "set", "version"})
"""Columns whose numbers name something. They are written as options take them."""


def print_table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    spare: Sequence[int] = (),
    *,
    grouped: bool = False,
) -> None:
    """Print a table with numbers aligned right.

    On a terminal that is too narrow, cells take several lines, cut between words; where not even
    that has room, the cells of a row are below one another, with their names. Elsewhere, and in
    long tables, no line is cut.

    Parameters
    ----------
    spare
        The places of columns that are left out, the last one first, where a terminal has no room.
    grouped
        Whether rows of the same first cell are a table of their own, with that as its title, where
        a terminal has no room.
    """
    kept = _without_spare(header, rows, spare)
    if grouped and rows and not _has_room(*kept):
        for turn, (name, group) in enumerate(groupby(rows, lambda row: str(row[0]))):
            _echo("\n" if turn else "", nl=False)
            print_table(name, header[1:], [row[1:] for row in group], [at - 1 for at in spare])
        return
    if title:
        say(title)
    for line in table_lines(*kept, terminal_width(), bold=sys.stdout.isatty()):
        _echo(line)


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[Any]], room: int | None, *, bold: bool = False
) -> Iterator[str]:
    """Yield the lines of a table; see `print_table`.

    Parameters
    ----------
    room
        The width of a line, or None where lines may have any length.
    bold
        Whether the header is.
    """
    texts = [_show_row(header, row) for row in rows]
    widths = fit([header, *texts], room if len(rows) <= _MOST_ROWS else None)
    if widths is None:
        yield from _stacked(header, texts, room)
        return
    right = [_is_numeric(column) for column in zip(*rows, strict=True)] or [False] * len(header)
    for line in _align(header, widths, right):
        yield click.style(line, bold=bold or None)
    for row in texts:
        yield from _align(row, widths, right)


def _stacked(
    header: Sequence[str], rows: Sequence[Sequence[str]], room: int | None
) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield from [""] * bool(number)
        yield from _sheet_lines(list(zip(header, row, strict=True)), room)


def print_sheet(cells: Sequence[tuple[str, str]]) -> None:
    """Print names with their values, one below the other.

    On a terminal, values are cut between words. One that is called `path` is never cut, so that it
    can be copied; where it has no room beside its name, it is a line of its own.
    """
    for line in _sheet_lines(cells, terminal_width()):
        _echo(line)


def _sheet_lines(cells: Sequence[tuple[str, str]], room: int | None) -> Iterator[str]:
    column = max(width_of(name) for name, _ in cells) + GAP
    for name, value in cells:
        text = printable(value)
        has_room = room is None or column + width_of(text) <= room
        if name == "path" and not has_room:
            yield from (name, text)
            continue
        lines = [text] if room is None else wrap(text, max(room - column, 1))
        for line, label in zip_longest(lines, [name], fillvalue=""):
            yield f"{pad(label, column)}{line}".rstrip()


def say_entry(label: str, text: str) -> None:
    """Print a text behind a label; on a terminal it is cut between words, and indented below."""
    room = terminal_width()
    lines = [text] if room is None else wrap(text, max(room - width_of(label), 1))
    for line, before in zip_longest(lines, [label], fillvalue=" " * width_of(label)):
        say(f"{before}{line}")


def _echo(text: str, *, nl: bool = True) -> None:
    click.echo(text, nl=nl)  # noqa: TID251 (cells are printable)


def _is_numeric(column: Sequence[object]) -> bool:
    return all(isinstance(cell, int) for cell in column)


def _has_room(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    room = terminal_width()
    columns = zip(header, *(_show_row(header, row) for row in rows), strict=True)
    return room is None or sum(GAP + max(map(width_of, each)) for each in columns) <= GAP + room


def _without_spare(
    header: Sequence[str], rows: Sequence[Sequence[Any]], spare: Sequence[int]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    room = terminal_width()
    if not spare or room is None:
        return header, rows
    columns = zip(header, *(_show_row(header, row) for row in rows), strict=True)
    widths = {place: GAP + max(map(width_of, column)) for place, column in enumerate(columns)}
    for place in reversed(spare):
        if sum(widths.values()) > GAP + room:
            widths.pop(place)
    return [header[place] for place in widths], [[row[place] for place in widths] for row in rows]


def _show_row(header: Sequence[str], row: Sequence[Any]) -> list[str]:
    return [_show(name, cell) for name, cell in zip(header, row, strict=True)]


def _show(name: str, cell: object) -> str:
    if isinstance(cell, int) and name not in _NAMES:
        return f"{cell:,}"
    return printable(str(cell))


def _align(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of a row."""
    cells = [
        [text] if width_of(text) <= width else wrap(text, width)
        for text, width in zip(row, widths, strict=True)
    ]
    for line in zip_longest(*cells, fillvalue=""):
        parts = zip(line, widths, right, strict=True)
        yield (" " * GAP).join(pad(cell, width, right=side) for cell, width, side in parts).rstrip()
