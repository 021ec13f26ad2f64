"""Tables as CSV, NumPy or Parquet files: every value exactly, or one line that names another file.

README.md, "Types of fields", says what becomes of each type.
"""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import ConfigurationError
from datagen_core.files import require
from datagen_core.reading.tables import Block, Selection, blocks, elements, other_types
from datagen_core.reading.targets import PARQUET


def write_csv(path: Path, selection: Selection) -> None:
    """Write a CSV file; a vector becomes the columns `x_0`, `x_1`, … Numbers lose nothing.

    Raises
    ------
    ConfigurationError
        If two columns would have one name.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(blocks(selection)):
            parts = chain.from_iterable(_scalars(name, col) for name, col in block.items())
            names, columns = zip(*parts, strict=True)
            if number == 0:
                header = names
                _refuse_twice(names)
                csv.writer(file, lineterminator="\n").writerow(names)
            if names != header:
                raise other_types(next(iter(set(names) ^ set(header)), names[-1]))
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


def _refuse_twice(names: tuple[str, ...]) -> None:
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ConfigurationError(
            f"two columns would be called {name!r}; rename a field, or export as npz"
        )


def write_npz(path: Path, selection: Selection) -> None:
    """Write a NumPy archive with an array for each column; it is gathered in memory first.

    Raises
    ------
    ConfigurationError
        For bytes of any length, whose last NULs NumPy cuts off.
    """
    gathered, known = list(blocks(selection)), elements(selection)
    with zipfile.ZipFile(path, "w") as archive:
        for name in list(gathered[0]):
            parts = [block.pop(name) for block in gathered]
            if len({(part.dtype, part.shape[1:]) for part in parts}) > 1:
                raise other_types(name)
            array = np.concatenate(parts)
            if array.dtype == object:
                array = _as_text(name, array, known.get(name))
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _as_text(name: str, column: NDArray[Any], known: str | None) -> NDArray[Any]:
    if known == "bytes" or any(isinstance(value, bytes) for value in column.flat):
        raise ConfigurationError(
            f"{name} is bytes of any length, which npz cannot hold; export it as parquet or csv"
        )
    return column.astype(str)


def write_parquet(path: Path, selection: Selection) -> None:
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
    known, writer = elements(selection), None
    # Arrow takes no path with bytes that are not UTF-8.
    with path.open("wb") as file:
        try:
            for block in blocks(selection):
                table = _arrow_table(arrow, block, known)
                writer = writer or parquet.ParquetWriter(file, table.schema)
                _refuse_other_types(list(table.schema), list(writer.schema))
                writer.write_table(table)
        except arrow.ArrowException as error:
            words = str(error).partition("\n")[0]
            raise ConfigurationError(f"parquet cannot hold this: {words}; export as npz") from error
        finally:
            if writer is not None:
                writer.close()


def _refuse_other_types(ours: list[Any], first: list[Any]) -> None:
    for one, wanted in zip(ours, first, strict=True):
        if one.type != wanted.type:
            raise other_types(one.name)


def _arrow_table(arrow: Any, block: Block, known: dict[str, str]) -> Any:
    from datagen_core.reading.arrow_arrays import leaves, shaped_array  # imports pyarrow

    paths = tuple(chain.from_iterable(leaves(name, col.dtype) for name, col in block.items()))
    _refuse_twice(paths)
    types = {"str": arrow.string(), "bytes": arrow.binary()}  # what is unknown is inferred
    return arrow.Table.from_pydict({
        name: arrow.array(column, types.get(known.get(name, ""))) if column.dtype == object
        else shaped_array(name, column, PARQUET)
        for name, column in block.items()
    })  # fmt: skip


FORMATS: dict[str, Callable[[Path, Selection], None]] = {
    "csv": write_csv,
    "npz": write_npz,
    "parquet": write_parquet,
}
"""What datagen itself can write; plugins add more in the entry-point group `datagen.formats`."""
