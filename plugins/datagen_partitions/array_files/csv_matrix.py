"""Tables in csv files: a header, and columns of numbers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.array_files.csv_numbers import read_column, read_float
from datagen_partitions.errors import DataError, DataOptionError, suggest


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a csv file, which has a header and at least one row below it.

    Attributes
    ----------
    title
        The file's name in messages.
    header
        The name of each column.
    columns
        The cells of each column.
    lines
        The line of the file that each row ends in.
    """

    title: str
    header: Sequence[str]
    columns: Sequence[Sequence[str]]
    lines: Sequence[int]

    @classmethod
    def read(cls, path: Path, title: object, delimiters: str = ",") -> Self:
        """Return the cells of a file.

        Parameters
        ----------
        path
            The file, in UTF-8; empty lines are skipped.
        title
            The file's name in messages.
        delimiters
            Characters that may separate cells; the file's is the one most frequent in the header.

        Raises
        ------
        DataError
            When it cannot be read, or its lines differ in length.
        """
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                delimiter = max(delimiters, key=file.readline().count)
                file.seek(0)
                reader = csv.reader(file, delimiter=delimiter, strict=True)
                rows = [(reader.line_num, cells) for cells in reader if cells]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(
                f"{title} cannot be read as csv in UTF-8: {error}; check the file"
            ) from error
        if len(rows) < 2:
            raise DataError(f"{title} has no rows below its header; name another csv file")
        (_, header), *below = rows
        for line, cells in below:
            if len(cells) != len(header):
                raise DataError(
                    f"{title} has {len(cells)} values in line {line}, but {len(header)} columns; "
                    "correct that line"
                )
        columns = list(zip(*(cells for _, cells in below), strict=True))
        return cls(str(title), header, columns, [line for line, _ in below])

    def find(self, name: str, note: str = "") -> int:
        """Return the place of a column.

        Parameters
        ----------
        name
            The name of the column.
        note
            What the message adds, such as ", and there is no such file".

        Raises
        ------
        DataOptionError
            When there is no column of that name.
        """
        if name not in self.header:
            raise DataOptionError(
                f"{self.title} has no column {name!r}{note}; {suggest(name, self.header[:20])}"
            )
        return self.header.index(name)


class CsvTable(Cells):
    """A csv file, separated by commas, as `pandas.read_csv` reads it."""

    @cached_property
    def arrays(self) -> list[NDArray[Any]]:
        """Each column as numbers, `(n,)`.

        Raises
        ------
        DataError
            When a column holds anything else, which declearn would write as pickled objects.
        """
        read = [(place, read_column(cells)) for place, cells in enumerate(self.columns)]
        wrong = next((place for place, array in read if array is None), None)
        if wrong is not None:
            raise DataError(
                f"{self.title}: column {self.header[wrong]!r} holds {self._what(wrong)}; "
                "code it as numbers, or take it out"
            )
        return [array for _, array in read if array is not None]

    def _what(self, place: int) -> str:
        cells = zip(self.columns[place], self.lines, strict=True)
        text = next(((cell, line) for cell, line in cells if read_float(cell) is None), None)
        return "integers beyond 64 bits" if text is None else f"{text[0]!r} in line {text[1]}"

    def values(self, without: int | None = None) -> NDArray[Any]:
        """Return all columns but one as a matrix, in the least type that holds them.

        Raises
        ------
        DataError
            When there are no columns, or they have no type in common.
        """
        arrays = [array for place, array in enumerate(self.arrays) if place != without]
        kinds = {array.dtype.kind for array in arrays}
        if not arrays or ("b" in kinds and len(kinds) > 1):
            what = "true and false beside numbers; code them as 0 and 1" if arrays else "no inputs"
            raise DataError(f"{self.title} holds {what}")
        return np.column_stack(arrays)
