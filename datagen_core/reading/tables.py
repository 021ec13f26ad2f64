"""Flat tables of samples, one row for each row of their ragged fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SelectionError
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

    def verify(self) -> None:
        """Check the files of all these samples as `Samples.verify` does."""
        for each in (self, *self.more):
            for samples in each.parts.values():
                samples.verify()


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


def elements(selection: Selection) -> dict[str, str]:
    """Return "str" or "bytes" for columns of objects; unknown for a generator's own table."""
    if selection.table is not None:
        return {}
    found = dict.fromkeys(("set", "part", "user"), "str")
    parts = [samples for each in (selection, *selection.more) for samples in each.parts.values()]
    for name, field in (item for samples in parts for item in samples.schema.fields.items()):
        kind = field.element.__name__ if field.element else ""
        if found.setdefault(name, kind) != kind:
            raise other_types(name)
    return found


def other_types(name: str) -> SelectionError:
    """Return the error that a column cannot hold the values of all parameter sets."""
    return SelectionError(
        f"{name} has another type in another parameter set or part; export each alone, with -p"
    )


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
                else table(
                    samples.take(places), samples.indices_at(places), selection.param_set, rows
                )
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


def _cuts(samples: Samples) -> Iterator[int]:
    """Yield where to cut samples, so that blocks have similar numbers of rows."""
    yield 0
    if any(field.ragged for field in samples.schema.fields.values()):
        before = np.cumsum(samples.lengths())
        before //= _ROWS
        before += np.arange(1, len(before) + 1) // _MOST_SAMPLES
        yield from (np.flatnonzero(np.diff(before, prepend=0)) + 1).tolist()
    else:
        yield from range(_MOST_SAMPLES, len(samples), _MOST_SAMPLES)
    yield len(samples)


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
        return {"sample": np.repeat(samples.indices_at(places), lengths)}
    users = np.array([samples.users[place] for place in places], object)
    return {"user": np.repeat(users, lengths), "sample": samples.origins[0].take(places).values}
