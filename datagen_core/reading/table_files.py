"""Tables as CSV, NumPy or Parquet files: every value exactly, or one line that names another file.

README.md, "Types of fields", says what becomes of each type.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TextIO

import numpy as np
from numpy.lib.format import dtype_to_descr
from numpy.typing import NDArray

from datagen_core.errors import ConfigurationError
from datagen_core.files import require
from datagen_core.reading.tables import Block, Layout, Selection, elements, other_types, pieces
from datagen_core.reading.targets import PARQUET, refuse_twice

_RENAME = "rename a field, or export as npz"

Write = Callable[[Block], None]


@contextmanager
def csv_file(path: Path, known: Mapping[str, str]) -> Iterator[Write]:  # noqa: ARG001 (a Form)
    """Write a CSV file; a vector becomes the columns `x_0`, `x_1`, … Numbers lose nothing.

    Raises
    ------
    ConfigurationError
        If two columns would have one name.
    """
    header: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(block: Block) -> None:
            parts = chain.from_iterable(_scalars(name, col) for name, col in block.items())
            names, columns = map(list, zip(*parts, strict=True))
            if not header:
                header.extend(names)
                refuse_twice(names, _RENAME)
                csv.writer(file, lineterminator="\n").writerow(names)
            if names != header:
                raise other_types(next(iter(set(names) ^ set(header)), names[-1]))
            _write_rows(file, columns)

        yield write


def _write_rows(file: TextIO, columns: Sequence[NDArray[Any]]) -> None:
    values = [_printable(column) for column in columns]
    # Readers take a bare carriage return for the end of a line; csv does not quote it.
    has_return = any(column.dtype == object for column in columns) and any(
        "\r" in value for each in values for value in each if isinstance(value, str)
    )
    how: Any = csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL
    csv.writer(file, lineterminator="\n", quoting=how).writerows(zip(*values, strict=True))


def _scalars(name: str, column: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a column of vectors, records or complex numbers as columns of single values."""
    if column.dtype.names:
        for key in column.dtype.names:
            yield from _scalars(f"{name}_{key}", column[key])
    elif column.ndim > 1:
        for place in np.ndindex(column.shape[1:]):
            yield from _scalars("_".join([name, *map(str, place)]), column[(slice(None), *place)])
    elif column.dtype.kind == "c":
        yield f"{name}_real", column.real
        yield f"{name}_imag", column.imag
    else:
        yield name, column


def _printable(column: NDArray[Any]) -> list[Any]:
    """Return numbers and text, ISO 8601 for dates, and hexadecimal digits for bytes."""
    values: list[Any] = _PRINTED.get(column.dtype.kind, np.ndarray.tolist)(column)
    return values


def _count_units(column: NDArray[Any]) -> list[Any]:
    numbers = zip(column.astype(np.int64).tolist(), np.isnat(column), strict=True)
    return ["NaT" if missing else number for number, missing in numbers]


def _in_hex(column: NDArray[Any]) -> list[Any]:
    return [value.hex() if isinstance(value, bytes) else value for value in column.tolist()]


_PRINTED: dict[str, Callable[[NDArray[Any]], Any]] = {
    "M": lambda column: np.datetime_as_string(column).tolist(),
    "m": _count_units,
    **dict.fromkeys("SVO", _in_hex),
}
"""How columns are printed in CSV, by the kind of their dtype; others as Python's numbers."""


@contextmanager
def npz_file(path: Path, known: Mapping[str, str]) -> Iterator[Write]:
    """Write a NumPy archive with an array for each column.

    The columns are files beside the archive until all rows are there, and then joined.

    Raises
    ------
    ConfigurationError
        For bytes of any length, whose last NULs NumPy cuts off.
    """
    with ExitStack() as files:
        columns: dict[str, _Spool] = {}

        def write(block: Block) -> None:
            for name, column in block.items():
                if name not in columns:
                    file = files.enter_context(TemporaryFile(dir=path.parent))
                    columns[name] = _Spool(name, file)
                columns[name].add(_as_text(name, column, known.get(name)))

        yield write
        _join_columns(path, columns)


