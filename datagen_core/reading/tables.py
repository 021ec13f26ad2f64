"""Tables of samples, block by block: one of the rows of ragged fields, and one of the samples."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import ConfigurationError, SelectionError
from datagen_core.generators.schema import Columns, Ragged
from datagen_core.reading.samples import Samples
from datagen_core.reading.set_columns import RESERVED, SetColumns, SplitNames
from datagen_core.reading.views import View, ViewSamples

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet

Block = dict[str, NDArray[Any]]
"""Consecutive rows of a table by column; a column of vectors is `(rows, *shape)`."""

_ROWS = 16_384
"""About how many rows are in memory at once."""

_MOST_SAMPLES = 4_096

_MOST_SHARDS = 99_999


class _Silence:
    """Counts without a word; in signatures its name is readable."""

    def __call__(self, done: int, total: int) -> None:
        """Say nothing."""

    def __repr__(self) -> str:
        return "silence"


_SILENCE = _Silence()


@dataclass(frozen=True)
class Selection:
    """What is exported.

    Attributes
    ----------
    param_set
        The parameter set that it belongs to.
    parts
        The samples: of splits by name, or of all splits as `all`, or of a view by part.
    view
        The view, where it is one.
    more
        The same of further parameter sets, whose rows follow in one table.
    table
        Makes the rows, where the generator has a table of its own.
    progress
        Called with the number of samples that are written, and of all.
    """

    param_set: ParamSet
    parts: Mapping[str, Samples]
    view: View | None = None
    more: tuple[Selection, ...] = ()
    table: Table | None = None
    progress: Callable[[int, int], None] = field(default=_SILENCE, compare=False)

    @property
    def sets(self) -> tuple[Selection, ...]:
        """What is exported of each parameter set."""
        return (self, *self.more)

    @property
    def count(self) -> int:
        """The number of samples, or of users of a view."""
        return sum(len(samples) for each in self.sets for samples in each.parts.values())

    def verify(self) -> None:
        """Check the files of all these samples as `Samples.verify` does."""
        for each in self.sets:
            for samples in each.parts.values():
                samples.verify()

    def only(self, *fields: str) -> Selection:
        """Return the same samples with some of their fields; all when none is named.

        Raises
        ------
        SelectionError
            When there is no such field.
        """
        parts = {name: samples.only(*fields) for name, samples in self.parts.items()}
        return replace(self, parts=parts, more=tuple(each.only(*fields) for each in self.more))


Table = Callable[[Mapping[str, Any], NDArray[np.int64], "ParamSet", int], Block]
"""`(columns, indices, param_set, first_row) -> rows`: the rows of consecutive samples as columns of
equal length. `indices` are the samples', and `first_row` counts the rows before."""


@dataclass(frozen=True)
class Layout:
    """How samples become tables.

    Attributes
    ----------
    fields
        The fields that are written, or the columns of a generator's own table; all if empty.
    shards
        The number of files of each table, with about as many samples each.
    flat
        Whether fields that are not ragged are repeated for each row, in one table.
    """

    fields: tuple[str, ...] = ()
    shards: int = 1
    flat: bool = False

    def tables_of(self, selection: Selection) -> tuple[str, ...]:
        """Return the names of the tables: `rows`, and `samples` if there is one of these."""
        schema, names = next(iter(selection.parts.values())).schema, _common_fields(selection)
        ragged = {schema.fields[name].ragged for name in names if name in (self.fields or names)}
        is_one = self.flat or selection.table is not None or len(ragged) == 1
        return ("rows",) if is_one else ("rows", "samples")


def read_layout(options: Mapping[str, str]) -> Layout:
    """Return what options say, which are text.

    Raises
    ------
    ConfigurationError
        For a number of shards below 1 or above 99,999, or `flat` that is neither yes nor no.
    """
    fields = tuple(name.strip() for name in options.get("fields", "").split(",") if name.strip())
    shards, flat = options.get("shards", "1"), options.get("flat", "no")
    if not (shards.isdecimal() and 1 <= int(shards) <= _MOST_SHARDS):
        raise ConfigurationError(f"shards is {shards!r}; give a number from 1 to {_MOST_SHARDS}")
    if flat not in {"yes", "no"}:
        raise ConfigurationError(f"flat is {flat!r}; give yes or no")
    return Layout(fields, int(shards), flat == "yes")


class Piece(NamedTuple):
    """The rows of consecutive samples in each table, and the number of their shard."""

    shard: int
    tables: Mapping[str, Block]


