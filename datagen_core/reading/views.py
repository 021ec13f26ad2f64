"""Views: rows of a parameter set regrouped into users, by a recipe and without a copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datagen_core.errors import CacheError, SchemaError, SelectionError
from datagen_core.generators.identity import sha256_of, short_text
from datagen_core.generators.records import collect
from datagen_core.generators.schema import Columns, Ragged, Schema
from datagen_core.ranges import Interval, IntervalList, IntervalSet, cut_into_batches
from datagen_core.reading.content import cut_columns
from datagen_core.reading.notebooks import html_table
from datagen_core.reading.samples import Samples
from datagen_core.store import view_files
from datagen_core.store.columns import ColumnReader
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger
from datagen_core.store.row_reader import RowReader

_USERS_AT_ONCE = 64


class View(Mapping[str, "ViewSamples"]):
    """A recipe and the rows that it selects, in one part or several (`train`, `test`).

    Attributes
    ----------
    name, digest
        A readable name, and the SHA-256 of the recipe.
    recipe
        The operation with every option, the seeds it used and its parent's digest.
    """

    def __init__(
        self, owner: str, paths: SetPaths, schema: Schema, record: view_files.ViewRecord
    ) -> None:
        self._owner, self._paths, self._schema = owner, paths, schema
        self.name, self.digest, self.recipe = record.name, record.digest, record.recipe
        self._record = record

    @property
    def full_name(self) -> str:
        """The name with eight digits of the digest behind, which no other view has."""
        return self._record.root.name

    @property
    def parent(self) -> View | None:
        """The view that this one was made from; None when it was the parameter set itself."""
        parent = self.recipe.get("parent")
        if not parent:
            return None
        return find_view(self._owner, self._paths, self._schema, parent)

    def __getitem__(self, part: str) -> ViewSamples:
        """Return one part.

        Raises
        ------
        SelectionError
            When there is no such part.
        CacheError
            When it has rows of a sample that is excluded. A view is what follows from its recipe,
            so nothing is left out of it: it is to be made anew.
        """
        if part not in self._record.parts:
            known = ", ".join(self)
            raise SelectionError(f"view {self.full_name} has no part {part!r}; it has {known}")
        samples = ViewSamples(self._owner, self._paths, self._schema, self._record, part)
        if excluded := read_ledger(self._paths).excluded:
            view = f"view {self.full_name} of {self._owner}"
            advice = f"; make it anew, without them, by its recipe: {_describe_recipe(self)}"
            _check_kept(view, samples.origins[0], excluded, advice)
        return samples

    def __iter__(self) -> Iterator[str]:
        return iter(self._record.parts)

    def __len__(self) -> int:
        return len(self._record.parts)

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{part} {users} users" for part, (users, _) in self._record.parts.items()
        )
        return f"<View {self.full_name} of {self._owner}: {parts}>"

    def _repr_html_(self) -> str:
        rows = [(part, users) for part, (users, _) in self._record.parts.items()]
        return html_table(f"{self._owner} {self.full_name}", ("part", "users"), rows)


class ViewSamples(Samples):
    """One part of a view; its samples are users, in the view's order.

    The ragged fields of a user hold its rows. Fixed fields are there when all rows of every user
    come from one sample. Indices, also those of `rows()`, are places in `users`.
    """

    def __init__(
        self,
        owner: str,
        paths: SetPaths,
        schema: Schema,
        record: view_files.ViewRecord,
        part: str,
    ) -> None:
        self.name = part
        users, whole = record.parts[part]
        self._folder = record.folder(part)
        kept = {name: field for name, field in schema.fields.items() if whole or field.ragged}
        title = f"{owner} {record.root.name} {part}"
        super().__init__(title, paths.folders, Schema(kept), [Interval(0, users)])
        self._is_pair = schema.is_pair

    @cached_property
    def users(self) -> list[str]:
        """The names of the users, which may be those of other users in another view."""
        reader = ColumnReader((self._folder,), view_files.NAMES)
        column = self._read(lambda: reader.read(self.intervals))["users"]
        return [str(name) for name in column]

    @cached_property
    def origins(self) -> tuple[Ragged, Ragged]:
        """Where each row of each user comes from: the index of its sample, and its row in that."""
        reader = ColumnReader((self._folder,), view_files.ROWS)
        columns: Any = self._read(lambda: reader.map(self.intervals) or reader.read(self.intervals))
        return columns["sample"], columns["row"]

    def _check(self, parts: IntervalList) -> None:
        ColumnReader((self._folder,), view_files.PART).verify(self.intervals)
        super()._check(parts)

    def lengths(self, field: str | None = None) -> NDArray[np.int64]:
        """Return how many rows each user has, int64 `(users,)`; all ragged fields have as many."""
        if field is None or field in self.schema.fields:
            return self.origins[0].lengths
        raise SelectionError(f"{self.title} has no field {field!r}")

    @cached_property
    def _reader(self) -> Any:
        return _UserReader(self._folders, self.schema, self.origins)

    def _present(self, columns: dict[str, Any]) -> Any:
        """Stay with what the parameter set gives, whether fixed fields are left out or not."""
        return self.schema.present(columns) if self._is_pair else columns

    def _parts(self, n: int | None) -> list[Columns]:
        return [self._read(lambda: self._reader.read(self._first(len(self) if n is None else n)))]

    def _labels(self, n: int | None) -> tuple[str, ArrayLike]:
        return "user", self.users[:n]

    def _identity(self, n: int | None) -> str:
        return sha256_of([super()._identity(n), "/".join(self._folder.parts[-2:])])


class _UserReader:
    """Reads users as a `ColumnReader` reads samples; their places are the indices."""

    def __init__(
        self, folders: Sequence[Path], schema: Schema, origins: tuple[Ragged, Ragged]
    ) -> None:
        self._names, self._folders, self._schema = list(schema.fields), folders, schema
        self._sample, self._row = origins
        fixed = {name: field for name, field in schema.fields.items() if not field.ragged}
        ragged = {name: field for name, field in schema.fields.items() if field.ragged}
        self._samples = ColumnReader(folders, Schema(fixed)) if fixed else None
        self._rows = RowReader(folders, Schema(ragged)) if ragged else None

    def map(self, intervals: Sequence[Interval]) -> None:  # noqa: ARG002 (there never is one)
        return None

    def read(self, intervals: Sequence[Interval]) -> Columns:
        parts = [np.arange(*interval, dtype=np.int64) for interval in intervals]
        return self.take(np.concatenate([np.empty(0, np.int64), *parts]))

    def verify(self, intervals: Sequence[Interval]) -> None:
        parts = [self._sample[slice(*interval)].rows() for interval in intervals]
        samples = np.unique(np.concatenate([np.empty(0, np.int64), *parts]))
        RowReader(self._folders, self._schema).verify_samples(samples)

    def stream(self, intervals: Sequence[Interval]) -> Iterator[tuple[str, str, NDArray[Any]]]:
        for users in cut_into_batches(intervals, _USERS_AT_ONCE):
            yield from cut_columns(self.read([users]))

    def sample(self, place: int) -> dict[str, Any]:
        columns = self.take(np.array([place], np.int64))
        return {name: column[0] for name, column in columns.items()}

    def take(self, places: NDArray[np.int64]) -> Columns:
        sample, row = self._sample.take(places), self._row.take(places)
        columns: Columns = {}
        if self._rows is not None:
            rows = self._rows.take_rows(sample.values, row.values)
            columns |= {name: Ragged(values, sample.offsets) for name, values in rows.items()}
        if self._samples is not None:  # only where the first row of a user says it for all
            columns |= self._samples.take(sample.values[sample.offsets[:-1]])
        return {name: columns[name] for name in self._names}


def find_view(owner: str, paths: SetPaths, schema: Schema, wanted: str) -> View:
    """Return the view that a name, a name with the beginning of its digest, or a digest means.

    `owner` is what messages call the parameter set.

    Raises
    ------
    SelectionError
        When none or several answer to it; the message lists them.
    """
    return View(owner, paths, schema, view_files.read_view(view_files.find_view(paths, wanted)))


def _describe_recipe(view: View) -> str:
    """Return the options of all stages, without the samples that the first one began with."""
    options = [
        f"{key}={short_text(value)}"
        for key, value in view.recipe.items()
        if key not in {"parent", "set", "samples"}
    ]
    parent = view.parent
    return (f"{_describe_recipe(parent)}, then " if parent else "") + " ".join(options)


def _check_kept(view: str, samples: Ragged, excluded: IntervalSet, advice: str = "") -> None:
    """Refuse a view that has rows of excluded samples."""
    starts, stops = np.array(excluded.intervals, np.int64).T
    values: NDArray[np.int64] = samples.rows()
    places = np.searchsorted(starts, values, side="right") - 1
    found = np.unique(values[(places >= 0) & (values < stops[places])]).tolist()
    if found:
        named = IntervalSet((index, index + 1) for index in found).brief()
        # No SelectionError: `get` of a mapping and an export of all sets would pass over it.
        raise CacheError(f"{view} has rows of samples {named}, which are excluded{advice}")


def check_parts(
    name: str, parts: Mapping[str, Mapping[str, Any]], excluded: IntervalSet
) -> dict[str, tuple[Columns, bool]]:
    """Return the columns of each part of a view, and whether all rows of a user are of one sample.

    Raises
    ------
    SelectionError
        When a part has no users.
    CacheError
        When a part has rows of excluded samples.
    SchemaError
        When a part does not hold these fields, or a user has not as many rows as samples.
    """
    return {part: _checked(name, part, columns, excluded) for part, columns in parts.items()}


def _checked(
    name: str, part: str, columns: Mapping[str, Any], excluded: IntervalSet
) -> tuple[Columns, bool]:
    users = len(columns["users"])
    if not users:
        raise SelectionError(f"{part!r} of {name} has no users; nothing was kept")
    collected, _ = collect(dict(columns), users, view_files.PART, declared=True)
    sample, row = collected["sample"], collected["row"]
    if not (isinstance(sample, Ragged) and isinstance(row, Ragged)) or not np.array_equal(
        sample.lengths, row.lengths
    ):
        raise SchemaError(f"{part!r} of {name} does not have as many rows as samples for each user")
    if excluded:
        _check_kept(f"{part!r} of {name}", sample, excluded)
    return collected, view_files.rows_are_whole(collected)
