"""Turning what a generator yields into columns of one schema.

A generator yields samples one by one (a pair becomes `x, y`, a dict names its fields), or arrays
that hold many samples. The schema distinguishes them, and counting where there is none yet: if
there are as many items as samples, each is a sample; if there are fewer, they are pieces of the
batch, whose first dimensions add up. A function that returns a dict or a tuple instead of yielding
returns the whole batch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from datagen_core.errors import SchemaError
from datagen_core.generators.columns import as_column, infer_field
from datagen_core.generators.ownership import FINAL, name_values, own_item, refusal
from datagen_core.generators.schema import Columns, Field, Ragged, Schema, join_columns

Item = dict[str, Any] | tuple[Any, Any]
"""A sample, or arrays of several: values by the names of their fields, or a pair `x, y`."""

_Made = TypeVar("_Made")


def collect(
    made: object, size: int, schema: Schema | None, *, start: int = 0, declared: bool = False
) -> tuple[Columns, Schema]:
    """Return what a generator made for a batch of `size` samples, and its schema.

    What a generator yields is copied at once. It is closed when it yields too much.

    Parameters
    ----------
    made
        What the generator's function returned: an iterator, a dict or a tuple.
    size
        The required number of samples.
    schema
        The schema to enforce; None infers it from these samples.
    start
        The index of the first sample, for messages.
    declared
        Whether the schema was declared, and not inferred from the first batch. Floats may be
        rounded to the precision that a user declares. Everything else is held exactly.

    Raises
    ------
    SchemaError
        If there are too few or too many samples, or one does not fit the schema; `whole_set` unless
        the schema is a declared one.
    """
    batch = _Batch(size, schema, start, declared and schema is not None)
    yielded = None
    if isinstance(made, Iterable) and not isinstance(made, Mapping | tuple):
        yielded = batch.gather(made)
    try:
        return batch.join([_returned(made)]) if yielded is None else batch.convert(yielded)
    except SchemaError as error:
        raise batch.blame(error) from error.__cause__


def _returned(made: object) -> dict[str, Any]:
    if isinstance(made, Mapping | tuple):
        return name_values(made)
    raise SchemaError(f"a generator must yield samples or return arrays, not {type(made).__name__}")


@dataclass
class _Batch:
    """What is to be made: see `collect`."""

    size: int
    schema: Schema | None
    start: int
    declared: bool
    are_pieces: bool | None = None
    """Whether items are arrays of several samples; None as long as that is not known."""

    def blame(self, error: SchemaError) -> SchemaError:
        """Let an error say whether it concerns the whole set."""
        error.whole_set = not self.declared
        return error

    def gather(self, made: Iterable[object]) -> list[Item]:
        """Return copies of all items; the first one too many closes the generator."""
        try:
            return self._copy_all(made)
        finally:
            if isinstance(made, Generator):
                with suppress(Exception):  # what went wrong before counts
                    made.close()

    def _copy_all(self, made: Iterable[object]) -> list[Item]:
        items: list[Item] = []
        remaining = iter(made)
        for item in islice(remaining, self.size + 1):
            # Calls would cost a generator of numbers a tenth of its time.
            if type(item) is tuple and len(item) == 2:
                x, y = item
                if type(x) in FINAL and type(y) in FINAL:
                    items.append(item)
                    continue
            elif type(item) is dict and FINAL.issuperset(map(type, item.values())):
                items.append(dict(item))
                continue
            self._add(items, item)
            if self.are_pieces:
                self._add_pieces(items, remaining)
        if len(items) > self.size and not self.are_pieces:
            raise self._excess()
        return items

    def _add_pieces(self, items: list[Item], remaining: Iterator[object]) -> None:
        rows = sum(map(_rows_in, items))
        for item in remaining:
            if rows > self.size:
                break
            self._add(items, item)
            rows += _rows_in(items[-1])
            if not _rows_in(items[-1]):  # pieces without samples would fill the memory too
                items.pop()
        if rows > self.size:
            raise self._excess()

    def _excess(self) -> SchemaError:
        return SchemaError(
            f"the generator yielded more than {self.size} samples for a batch of {self.size}; "
            "stop after `size`, as in `for i in range(size)`",
            whole_set=True,
        )

    def _add(self, items: list[Item], item: object) -> None:
        """Add a copy of an item."""
        try:
            owned = own_item(item, self.start + len(items))
        except SchemaError as error:
            raise self.blame(error) from error.__cause__
        if self.are_pieces is None:
            self.are_pieces = _are_pieces(owned, self.schema)
        items.append(owned)

    def convert(self, items: list[Item]) -> tuple[Columns, Schema]:
        """Return the columns of all items."""
        count = len(items)
        if self.are_pieces or (self.are_pieces is None and count != self.size):
            return self.join([name_values(item) for item in items])
        if count != self.size:
            raise self._miscount(count)
        return self._make_columns(_transpose(items, self.start), self.start), self._known

    def join(self, pieces: Sequence[Mapping[str, Any]]) -> tuple[Columns, Schema]:
        """Return the columns of arrays that hold several samples each."""
        columns: list[Columns] = []
        rows = 0
        for piece in pieces:
            known = self.schema.fields if self.schema is not None else {}
            if any(_is_single(value, known.get(name)) for name, value in piece.items()):
                raise self._miscount(len(pieces))
            columns.append(self._make_columns(piece, self.start + rows))
            rows += _count_rows(columns[-1])
        if rows != self.size or not columns:
            raise SchemaError(f"the generator made {rows} samples for a batch of {self.size}")
        return join_columns(columns), self._known

    @property
    def _known(self) -> Schema:
        assert self.schema is not None  # noqa: S101 (columns were made)
        return self.schema

    def _miscount(self, count: int) -> SchemaError:
        return SchemaError(
            f"the generator made {count} samples for a batch of {self.size}; "
            f"yield {self.size} samples, or arrays that hold {self.size} samples"
        )

    def _make_columns(self, values: Mapping[str, Any], start: int) -> Columns:
        schema = self.schema
        if schema is None:
            fields = {
                name: self._attempt(name, value, start, infer_field)
                for name, value in values.items()
            }
            schema = Schema(fields)
        if values.keys() != schema.fields.keys():
            raise SchemaError(
                f"a sample has the fields {list(values)}; its schema has {list(schema.fields)}"
            )
        columns = {
            name: self._attempt(
                name, values[name], start, partial(as_column, field=field, rounding=self.declared)
            )
            for name, field in schema.fields.items()
        }
        self.schema = schema
        return columns

    def _attempt(
        self, name: str, values: Any, start: int, convert: Callable[[Any], _Made]
    ) -> _Made:
        """Convert values of consecutive samples; an error names the field and the sample."""
        try:
            return convert(values)
        except Exception as error:  # an array of another package may refuse in any way
            if not hasattr(values, "__getitem__"):
                raise SchemaError(f"field {name!r}: {error}") from error
            place, failure = _find_first(values, convert, error)
            value = values[place] if len(values) else values
            raise refusal(name, start + place, value, failure, self._advice()) from error

    def _advice(self) -> str:
        if self.schema is None:
            return "yield values of one type, or fields of their own"
        if self.declared:
            return "change the value, or the generator's `schema`"
        return "the first batch decided its type: yield that in every batch, or declare `schema`"


def _find_first(
    values: Sequence[Any], convert: Callable[[Any], object], error: Exception
) -> tuple[int, Exception]:
    """Return the place of the first value with which values cannot be converted, and why not."""
    failures = {}

    def fails(count: int) -> bool:
        try:
            convert(values[:count])
        except Exception as failure:  # whatever the whole column raised
            failures[count] = failure
        return count in failures

    count = bisect_left(range(len(values)), 1, lo=min(1, len(values)), key=fails)
    return max(0, count - 1), failures.get(count, error)


def _are_pieces(item: Mapping[str, Any], schema: Schema | None) -> bool | None:
    """Whether an item holds several samples, as its arrays show; None if they do not."""
    if any(isinstance(value, Ragged) for value in item.values()):
        return True
    depths = {name: _depth(value) for name, value in item.items()}
    if schema is None:
        return False if 0 in depths.values() else None
    ranks = {name: len(field.shape) + field.ragged for name, field in schema.fields.items()}
    excess = {depth - ranks.get(name, depth) for name, depth in depths.items() if depth is not None}
    return None if not {0, 1} & excess else 0 not in excess


def _depth(value: Any) -> int | None:
    """Return the number of dimensions of a value; None where it is empty and so says nothing."""
    depth = int(isinstance(value, Ragged))
    while isinstance(value, list | np.ndarray):
        depth += value.ndim if isinstance(value, np.ndarray) else 1
        if isinstance(value, np.ndarray) and value.dtype != object:
            break
        if not np.size(value) if isinstance(value, np.ndarray) else not value:
            return None
        value = value[0] if isinstance(value, list) else value.flat[0]
    return depth


def _rows_in(piece: Item) -> int:
    values = piece.values() if isinstance(piece, dict) else piece
    return max((len(value) for value in values if _depth(value) != 0), default=0)


def _transpose(items: Sequence[Item], start: int) -> dict[str, Sequence[Any]]:
    kinds = set(map(type, items))
    if kinds == {tuple}:  # no dict for each pair
        return dict(zip("xy", zip(*items, strict=True), strict=True))
    records: Any = [name_values(item) for item in items] if tuple in kinds else items
    first = records[0].keys()
    for index, record in enumerate(records, start):
        if record.keys() != first:
            raise SchemaError(
                f"sample {index} has the fields {list(record)}, sample {start} {list(first)}"
            )
    return {name: [record[name] for record in records] for name in first}


def _is_single(value: object, field: Field | None) -> bool:
    """Whether a value belongs to one sample, where an array of many is needed."""
    if isinstance(value, str | bytes) or not isinstance(value, Sized):
        return True
    rank = len(field.shape) + field.ragged if field is not None else 0
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        rank = 0  # its objects may be arrays
    return isinstance(value, np.ndarray) and value.ndim <= rank


def _count_rows(columns: Columns) -> int:
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        raise SchemaError(f"the arrays of a batch have different first dimensions: {rows}")
    return next(iter(rows.values()))
