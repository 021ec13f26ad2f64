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
from itertools import chain, islice
from types import GeneratorType
from typing import Any, TypeGuard

import numpy as np

from datagen_core.errors import SchemaError, count_of
from datagen_core.generators.columns import as_column, infer_field
from datagen_core.generators.ownership import FINAL, name_values, own_item, own_plain, refusal
from datagen_core.generators.schema import (
    Columns,
    Field,
    Ragged,
    Schema,
    clean_column,
    join_columns,
)

Row = Sequence[Any]
"""The values of a sample, or arrays of several, in the order of the batch's names."""

_PAIR = ("x", "y")


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
    values = batch.gather(made) if _is_iterator(made) else None
    try:
        return batch.join([_returned(made)]) if values is None else batch.convert(values)
    except SchemaError as error:
        raise batch.blame(error) from error.__cause__


def _is_iterator(made: object) -> TypeGuard[Iterable[object]]:
    if isinstance(made, GeneratorType):  # asking for abstract classes takes a while
        return True
    return isinstance(made, Iterable) and not isinstance(made, Mapping | tuple)


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
    names: tuple[str, ...] = ()
    """The fields of the first item; empty as long as there are only pairs of scalars."""

    def blame(self, error: SchemaError) -> SchemaError:
        """Let an error say whether it concerns the whole set."""
        error.whole_set = not self.declared
        return error

    def gather(self, made: Iterable[object]) -> Sequence[Sequence[Any]]:
        """Return copies of all items by field; the first one too many closes the generator."""
        try:
            return self._copy_all(iter(made))
        except BaseException:
            if isinstance(made, Generator):
                with suppress(Exception):  # what went wrong before counts
                    made.close()
            raise

    def _copy_all(self, made: Iterator[object]) -> Sequence[Sequence[Any]]:
        xs, ys, others = _copy_pairs(made, self.size + 1)
        count = len(xs)
        if others:
            rows: list[Row] = [*zip(xs, ys, strict=True)]
            items = chain(others, islice(made, self.size - count))
            while odd := self._copy_plain(rows, items):
                self._add(rows, odd[0])
                if self.are_pieces:
                    self._add_pieces(rows, made)
            xs, ys, count = [], [], len(rows)
        if count > self.size and not self.are_pieces:
            raise self._excess()
        return list(zip(*rows, strict=True)) if others else (xs, ys)

    def _add(self, rows: list[Row], item: object) -> None:
        """Add a copy of an item, its values in the order of the first one's."""
        try:
            owned = own_item(item, self.start + len(rows))
            rows.append(self._order(owned, len(rows)))
        except SchemaError as error:
            raise self.blame(error) from error.__cause__
        if self.are_pieces is None:
            self.are_pieces = _are_pieces(owned, self.schema)

    def _copy_plain(self, rows: list[Row], items: Iterator[object]) -> list[object]:
        """Add copies of items of scalars and arrays of numbers; return the first other, in a list.

        Calls for each item would cost a generator of small arrays a fifth of its time.
        """
        names = self.names if self.are_pieces is not None else None
        for item in items:
            row = None
            if type(item) is dict and tuple(item) == names:
                row = own_plain(item.values())
            elif type(item) is tuple and len(item) == 2 and names == _PAIR:
                row = own_plain(item)
            if row is None:
                return [item]
            rows.append(row)
        return []

    def _order(self, named: Mapping[str, Any], place: int) -> Row:
        if not self.names:
            self.names = _PAIR if place else tuple(named)
        if named.keys() != set(self.names):
            raise SchemaError(
                f"sample {self.start + place} has the fields {list(named)}, "
                f"sample {self.start} {list(self.names)}"
            )
        return tuple(named[name] for name in self.names)

    def _add_pieces(self, rows: list[Row], remaining: Iterator[object]) -> None:
        room = self._room_after(rows, self.size)
        for item in remaining:
            self._add(rows, item)
            room = self._room_after(rows[-1:], room)
            if all(_depth(value) != 0 and not len(value) for value in rows[-1]):
                rows.pop()  # pieces without samples would fill the memory too

    def _room_after(self, rows: Sequence[Row], room: int) -> int:
        room -= sum(map(_samples_in, rows))
        if room < 0:
            raise self._excess()
        return room

    def _excess(self) -> SchemaError:
        return SchemaError(
            f"the generator yielded more than {self.size} samples for a batch of {self.size}; "
            "stop after `size`, as in `for i in range(size)`",
            whole_set=True,
        )

    def convert(self, values: Sequence[Sequence[Any]]) -> tuple[Columns, Schema]:
        """Return the columns of all items."""
        count, names = len(values[0]) if values else 0, self.names or _PAIR
        if self.are_pieces or (self.are_pieces is None and count != self.size):
            return self.join(
                [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
            )
        if count != self.size:
            raise self._miscount(count)
        return self._make_columns(dict(zip(names, values, strict=True)), self.start), self._known

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
            raise SchemaError(
                f"the generator made {count_of(rows, 'sample')} for a batch of {self.size}"
            )
        return join_columns(columns), self._known

    @property
    def _known(self) -> Schema:
        assert self.schema is not None  # noqa: S101 (columns were made)
        return self.schema

    def _miscount(self, count: int) -> SchemaError:
        return SchemaError(
            f"the generator made {count_of(count, 'sample')} for a batch of {self.size}; "
            f"yield {count_of(self.size, 'sample')}, or arrays that hold as many"
        )

    def _make_columns(self, values: Mapping[str, Any], start: int) -> Columns:
        schema = self.schema or self._infer_schema(values, start)
        if values.keys() != schema.fields.keys():
            raise SchemaError(
                f"a sample has the fields {list(values)}; its schema has {list(schema.fields)}"
            )
        columns: Columns = {}
        for name, field in schema.fields.items():
            try:
                column = as_column(values[name], field, rounding=self.declared)
                columns[name] = clean_column(column)
            except Exception as error:  # an array of another package may refuse in any way
                convert = partial(as_column, field=field, rounding=self.declared)
                raise self._explain(name, values[name], start, convert, error) from error
        self.schema = schema
        return columns

    def _infer_schema(self, values: Mapping[str, Any], start: int) -> Schema:
        fields = {}
        for name, value in values.items():
            try:
                fields[name] = infer_field(value)
            except Exception as error:  # as above
                raise self._explain(name, value, start, infer_field, error) from error
        return Schema(fields)

    def _explain(
        self,
        name: str,
        values: Any,
        start: int,
        convert: Callable[[Any], object],
        error: Exception,
    ) -> SchemaError:
        """Return an error that names the field and the first sample that cannot be converted."""
        try:
            values[: len(values)]
        except Exception:  # no rows that could be tried one by one
            return SchemaError(f"field {name!r}: {error}")
        place, failure = _find_first(values, convert, error)
        value = values[place] if isinstance(values, Sequence | np.ndarray) else values[place:]
        return refusal(name, start + place, value, failure, self._advice())

    def _advice(self) -> str:
        if self.schema is None:
            return "yield values of one type, or fields of their own"
        if self.declared:
            return "change the value, or the generator's `schema`"
        return "the first batch decided its type: yield that in every batch, or declare `schema`"


def _copy_pairs(made: Iterator[object], most: int) -> tuple[list[Any], list[Any], list[object]]:
    """Return x and y of pairs of scalars up to the first other item, and that in a list.

    All x have one type, and all y; others are not as common. A loop of its own: calls would cost a
    generator of numbers a tenth of its time.
    """
    xs: list[Any] = []
    ys: list[Any] = []
    kinds: tuple[type, type] | None = None
    for item in islice(made, most):
        if type(item) is tuple and len(item) == 2:
            x, y = item
            if kinds is None and type(x) in FINAL and type(y) in FINAL:
                kinds = kind_x, kind_y = type(x), type(y)
            if kinds and type(x) is kind_x and type(y) is kind_y:
                xs.append(x)
                ys.append(y)
                continue
        return xs, ys, [item]
    return xs, ys, []


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


def _samples_in(piece: Row) -> int:
    return max((len(value) for value in piece if _depth(value) != 0), default=0)


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
