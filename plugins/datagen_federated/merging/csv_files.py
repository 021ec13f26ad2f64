"""Csv files read and written row by row, as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from datagen_federated.errors import MergeError

Row = list[str]


@dataclass(frozen=True)
class Table:
    """A csv file with its header."""

    path: Path
    header: Row

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read the header of a file.

        Raises
        ------
        MergeError
            When it is not a csv file, or seems to have no header.
        """
        header = next(_read_rows(path), [])
        _check_header(path, header)
        return cls(path, header)

    def read(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows with these columns; a cell is empty where the file has none.

        Raises
        ------
        MergeError
            At the first row that is not csv, or differs from the header in length.
        """
        places = [self.header.index(name) if name in self.header else -1 for name in columns]
        width = len(self.header)
        for row in _read_rows(self.path, width):
            row.append("")  # for the place -1
            yield [row[place] for place in places]


def _check_header(path: Path, header: Row) -> None:
    if not header:
        raise MergeError(f"{path} has no header, it is empty; leave it out")
    if "\0" in "".join(header):
        raise MergeError(f"{path} is not a csv file: it holds binary data; leave it out")
    twice = [name for name in header if header.count(name) > 1]
    numbers = [name for name in header if not name.isdigit() and to_number(name) is not None]
    if twice or numbers:
        what = f"{twice[0]!r} twice" if twice else f"the number {numbers[0]}"
        raise MergeError(f"{path} has no header: its first line holds {what}; give it column names")


def _read_rows(path: Path, width: int | None = None) -> Iterator[Row]:
    """Yield the rows of a file: the header alone, or all others, which have `width` values.

    Raises
    ------
    MergeError
        When it cannot be read, or a row has another length; rows are counted from 1.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            yield from _check_rows(path, reader, width)
    except OSError as error:
        raise MergeError(f"{path} cannot be read: {error.strerror}; name another file") from None
    except UnicodeDecodeError:
        raise MergeError(
            f"{path} is not a csv file: it is not text in UTF-8; leave it out"
        ) from None


def _check_rows(path: Path, reader: Iterator[Row], width: int | None) -> Iterator[Row]:
    number = 0
    try:
        for row in filter(None, reader):
            if width is None:
                yield row
                return
            if number and len(row) != width:
                wanted = f"{len(row)} values, and the header {width}"
                raise MergeError(f"{path}: row {number} has {wanted}; mend the file")
            if number:
                yield row
            number += 1
    except csv.Error as error:
        raise MergeError(f"{path}: row {number} is not csv: {error}; mend the file") from None


def to_number(text: str) -> float | None:
    """Return the number in a cell; None for anything else."""
    try:
        return float(text)
    except ValueError:
        return None


def open_writer(file: IO[str]) -> Any:
    """Return a csv writer that ends rows with a line feed only."""
    return csv.writer(_Lines(file))


class _Lines:
    """Turns CR LF into LF; a writer told to end rows with LF would not quote CR in cells."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        """Write one row."""
        return self._file.write(row.removesuffix("\r\n") + "\n")
