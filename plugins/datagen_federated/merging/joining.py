"""Several csv files joined into one."""

from __future__ import annotations

import glob
import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from datagen_core.files import expand_home, replacing
from datagen_federated.errors import MergeError
from datagen_federated.merging.csv_files import Row, Table, open_writer, to_number

KEY = ("run_id", "round", "client_id")
"""The identity of a row of a federated run, without its measurements."""

SCORES = ("accuracy", "loss", "f1")
"""Scores that rows of one identity share, unless they were computed differently."""


@dataclass
class Seen:
    """Identities of the rows so far, as digests, each with the scores of its first row."""

    columns: Sequence[str]
    dropped: int = 0
    conflicts: int = 0
    _first: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {name: place for place, name in enumerate(self.columns)}
        self._key = [places[name] for name in KEY if name in places]
        self._scores = [places.get(name, -1) for name in SCORES]

    def is_new(self, row: Row) -> bool:
        """Return whether a row has a new identity; count it if not."""
        identity, scores = self._identify(row), self._read_scores(row)
        first = self._first.setdefault(identity, scores)
        if first is scores:
            return True
        self.dropped += 1
        self.conflicts += _differ(first, scores)
        return False

    def _identify(self, row: Row) -> bytes:
        # pandas writes a round as 1.0 if other rows have none.
        key = [row[place].removesuffix(".0") for place in self._key]
        parts = key if len(key) == len(KEY) and all(key) else row
        text = "\0".join([str(len(parts)), *parts])
        return hashlib.blake2b(text.encode(), digest_size=16).digest()

    def _read_scores(self, row: Row) -> bytes:
        numbers = [to_number(row[place]) if place >= 0 else None for place in self._scores]
        return struct.pack("3d", *(math.nan if x is None else x for x in numbers))


def _differ(first: bytes, second: bytes) -> bool:
    """Return whether packed scores differ; a score missing on one side does not count."""
    pairs = zip(struct.unpack("3d", first), struct.unpack("3d", second), strict=True)
    return any(a != b and not math.isnan(a) and not math.isnan(b) for a, b in pairs)


class Merged(NamedTuple):
    """The size of a merged table.

    Attributes
    ----------
    files, rows, columns
        Numbers of files read, and of rows and columns written; the id column counts.
    dropped
        Number of rows left out, since an earlier row has the same identity.
    conflicts
        Number of dropped rows that differ from the earlier row in a score.
    """

    files: int
    rows: int
    columns: int
    dropped: int
    conflicts: int


def merge_files(
    files: Sequence[Path],
    output: Path,
    *,
    id_column: str = "MLaaS_ID",
    start: int = 1,
    dedupe: bool = False,
    force: bool = False,
) -> Merged:
    """Write the rows of csv files as one table, in the order of the files, and number them.

    Its columns are those of all files, in the order in which they first appear; a cell is empty
    where a row's file has no such column. No value is changed. The table appears whole, or not at
    all; memory does not grow with the rows, except by 150 bytes per row with `dedupe`.

    Parameters
    ----------
    files
        Text in UTF-8 with a header; empty lines are skipped.
    output
        The file to write. With `force` it may be one of the files read.
    id_column
        The last column, which numbers the rows from `start`; files' own column of that name is
        dropped.
    dedupe
        Leave out rows with the identity of an earlier row: `KEY` if a row has all three, else the
        values of all columns but the id.
    force
        Replace an existing output.

    Raises
    ------
    MergeError
        When a file is not a csv file, or the output cannot be written there.
    """
    _check_output(output, files, force=force)
    tables = [Table.of(path) for path in files]
    columns = _unite(tables, id_column)
    seen = Seen(columns) if dedupe else None
    rows = 0
    with replacing(output, "w", newline="") as file:
        writer = open_writer(file)
        writer.writerow([*columns, id_column])
        for row in _read_all(tables, columns, seen):
            writer.writerow([*row, start + rows])
            rows += 1
    dropped, conflicts = (seen.dropped, seen.conflicts) if seen else (0, 0)
    return Merged(len(files), rows, len(columns) + 1, dropped, conflicts)


def _check_output(output: Path, files: Sequence[Path], *, force: bool) -> None:
    if output.is_dir() or not output.parent.is_dir():
        what = output if output.is_dir() else output.parent
        wrong = "is a folder; name a file" if output.is_dir() else "is not a folder; make it first"
        raise MergeError(f"{what} {wrong}")
    if output.exists() and not force:
        is_input = output.resolve() in {path.resolve() for path in files}
        words = "is one of the files to merge" if is_input else "exists"
        raise MergeError(f"{output} {words}; choose another --output, or replace it with --force")


def _read_all(tables: Sequence[Table], columns: Sequence[str], seen: Seen | None) -> Iterator[Row]:
    rows = (row for table in tables for row in table.read(columns))
    return filter(seen.is_new, rows) if seen else rows


def _unite(tables: Sequence[Table], id_column: str) -> list[str]:
    """Return the columns of all tables without the id, in the order of first appearance."""
    columns = dict.fromkeys(name for table in tables for name in table.header)
    columns.pop(id_column, None)
    return list(columns)


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that paths and globs mean: sorted within a glob, and each file once.

    `**` stands for any folders. A path that exists is not a glob, whatever characters it has.

    Raises
    ------
    MergeError
        When a file does not exist, or a glob matches none.
    """
    files: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _find(expand_home(pattern)):
            files.setdefault(path.resolve(), path)
    return list(files.values())


def _find(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        raise MergeError(f"{path} is a folder; name its files, such as '{path}/*.csv'")
    if not glob.has_magic(str(path)):
        raise MergeError(f"{path} does not exist; name another file")
    # Path.glob would refuse absolute patterns and find hidden files.
    names = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
    found = [Path(name) for name in names if Path(name).is_file()]
    if not found:
        raise MergeError(f"no file matches '{path}'; check the folder, or name the files")
    return found