def pieces(selection: Selection, layout: Layout) -> Iterator[Piece]:
    """Yield the rows of tables, block by block.

    The first columns are those of `datagen_core.reading.set_columns`, `part`, when there are
    several; `user`, the user's name, in a view; and `sample`, the index of the sample that the row
    comes from. Then come the fields: in `rows` those that are ragged, in `samples` the others, with
    a row for each sample, or for each user of a view; in one table, fixed fields are repeated. A
    generator's own table has its own columns, and behind them those of the set that it lacks.

    Raises
    ------
    SelectionError
        When ragged fields have different lengths, or a field is called like one of these columns,
        or parameter sets differ in their columns.
    ConfigurationError
        When there are fewer samples than shards.
    """
    total = selection.count
    if layout.shards > total:
        raise ConfigurationError(
            f"{layout.shards} files need at least {layout.shards} samples; there are {total}"
        )
    selection = _choose(selection, layout)
    source = _Source(selection, layout)
    ends = ends_of_shards(total, layout.shards)
    done, columns = 0, dict[str, list[str]]()
    for place, part, samples in source.parts():
        for shard, start, stop in cut(samples, ends, done):
            tables = source.blocks(place, part, np.arange(start, stop))
            for name, block in tables.items():
                _check_equal(columns.setdefault(name, list(block)), block, selection.sets[place])
            yield Piece(shard, tables)
            selection.progress(done + stop, total)
        done += len(samples)


def _choose(selection: Selection, layout: Layout) -> Selection:
    """Return a selection with the fields of a layout; a generator's own table needs them all."""
    return selection if selection.table is not None else selection.only(*layout.fields)


def set_columns(selection: Selection) -> SetColumns:
    """Return the columns that tell the sets of a selection apart."""
    parts = [samples for each in selection.sets for samples in each.parts.values()]
    fields = {name for samples in parts for name in samples.schema.fields}
    if selection.table is not None:
        fields.clear()
    for name in RESERVED:
        if name in fields:
            raise SelectionError(
                f"the field {name!r} has the name of a column that tables have; choose other "
                "fields with --fields"
            )
    return SetColumns([each.param_set for each in selection.sets], fields)


class _Source:
    """Makes the blocks of the tables of a selection."""

    def __init__(self, selection: Selection, layout: Layout) -> None:
        self._selection, self._layout = selection, layout
        self._names = layout.tables_of(selection)
        self._sets = set_columns(selection)
        self._splits = [SplitNames(each.param_set) for each in selection.sets]
        self._rows = 0

    def parts(self) -> Iterator[tuple[int, str, Samples]]:
        """Yield the place of each set, and its parts with their names."""
        for place, each in enumerate(self._selection.sets):
            for part, samples in each.parts.items():
                if len(samples):
                    yield place, part, samples

    def blocks(self, place: int, part: str, positions: NDArray[np.int64]) -> dict[str, Block]:
        """Return the rows of some samples of a part in each table."""
        selection = self._selection.sets[place]
        samples = selection.parts[part]
        if self._selection.table is not None:
            return {"rows": self._own_block(place, part, positions)}
        taken = samples.schema.by_field(samples.take(positions))
        columns = {name: taken[name] for name in _common_fields(selection)}
        front = {
            **self._sets.of(place, len(positions)),
            **self._splits_of(place, part, samples.indices_at(positions)),
            **_part(selection, part, len(positions)),
            **label_samples(samples, positions),
        }
        return self._arranged(samples, positions, front, columns)

    def _arranged(
        self, samples: Samples, positions: NDArray[np.int64], front: Block, columns: Columns
    ) -> dict[str, Block]:
        ragged = {name: each for name, each in columns.items() if isinstance(each, Ragged)}
        fixed = {name: each for name, each in columns.items() if not isinstance(each, Ragged)}
        if not ragged:
            return {"rows": {**front, **fixed}}
        lengths = _common_lengths(ragged)
        rows = {name: np.repeat(column, lengths) for name, column in front.items()}
        if isinstance(samples, ViewSamples):
            rows["sample"] = samples.origins[0].take(samples.indices_at(positions)).values
        if "samples" in self._names:
            inside = {name: each.rows() for name, each in ragged.items()}
            return {"rows": {**rows, **inside}, "samples": {**front, **fixed}}
        values = {
            name: each.rows() if isinstance(each, Ragged) else np.repeat(each, lengths, axis=0)
            for name, each in columns.items()
        }
        return {"rows": {**rows, **values}}

    def _splits_of(self, place: int, part: str, indices: NDArray[np.int64]) -> Block:
        selection, splits = self._selection, self._splits[place]
        is_all = selection.sets[place].parts.keys() == {"all"}
        several = splits.several if is_all else len(selection.parts) > 1
        if selection.view or not (selection.more or several):
            return {}
        names = splits.of(indices) if is_all else np.full(len(indices), part, object)
        return {self._sets.split: names}

    def _own_block(self, place: int, part: str, positions: NDArray[np.int64]) -> Block:
        """Return rows of the generator's own table, and behind them what it lacks."""
        selection, make = self._selection.sets[place], self._selection.table
        samples, indices = selection.parts[part], selection.parts[part].indices_at(positions)
        assert make is not None  # noqa: S101 (for the type checker)
        block = make(samples.take(positions), indices, selection.param_set, self._rows)
        rows = _rows(block)
        self._rows += rows
        added = self._sets.of(place, rows)
        if "sample" in block:
            added |= self._splits_of(place, part, block["sample"])
        behind = {name: column for name, column in added.items() if name not in block}
        return self._chosen({**_part(selection, part, rows), **block, **behind})

    def _chosen(self, block: Block) -> Block:
        for name in self._layout.fields:
            if name not in block:
                raise SelectionError(f"the table has no column {name!r}; it has {', '.join(block)}")
        return {name: block[name] for name in self._layout.fields or block}


