"""Flat tables of samples, one row a row of their ragged fields, as CSV, NumPy or Parquet files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SelectionError
from datagen_core.files import require
from datagen_core.generators.schema import Ragged
from datagen_core.reading.samples import Samples
from datagen_core.reading.views import View, ViewSamples

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet

Block = dict[str, NDArray[Any]]
"""Consecutive rows of a table by column; a column of vectors is `(rows, *shape)`."""

_ROWS = 16_384
"""About how many rows are in memory at once."""

_MOST_SAMPLES = 4_096


@dataclass(frozen=True)
class Selection:
    """What is exported.

    Attributes
    ----------
    param_set
        The parameter set that it belongs to.
    parts
        The samples: of a split or of all splits under its name, or of a view by part.
    view
        The view, where it is one.
    more
        The same of further parameter sets, whose rows follow in one table.
    table
        Makes the rows, where the generator has a table of its own.
    """

    param_set: ParamSet
    parts: Mapping[str, Samples]
    view: View | None = None
    more: tuple[Selection, ...] = ()
    table: Table | None = None


Table = Callable[[Mapping[str, Any], NDArray[np.int64], "ParamSet", int], Block]
"""`(columns, indices, param_set, first_row) -> rows`: the rows of consecutive samples as columns of
equal length. `indices` are the samples', and `first_row` counts the rows before."""


def blocks(selection: Selection) -> Iterator[Block]:
    """Yield the rows of a table, block by block.

    The first columns are `set`, the digest, when there are several parameter sets; `part`, when
    there are several; `user`, the user's name, in a view; and `sample`, the index of the sample
    that the row comes from. Then come the fields: the rows of ragged fields, and fixed fields
    repeated for each of them. A generator's own table has its own columns instead.

    Raises
    ------
    SelectionError
        When ragged fields have different lengths, or a field is called like one of these columns,
        or parameter sets differ in their columns.
    """
    rows = 0
    names: list[str] = []
    for each in (selection, *selection.more):
        for block in _blocks_of_set(each, selection.table, rows):
            named = _name_set(block, each) if selection.more and not selection.table else block
            names = names or list(named)
            _check_equal(names, list(named), each)
            rows += _rows(block)
            yield named


def _name_set(block: Block, selection: Selection) -> Block:
    digest = selection.param_set.record.digest[:12]
    return {"set": np.full(_rows(block), digest, object), **block}


def _blocks_of_set(selection: Selection, table: Table | None, rows: int) -> Iterator[Block]:
    several = len(selection.parts) > 1
    # The users of one part may have fixed fields that those of another have not.
    schemas = [samples.schema.fields for samples in selection.parts.values()]
    common = [name for name in schemas[0] if all(name in fields for fields in schemas)]
    for part, samples in selection.parts.items():
        if table is None:
            _check_names(samples)
        for start, stop in pairwise(_cuts(samples)):
            places = np.arange(start, stop)
            block = (
                _block(samples, places, common)
                if table is None
                else table(samples.take(places), samples.indices[places], selection.param_set, rows)
            )
            rows += _rows(block)
            yield {"part": np.full(_rows(block), part, object), **block} if several else block


def _rows(block: Block) -> int:
    return len(next(iter(block.values())))


def _check_equal(expected: list[str], found: list[str], selection: Selection) -> None:
    if found != expected:
        other = next(iter(set(expected) ^ set(found)), "their order")
        raise SelectionError(
            f"{selection.param_set} has other columns than the first parameter set ({other}); "
            "export it alone, with -p"
        )


def _check_names(samples: Samples) -> None:
    taken = {"set", "part", "user", "sample"} & samples.schema.fields.keys()
    if taken:
        raise SelectionError(
            f"the field {taken.pop()!r} has the name of a column that every table has"
        )


def _cuts(samples: Samples) -> list[int]:
    """Return where to cut samples, so that blocks have similar numbers of rows."""
    ragged = any(field.ragged for field in samples.schema.fields.values())
    lengths = samples.lengths() if ragged else np.ones(len(samples), np.int64)
    before = np.concatenate([[0], np.cumsum(lengths)]) // _ROWS
    before += np.arange(len(before)) // _MOST_SAMPLES
    return [0, *(np.flatnonzero(np.diff(before)) + 1).tolist(), len(samples)]


