"""Text in the width of a terminal: nothing is cut inside a word, a path or a number."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

GAP = 2
"""Blanks between the columns of a table."""

_BROADEST = 100
"""Longer lines of prose are hard to read."""

_LEAST = 20
"""Columns of longer texts are not made narrower than this many characters."""

_WORD = re.compile(r"\S+\s*")
_PIECE = re.compile(r"[^\s,=]*[,=]+\s*|[^\s,=]+\s*")


def terminal_width() -> int | None:
    """Return how many characters a line of the terminal on stdout has; None without a terminal."""
    return _columns() if sys.stdout.isatty() else None


def prose_width() -> int:
    """Return the width of paragraphs, which are wrapped wherever they are printed."""
    return min(_columns(), _BROADEST)


def _columns() -> int:
    import shutil  # imports what compresses files, which costs a script's call of `list` 3 ms

    return shutil.get_terminal_size().columns


def width_of(text: str) -> int:
    """Return how many places of a terminal a text takes; letters of Chinese take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # rarely needed

    return cell_len(text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with blanks behind it, or before it, up to a width."""
    blanks = " " * (width - width_of(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def wrap(text: str | Sequence[str], width: int) -> list[str]:
    """Return a text in lines, cut between words.

    A word that is longer than a line is cut behind a comma or an equals sign, if it has some. A
    path, or a word without them, is left whole and sticks out.

    Parameters
    ----------
    text
        The text, or its words, which may have blanks inside.
    """
    pieces = _cut(text, width) if isinstance(text, str) else (f"{each} " for each in text)
    lines = [""]
    for piece in pieces:
        if lines[-1] and width_of(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _cut(text: str, width: int) -> Iterator[str]:
    for word in _words(text):
        yield from [word] if width_of(word.rstrip()) <= width else _pieces(word)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _pieces(text: str) -> Iterator[str]:
    """Yield the words of a text; those that are no paths are cut behind commas and the like."""
    for word in _words(text):
        yield from [word] if "/" in word else _PIECE.findall(word)


def first_line(text: str, width: int) -> tuple[str, bool]:
    """Return the beginning of a text that fits in a line, cut between words, and whether it was."""
    lines = wrap(text, width)
    if len(lines) == 1:
        return text, False
    return f"{wrap(text, width - 2)[0].rstrip(',;:.')} …", True


def fit(lines: Sequence[Sequence[str]], room: int | None) -> list[int] | None:
    """Return the widths of columns, narrowed until they have room; None where no widths do.

    Parameters
    ----------
    lines
        The cells of all rows, the header included.
    room
        The width of a line, or None where lines may have any length.
    """
    columns = list(zip(*lines, strict=True))
    widths = [max(map(width_of, column)) for column in columns]
    if room is None or _total(widths) <= room:
        return widths
    for parts in (_words, _pieces):
        least = [
            max(_longest(column, parts), min(width, _LEAST))
            for column, width in zip(columns, widths, strict=True)
        ]
        if _total(least) <= room:
            return _narrow(widths, least, room)
    return None


def _narrow(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take places from the broadest columns first."""
    narrowed = [min(width, max(room, low)) for width, low in zip(widths, least, strict=True)]
    while _total(narrowed) > room:
        places = [place for place, width in enumerate(narrowed) if width > least[place]]
        narrowed[max(places, key=narrowed.__getitem__)] -= 1
    return narrowed


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _longest(column: Sequence[str], parts: Callable[[str], Iterable[str]]) -> int:
    return max((width_of(part.rstrip()) for text in column for part in parts(text)), default=0)
