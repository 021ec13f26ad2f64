"""Samples as other libraries take them: tables of Arrow and datasets, frames, and xarray."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import copy as clone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike

from datagen_core.edges import indices_of
from datagen_core.errors import SelectionError
from datagen_core.files import require
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.schema import Column, Columns, Ragged, Schema, join_columns
from datagen_core.ranges import IntervalList
from datagen_core.store.layout import SetPaths

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

    from datagen_core.store.row_reader import PartReader

_MOST_PARTS = 256
"""Samples in more ranges of files than this are copied: each file that is mapped stays open."""


class Convertible(Sequence[Any]):
    """Samples that other libraries take: a row or an entry each, in their order.

    Fixed fields of numbers and times, and the rows of ragged ones, are the memory of the mapped
    files where the library has the type; nothing is read before it is used. What is not mapped
    (compressed files, text and bytes), `bool` and units of time that the library lacks are copied,
    and so are samples that lie in more than 256 ranges of files. What a library cannot hold exactly
    is refused with the name of its field.
    """

    title: str
    schema: Schema
    intervals: IntervalList
    _folders: tuple[Path, ...]

    def only(self, *fields: str) -> Self:
        """Return the same samples with some of their fields, in this order; others are not read.

        Raises
        ------
        SelectionError
            When there is no such field, or one is named twice.
        """
        if not fields:
            return self
        known = self.schema.fields
        for name in fields:
            if name not in known:
                raise SelectionError(
                    f"{self.title} has no field {name!r}; it has {', '.join(known)}"
                )
            if fields.count(name) > 1:
                raise SelectionError(f"the field {name!r} is named twice")
        chosen = clone(self)  # without what it has read
        chosen.schema = Schema({name: known[name] for name in fields})
        return chosen

    def to_arrow(self, *fields: str, n: int | None = None) -> pa.Table:
        """Return a `pyarrow.Table` with a row for each sample and a column for each field.

        A record is a struct; a ragged field a `large_list` whose offsets are the field's own; a
        vector a list of fixed size; what has more dimensions a `fixed_shape_tensor`. Samples in
        several files are one table of several chunks, which are not joined.

        Parameters
        ----------
        fields
            Only these fields, in this order; all when none is named.
        n
            The first `n` samples; None for all.

        Raises
        ------
        MissingPackageError
            When pyarrow is not installed (extra `parquet`).
        ConfigurationError
            For a field or a value that Arrow cannot hold exactly.
        SelectionError, InsufficientSamplesError
            When there is no such field, or there are fewer than `n` samples.
        """
        require("pyarrow", "parquet")
        if fields:
            return self.only(*fields).to_arrow(n=n)
        from datagen_core.reading.arrow_arrays import arrow_table  # imports pyarrow

        return arrow_table(self.schema, self._parts(n))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Let DuckDB and others take the samples as `to_arrow` gives them."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_hf(self, *fields: str, n: int | None = None) -> datasets.Dataset:
        """Return a `datasets.Dataset` (Hugging Face) of the samples, as `to_arrow` without a copy.

        Its features are those of the columns of `to_arrow`, with `Array2D` to `Array5D` for numbers
        of two to five dimensions. The parameters are those of `to_arrow`.

        Raises
        ------
        MissingPackageError
            When datasets is not installed (extra `hf`).
        ConfigurationError, SelectionError, InsufficientSamplesError
            As `to_arrow`.
        """
        require("datasets", "hf")
        if fields:
            return self.only(*fields).to_hf(n=n)
        from datagen_core.reading.hugging_face import as_dataset  # imports datasets

        return as_dataset(self.schema, self._parts(n), self._identity(n))

    def to_pandas(self, *fields: str, n: int | None = None, copy: bool = False) -> pd.DataFrame:
        """Return a `pandas.DataFrame` with a row for each sample, whose index is the sample's.

        A record is a column for each member, `x_a`, as in CSV; vectors, arrays and ragged fields
        are a NumPy array in each cell. `fields` and `n` are those of `to_arrow`.

        Parameters
        ----------
        copy
            True for a frame to write into; without it, its arrays are read-only where they are
            mapped.

        Raises
        ------
        MissingPackageError
            When pandas is not installed (extra `pandas`).
        ConfigurationError
            When two columns would have one name, or for a time that pandas cannot hold exactly.
        SelectionError, InsufficientSamplesError
            As `to_arrow`.
        """
        from datagen_core.reading.frames import as_frame  # imports pandas

        if fields:
            return self.only(*fields).to_pandas(n=n, copy=copy)
        frame: pd.DataFrame = as_frame(self._joined(n, copy=copy), self._labels(n))
        return frame

    def to_xarray(self, *fields: str, n: int | None = None, copy: bool = False) -> xr.Dataset:
        """Return an `xarray.Dataset` with the dimension `sample`, whose coordinate is the index.

        A field is a variable with dimensions `x_dim_0`, …; a record one for each member, `x_a`. A
        ragged field is a contiguous ragged array of the CF conventions: rows of all samples along
        `x_row`, and their number for each sample in `x_row_size`. The parameters are those of
        `to_pandas`.

        Raises
        ------
        MissingPackageError
            When xarray is not installed (extra `xarray`).
        ConfigurationError
            When two variables would have one name, or for a time that xarray cannot hold exactly.
        SelectionError, InsufficientSamplesError
            As `to_arrow`.
        """
        from datagen_core.reading.frames import as_grid  # imports xarray

        if fields:
            return self.only(*fields).to_xarray(n=n, copy=copy)
        return as_grid(self._joined(n, copy=copy), self._labels(n))

    @property
    def _paths(self) -> SetPaths:
        return SetPaths(self._folders[0].parent)

    def _parts(self, n: int | None) -> list[Columns]:
        """Return the first `n` samples in parts, as views of files where they are not too many."""
        taken = self._first(len(self) if n is None else n)
        parts: list[Columns] = self._read(lambda: self._reader.parts(taken, _MOST_PARTS))
        return parts

    def _joined(self, n: int | None, *, copy: bool) -> Columns:
        joined = join_columns(parts := self._parts(n))
        if copy and len(parts) == 1:
            return {name: _own(column) for name, column in joined.items()}
        return joined

    def _labels(self, n: int | None) -> tuple[str, ArrayLike]:
        """Return what tells the first `n` samples apart, and its name: their indices."""
        taken = self._first(len(self) if n is None else n)
        if len(taken) == 1:
            return "sample", range(*taken[0])
        return "sample", indices_of(taken.bounds.reshape(-1))

    def _identity(self, n: int | None) -> str:
        """Return a digest of which samples and fields these are, without reading them."""
        taken = self._first(len(self) if n is None else n)
        folders = ["/".join(folder.parts[-4:]) for folder in self._folders]
        bounds = hashlib.sha256(taken.bounds.tobytes()).hexdigest()
        return sha256_of({"folders": folders, "samples": bounds, "fields": self.schema.to_json()})

    if TYPE_CHECKING:

        @property
        def _reader(self) -> PartReader: ...
        def _first(self, n: int) -> IntervalList: ...
        def _read(self, read: Any) -> Any: ...


def _own(column: Column) -> Column:
    if isinstance(column, Ragged):
        return Ragged(column.rows().copy(), column.offsets - column.offsets[0])
    return column.copy()