def _block(samples: Samples, places: NDArray[np.int64], names: list[str]) -> Block:
    taken = samples.take(places)
    columns = dict(zip(("x", "y"), taken, strict=True)) if isinstance(taken, tuple) else taken
    columns = {name: columns[name] for name in names}
    lengths = _common_lengths(columns, len(places))
    rows = {
        name: column.rows() if isinstance(column, Ragged) else np.repeat(column, lengths, axis=0)
        for name, column in columns.items()
    }
    return {**_identity(samples, places, lengths), **rows}


def _common_lengths(columns: Mapping[str, Any], samples: int) -> NDArray[np.int64]:
    lengths = {name: col.lengths for name, col in columns.items() if isinstance(col, Ragged)}
    (first, wanted), *others = list(lengths.items()) or [("", np.ones(samples, np.int64))]
    for name, found in others:
        if not np.array_equal(found, wanted):
            raise SelectionError(
                f"{first} and {name} differ in length, so they cannot be columns of one table"
            )
    return wanted


def _identity(samples: Samples, places: NDArray[np.int64], lengths: NDArray[np.int64]) -> Block:
    if not isinstance(samples, ViewSamples):
        return {"sample": np.repeat(samples.indices[places], lengths)}
    users = np.array(samples.users, object)[places]
    return {"user": np.repeat(users, lengths), "sample": samples.origins[0].take(places).values}


def write_csv(path: Path, selection: Selection) -> None:
    """Write a CSV file; a vector becomes the columns `x_0`, `x_1`, … Floats lose nothing."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, block in enumerate(blocks(selection)):
            flat = {name: column for item in block.items() for name, column in _scalars(*item)}
            if number == 0:
                writer.writerow(flat)
            writer.writerows(zip(*(column.tolist() for column in flat.values()), strict=True))


def _scalars(name: str, column: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a column of vectors or records as columns of numbers."""
    if column.dtype.names:
        for key in column.dtype.names:
            yield from _scalars(f"{name}_{key}", column[key])
    elif column.ndim == 1:
        yield name, column
    else:
        for place in np.ndindex(column.shape[1:]):
            yield "_".join([name, *map(str, place)]), column[(slice(None), *place)]


def write_npz(path: Path, selection: Selection) -> None:
    """Write a NumPy archive with an array for each column; it is gathered in memory first."""
    gathered = list(blocks(selection))
    arrays = {name: np.concatenate([block[name] for block in gathered]) for name in gathered[0]}
    plain = {
        name: array.astype(str) if array.dtype == object else array
        for name, array in arrays.items()
    }
    with path.open("wb") as file:  # a name would get the suffix .npz
        np.savez(file, allow_pickle=False, **plain)


def write_parquet(path: Path, selection: Selection) -> None:
    """Write a Parquet file, a row group for each block; a vector is a list of fixed size.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    """
    arrow, parquet = (require(name, "parquet") for name in ("pyarrow", "pyarrow.parquet"))
    writer = None
    try:
        for block in blocks(selection):
            table = arrow.Table.from_pydict(
                {name: _arrow_array(col) for name, col in block.items()}
            )
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _arrow_array(column: NDArray[Any]) -> Any:
    import pyarrow as pa  # the caller has made sure that it is there

    if column.dtype.names:
        arrays = [_arrow_array(column[key]) for key in column.dtype.names]
        return pa.StructArray.from_arrays(arrays, list(column.dtype.names))
    if column.ndim == 1:
        return pa.array(column)
    flat = _arrow_array(np.ascontiguousarray(column).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(column.shape[1:])))


FORMATS: dict[str, Callable[[Path, Selection], None]] = {
    "csv": write_csv,
    "npz": write_npz,
    "parquet": write_parquet,
}
"""What datagen itself can write; plugins add more in the entry-point group `datagen.formats`."""
