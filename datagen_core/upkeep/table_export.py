"""Exporting samples as tables: the files that they become, which appear together."""

from __future__ import annotations

import re
from contextlib import ExitStack, suppress
from pathlib import Path

from datagen_core.errors import ConfigurationError
from datagen_core.files import placing
from datagen_core.reading.table_files import FORMATS, write_tables
from datagen_core.reading.tables import Layout, Selection

OPTIONS = ("fields", "shards", "flat")
"""The options of all formats that write tables."""


def list_files(destination: Path, selection: Selection, layout: Layout) -> list[Path]:
    """Return the files that an export will be: of each table, its shards."""
    return [
        _file_of(destination, table, shard, layout.shards)
        for table in layout.tables_of(selection)
        for shard in range(layout.shards)
    ]


def _file_of(destination: Path, table: str, shard: int, shards: int) -> Path:
    name = destination.stem + (".samples" if table == "samples" else "")
    number = f"-{shard:05}-of-{shards:05}" if shards > 1 else ""
    return destination.with_name(f"{name}{number}{destination.suffix}")


def check_stale(destination: Path, files: list[Path]) -> None:
    """Refuse to write beside files of another export of that name, which would be read as one.

    Raises
    ------
    ConfigurationError
        If there is one; it is named.
    """
    stem, suffix = re.escape(destination.stem), re.escape(destination.suffix)
    pattern = re.compile(rf"{stem}(\.samples)?(-\d{{5}}-of-\d{{5}})?{suffix}")
    ours, beside = {path.name for path in files}, list[Path]()
    with suppress(PermissionError):
        beside = sorted(destination.parent.iterdir())
    for path in beside:
        if path.name not in ours and path != destination and pattern.fullmatch(path.name):
            raise ConfigurationError(
                f"{path} belongs to another export called {destination.name}; remove it, or choose "
                "another name"
            )


def export_tables(name: str, selection: Selection, layout: Layout, destination: Path) -> None:
    """Write the files of an export, of which all appear when the last is written, or none.

    Raises
    ------
    ConfigurationError, SelectionError
        See `write_tables`.
    """
    with ExitStack() as places:

        def place(table: str, shard: int) -> Path:
            file = _file_of(destination, table, shard, layout.shards)
            return places.enter_context(placing(file))

        write_tables(FORMATS[name], selection, layout, place)
        for file in list_files(destination, selection, layout):
            if file.is_dir():
                file.rmdir()  # an empty folder is nothing