def _join_columns(path: Path, columns: Mapping[str, _Spool]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, spool in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                spool.pour(member)


class _Spool:
    """A column in a file that is open, of whose rows the number is not known before the last."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name, self._file = name, file
        self._pieces: list[tuple[np.dtype[Any], tuple[int, ...]]] = []

    def add(self, column: NDArray[Any]) -> None:
        """Add rows; those of text may be of another length."""
        first = self._pieces[0] if self._pieces else (column.dtype, column.shape)
        is_same = column.dtype == first[0] or column.dtype.kind == first[0].kind == "U"
        if not is_same or column.shape[1:] != first[1][1:]:
            raise other_types(self._name)
        self._pieces.append((column.dtype, column.shape))
        self._file.write(np.ascontiguousarray(column).reshape(-1).view(np.uint8).data)

    def pour(self, target: IO[bytes]) -> None:
        """Write all rows as one array of NumPy's format."""
        dtype = max((dtype for dtype, _ in self._pieces), key=lambda dtype: dtype.itemsize)
        rows = sum(shape[0] for _, shape in self._pieces)
        header = {"descr": dtype_to_descr(dtype), "fortran_order": False,
                  "shape": (rows, *self._pieces[0][1][1:])}  # fmt: skip
        np.lib.format.write_array_header_2_0(target, header)
        self._file.seek(0)
        for found, shape in self._pieces:
            content = self._file.read(found.itemsize * math.prod(shape))
            column = np.frombuffer(content, np.uint8).view(found).reshape(shape)
            target.write(column.astype(dtype, copy=False).tobytes())


def _as_text(name: str, column: NDArray[Any], known: str | None) -> NDArray[Any]:
    """Return a column of objects as one of text; others as they are."""
    if column.dtype != object:
        return column
    if known == "bytes" or any(isinstance(value, bytes) for value in column.flat):
        raise ConfigurationError(
            f"{name} is bytes of any length, which npz cannot hold; export it as parquet or csv"
        )
    return column.astype(str)


@contextmanager
def parquet_file(path: Path, known: Mapping[str, str]) -> Iterator[Write]:
    """Write a Parquet file, a row group for each block.

    A vector is a list of fixed size, and what has more dimensions a tensor of fixed shape.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    ConfigurationError
        For a type or a value that Parquet cannot hold exactly.
    """
    arrow, parquet = (require(name, "parquet") for name in ("pyarrow", "pyarrow.parquet"))
    # Arrow takes no path with bytes that are not UTF-8.
    with path.open("wb") as file, ExitStack() as opened:
        writers: list[Any] = []

        def write(block: Block) -> None:
            table = _arrow_table(arrow, block, known)
            if not writers:
                writers.append(parquet.ParquetWriter(file, table.schema))
                opened.callback(writers[0].close)
            _refuse_other_types(list(table.schema), list(writers[0].schema))
            writers[0].write_table(table)

        try:
            yield write
        except arrow.ArrowException as error:
            words = str(error).partition("\n")[0]
            raise ConfigurationError(f"parquet cannot hold this: {words}; export as npz") from error


def _refuse_other_types(ours: list[Any], first: list[Any]) -> None:
    for one, wanted in zip(ours, first, strict=True):
        if one.type != wanted.type:
            raise other_types(one.name)


def _arrow_table(arrow: Any, block: Block, known: Mapping[str, str]) -> Any:
    from datagen_core.reading.arrow_arrays import leaves, shaped_array  # imports pyarrow

    paths = chain.from_iterable(leaves(name, col.dtype) for name, col in block.items())
    refuse_twice(paths, _RENAME)
    types = {"str": arrow.string(), "bytes": arrow.binary()}  # what is unknown is inferred
    return arrow.Table.from_pydict({
        name: arrow.array(column, types.get(known.get(name, ""))) if column.dtype == object
        else shaped_array(name, column, PARQUET)
        for name, column in block.items()
    })  # fmt: skip


Form = Callable[[Path, Mapping[str, str]], AbstractContextManager[Write]]
"""Opens a file for the rows of a table, given the types of columns of objects, see `elements`."""

FORMATS: dict[str, Form] = {"csv": csv_file, "npz": npz_file, "parquet": parquet_file}
"""What datagen itself can write; plugins add more in the entry-point group `datagen.formats`."""


def write_tables(
    form: Form, selection: Selection, layout: Layout, place: Callable[[str, int], Path]
) -> None:
    """Write the tables of a selection, each of them in as many files as it has shards.

    Parameters
    ----------
    place
        Returns where to write a shard of a table, which is named as `Layout.tables_of` does; it is
        asked when the first rows are there.

    Raises
    ------
    ConfigurationError, SelectionError
        See `pieces`, and the functions of formats.
    """
    known = elements(selection, layout)
    for shard, found in groupby(pieces(selection, layout), key=attrgetter("shard")):
        with ExitStack() as files:
            writers: dict[str, Write] = {}
            for name, block in chain.from_iterable(piece.tables.items() for piece in found):
                writer = writers.get(name) or files.enter_context(form(place(name, shard), known))
                writers[name] = writer
                writer(block)
