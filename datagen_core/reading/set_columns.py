"""Columns that tell the parameter sets and splits of a table apart.

Of several sets these are `set`, its number; `version`, where it differs; each parameter that
differs, of nested ones the inner values (`inner.dt`); `seed`, unless it is a secret of one of them;
and `split`, which a table of one set has as well if it holds samples of several splits. Where a
field has the name of a parameter, the parameter is called `param_NAME`; where it has one of the
other names, that is `set_NAME`. So it is where a parameter and one of the others have one name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SelectionError
from datagen_core.generators.identity import canonical_json

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet

RESERVED = ("set", "part", "user", "sample")
"""Columns that no field may be called like."""


class SetColumns:
    """The columns of some parameter sets, each of which has one value in a column.

    Attributes
    ----------
    columns
        The values of all sets by the name of the column.
    split
        The name of the column of splits.
    """

    def __init__(self, param_sets: Sequence[ParamSet], fields: Collection[str]) -> None:
        taken = {*fields, *RESERVED}
        self.columns: dict[str, NDArray[Any]] = {}
        for kind, name, values in _values(param_sets) if len(param_sets) > 1 else ():
            is_taken = name in {*taken, *self.columns} and (kind, name) != ("set", "set")
            column = f"{kind}_{name}" if is_taken else name
            if column in self.columns or (column != name and column in taken):
                raise SelectionError(
                    f"two columns would be called {column!r}; choose other fields with --fields"
                )
            self.columns[column] = _as_array(values)
        self.split = "set_split" if "split" in {*taken, *self.columns} else "split"

    def of(self, place: int, rows: int) -> dict[str, NDArray[Any]]:
        """Return the columns of the set at a place, each repeated for some rows."""
        return {
            name: np.full(rows, values[place], values.dtype)
            for name, values in self.columns.items()
        }

    @property
    def texts(self) -> list[str]:
        """The names of columns of text."""
        return [*(name for name, each in self.columns.items() if each.dtype == object), self.split]


def _values(param_sets: Sequence[ParamSet]) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield kind (`set` or `param`), name and values of each column."""
    records = [each.record for each in param_sets]
    yield "set", "set", [each.number for each in param_sets]
    if len({record.version for record in records}) > 1:
        yield "set", "version", [record.version for record in records]
    flat = [dict(_flattened(record.params)) for record in records]
    for name in dict.fromkeys(name for each in flat for name in each):
        values = [each.get(name) for each in flat]
        if len({canonical_json(value) for value in values}) > 1:
            yield "param", name, values
    if not any(each.has_secret for each in param_sets):
        yield "set", "seed", [record.seed for record in records]


def _flattened(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _as_array(values: Sequence[Any]) -> NDArray[Any]:
    """Return JSON values as bool, int64, float64 (null is NaN) or else text (JSON, if it is none).

    A number that such a type does not hold exactly makes all of them text.
    """
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return np.array(values, bool)
    if kinds <= {int, float, type(None)} and kinds != {type(None)}:
        numbers = np.array([np.nan if each is None else each for each in values])
        if numbers.dtype.kind in "if" and all(
            each is None or number == each
            for number, each in zip(numbers.tolist(), values, strict=True)
        ):
            return numbers
    texts = [each if isinstance(each, str) else canonical_json(each) for each in values]
    return np.array(texts, object)


class SplitNames:
    """The names of the splits of a set, which are those of when this is first asked."""

    def __init__(self, param_set: ParamSet) -> None:
        self._set = param_set

    @cached_property
    def _ranges(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the starts of ranges of samples, ascending, and the name of each one's split."""
        bounds = {name: split.intervals.bounds for name, split in self._set.items()}
        starts = np.concatenate([each[:, 0] for each in bounds.values()])
        names = np.repeat(np.array(list(bounds), object), [len(each) for each in bounds.values()])
        order = np.argsort(starts)
        return starts[order], names[order]

    @cached_property
    def several(self) -> bool:
        """Whether more than one split has samples."""
        return len(set(self._ranges[1].tolist())) > 1

    def of(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return the name of each sample's split."""
        starts, names = self._ranges
        found: NDArray[Any] = names[np.searchsorted(starts, indices, side="right") - 1]
        return found