def elements(selection: Selection, layout: Layout) -> dict[str, str]:
    """Return "str" or "bytes" for columns of objects; unknown for a generator's own table."""
    selection = _choose(selection, layout)
    known = dict.fromkeys(("part", "user", *set_columns(selection).texts), "str")
    if selection.table is not None:
        return {}
    parts = [samples for each in selection.sets for samples in each.parts.values()]
    for name, item in (pair for samples in parts for pair in samples.schema.fields.items()):
        kind = item.element.__name__ if item.element else ""
        if known.setdefault(name, kind) != kind:
            raise other_types(name)
    return known


def other_types(name: str) -> SelectionError:
    """Return the error that a column cannot hold the values of all parameter sets."""
    return SelectionError(
        f"{name} has another type in another parameter set or part; export each alone, with -p"
    )


def _rows(block: Block) -> int:
    return len(next(iter(block.values())))


def _check_equal(expected: list[str], block: Block, selection: Selection) -> None:
    if list(block) != expected:
        other = next(iter(set(expected) ^ set(block)), "their order")
        raise SelectionError(
            f"{selection.param_set} has other columns than the first parameter set ({other}); "
            "export it alone, with -p"
        )


def _common_fields(selection: Selection) -> list[str]:
    """Return the fields of all parts: users of one part may have fixed fields, others have not."""
    schemas = [samples.schema.fields for samples in selection.parts.values()]
    return [name for name in schemas[0] if all(name in fields for fields in schemas)]


def ends_of_shards(total: int, shards: int) -> list[int]:
    """Return the number of samples up to the end of each shard, of which all have about as many."""
    return [total * (shard + 1) // shards for shard in range(shards)]


def cut(samples: Samples, ends: Sequence[int], done: int) -> Iterator[tuple[int, int, int]]:
    """Yield parts of samples with similar numbers of rows, each with the number of its shard.

    Parameters
    ----------
    ends
        The number of samples up to the end of each shard.
    done
        The number of samples before these.

    Yields
    ------
    shard, start, stop
        The number of the shard, and the positions of the part.
    """
    borders = {end - done for end in ends if 0 < end - done < len(samples)}
    for start, stop in pairwise(sorted({*_cuts(samples), *borders})):
        yield bisect_right(ends, done + start), start, stop


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


def _common_lengths(ragged: Mapping[str, Ragged]) -> NDArray[np.int64]:
    (first, column), *others = ragged.items()
    for name, other in others:
        if not np.array_equal(other.lengths, column.lengths):
            raise SelectionError(
                f"{first} and {name} differ in length, so they cannot be columns of one table; "
                "choose fields with --fields"
            )
    return column.lengths


def _part(selection: Selection, part: str, rows: int) -> Block:
    several = selection.view is not None and len(selection.parts) > 1
    return {"part": np.full(rows, part, object)} if several else {}


def label_samples(samples: Samples, positions: NDArray[np.int64]) -> Block:
    """Return the column that tells samples apart: their index, or the name of a user of a view."""
    indices = samples.indices_at(positions)
    if not isinstance(samples, ViewSamples):
        return {"sample": indices}
    return {"user": np.array([samples.users[place] for place in indices.tolist()], object)}
