"""Many csv files as one: its columns, its rows, and the file it becomes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from datagen_federated.errors import MergeError
from datagen_federated.merging.csv_files import Row, Table, open_writer
from datagen_federated.merging.identities import Seen


class Merged(NamedTuple):
    """What a merged table holds.

    Attributes
    ----------
    files, rows, columns
        How many files were read, and how large the table is; the id column counts.
    dropped
        How many rows were left out, since an earlier one has the same identity.
    conflicts
        How many of these differ from the earlier one in a score.
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
    all; memory does not grow with the rows, but for 150 bytes a row with `dedupe`.

    Parameters
    ----------
    files
        Text in UTF-8 with a header; empty lines are skipped.
    output
        Where the table is written. With `force` it may be one of the files.
    id_column
        The last column, which numbers the rows from `start`; one that files have is replaced.
    dedupe
        Leave out rows whose identity an earlier row has: `KEY` where a row has all three, else the
        values of all columns but the id.
    force
        Replace an existing output.

    Raises
    ------
    MergeError
        When a file is no csv file, or the output cannot be written there.
    """
    _check_output(output, files, force=force)
    tables = [Table.of(path) for path in files]
    columns = _unite(tables, id_column)
    seen = Seen(columns) if dedupe else None
    rows = 0
    with _written(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
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
        wrong = "is a folder; name a file" if output.is_dir() else "is no folder; make it first"
        raise MergeError(f"{what} {wrong}")
    if output.exists() and not force:
        is_input = output.resolve() in {path.resolve() for path in files}
        words = "is one of the files to merge" if is_input else "exists"
        raise MergeError(f"{output} {words}; choose another --output, or replace it with --force")


def _read_all(tables: Sequence[Table], columns: Sequence[str], seen: Seen | None) -> Iterator[Row]:
    rows = (row for table in tables for row in table.read(columns))
    return filter(seen.is_new, rows) if seen else rows


@contextmanager
def _written(output: Path) -> Iterator[Path]:
    """Give a path beside the output to write; it takes the output's place when all is written."""
    temporary = output.with_name(f".{output.name}~{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


def _unite(tables: Sequence[Table], id_column: str) -> list[str]:
    """Return the columns of all tables without the id, in the order of first appearance."""
    columns = dict.fromkeys(name for table in tables for name in table.header)
    columns.pop(id_column, None)
    return list(columns)
