"""Tables in csv files: a header, columns of numbers, one of labels or values, one of ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.labelled import RawData
from datagen_federated.data.requests import Request
from datagen_partitions.array_files import Cells
from datagen_partitions.errors import DataError

_DELIMITERS = ",;\t"
_MISSING = {"", "?", "n/a", "na", "none", "null"}


def read_csv(request: Request) -> RawData:
    """Return the table in a csv file: features, target, and all columns but the target by name.

    The target is the column that the request names, else the last one; it may hold numbers or text.
    The id column may hold text too and is not a feature. All other columns hold numbers.

    Raises
    ------
    DataError
        When the file cannot be read, a column holds text, or a value is missing.
    DataOptionError
        When there is no such column.
    """
    table = _read_table(request.path)
    target = request.target if request.target is not None else table.header[-1]
    columns = {target: table.read_any(target)}
    if request.id_column is not None:
        columns[request.id_column] = table.read_any(request.id_column)
    features = [name for name in table.header if name not in columns]
    if not features:
        message = (
            f"{table.title} has no column besides {', '.join(columns)}; a model needs features"
        )
        raise DataError(message)
    columns |= {name: table.read_numbers(name) for name in features}
    x = np.column_stack([columns[name] for name in features])
    return RawData(x=x, y=columns.pop(target), target=target, columns=columns)


class _Table(Cells):
    """The cells of a csv file, without spaces around them."""

    def read_any(self, name: str) -> NDArray[Any]:
        """Return a column as int64, else as float64, else as text."""
        cells = self.columns[self.find(name)]
        for dtype in (np.int64, np.float64):
            try:
                return _as_numbers(cells, dtype)
            except ValueError:
                continue
        is_text = any(_is_text(cell) for cell in cells)
        self._refuse(name, (cell == "" if is_text else not _is_finite(cell) for cell in cells))
        return np.array(cells)

    def read_numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as float64."""
        cells = self.columns[self.find(name)]
        try:
            return _as_numbers(cells, np.float64)
        except ValueError:
            self._refuse(name, (not (_is_text(cell) or _is_finite(cell)) for cell in cells))
        row, text = next((i, cell) for i, cell in enumerate(cells) if _is_text(cell))
        raise DataError(
            f"{self.title} holds text in column {name!r} ({text!r} in {self._place(row)}); "
            "code it as numbers, take it out, or name it as id_column"
        )

    def _refuse(self, name: str, is_missing: Iterable[bool]) -> None:
        row = next(compress(range(len(self.lines)), is_missing), None)
        if row is not None:
            cell = self.columns[self.find(name)][row]
            raise DataError(
                f"{self.title} has no value in column {name!r}, {self._place(row)}: {cell!r}; "
                "fill it in, or take the row out"
            )

    def _place(self, row: int) -> str:
        return f"row {row + 1} (line {self.lines[row]})"


def _as_numbers(cells: Sequence[str], dtype: type[np.generic]) -> NDArray[Any]:
    """Return the cells as finite numbers, or raise ValueError."""
    try:
        numbers = np.array(cells, dtype=np.str_).astype(dtype)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if not np.isfinite(numbers).all():
        raise ValueError("not finite")
    return numbers


def _is_finite(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def _is_text(cell: str) -> bool:
    """Return whether a cell is text: not a number, finite or not, nor a sign of a missing one."""
    try:
        float(cell)
    except ValueError:
        return cell.lower() not in _MISSING
    return False


def _read_table(path: Path) -> _Table:
    read = _Table.read(path, path, _DELIMITERS)
    names = [name.strip() for name in read.header]
    _check_header(path, names)
    return replace(
        read, header=names, columns=[[cell.strip() for cell in cells] for cells in read.columns]
    )


def _check_header(path: Path, header: Sequence[str]) -> None:
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns {twice[0]!r}; give them different names")
    if "" in header:
        message = f"{path} has no name for column {header.index('') + 1}; name it, or take it out"
        raise DataError(message)
    if all(_is_finite(name) for name in header):
        raise DataError(f"{path} has numbers where the names of columns belong; add a header line")
