"""The parameter sets of one generator, and in words what tells one of them from the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from datagen_core.errors import DatagenError
from datagen_core.generators.identity import short_text
from datagen_core.store.access import fault_of
from datagen_core.store.layout import SetPaths
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import read_set

Records = Mapping[int, SetRecord | None]
"""The sets of one generator by number; None for one whose record cannot be read."""


class Contrast(NamedTuple):
    """What the defaults alone do not say of parameter sets, since they were begun with others.

    Attributes
    ----------
    names
        The parameters that differ among the sets, though each may be at a default of its time.
    versions
        Whether the sets are of several versions of their generator.
    """

    names: frozenset[str] = frozenset()
    versions: bool = False


class Siblings:
    """The records of one generator's sets, each of which is read once, when it is asked for."""

    def __init__(self, sets: Mapping[int, SetPaths]) -> None:
        self._sets = sets
        self._read: dict[int, SetRecord] = {}
        self.problems: list[DatagenError] = []

    def record(self, number: int) -> SetRecord:
        """Return the record of one set.

        Raises
        ------
        CacheError
            If it cannot be read.
        """
        if number not in self._read:
            self._read[number] = read_set(self._sets[number])
        return self._read[number]

    @cached_property
    def records(self) -> Records:
        """All records; `problems` gets the errors of those that cannot be read."""
        return {number: self._try(number) for number in self._sets}

    def _try(self, number: int) -> SetRecord | None:
        try:
            return self.record(number)
        except Exception as error:
            self.problems.append(fault_of(self._sets[number].root, error))
            return None

    @cached_property
    def _contrast(self) -> Contrast:
        return find_contrast(self.records)

    @cached_property
    def varying(self) -> frozenset[str]:
        """The names of the parameters that are not the same in all sets that can be read."""
        known = _params([record for _, record in readable(self.records)])
        names = {name for each in known for name in each}
        return frozenset(name for name in names if _vary(name, known))

    def describe(self, number: int, *, with_seed: bool = True) -> str:
        """Return the parameters that tell a set from its siblings, and from the defaults."""
        record = self.record(number)
        return describe(record if with_seed else replace(record, seed=0), self._contrast)


def readable(records: Records) -> Iterator[tuple[int, SetRecord]]:
    """Yield number and record of the sets whose records can be read."""
    return ((number, record) for number, record in records.items() if record is not None)


def find_contrast(records: Records) -> Contrast:
    """Return what defaults alone do not say of some sets of a generator."""
    known = [record for _, record in readable(records)]
    defaults: list[Mapping[str, Any]] = []
    for record in known:
        if record.defaults not in defaults:  # there are few different ones
            defaults.append(record.defaults)
    names = {name for each in defaults for name in each}
    changed = {name for name in names if _vary(name, defaults) and _vary(name, _params(known))}
    contrast = Contrast(frozenset(changed), len({record.version for record in known}) > 1)
    later = {name for name in names if any(name not in each for each in defaults)}
    if later and len({describe(record, contrast) for record in known}) < len(known):
        return contrast._replace(names=contrast.names | later)
    return contrast


def _params(records: Sequence[SetRecord]) -> list[Mapping[str, Any]]:
    return [record.params for record in records]


def _vary(name: str, mappings: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether mappings have different values under a name; some may have none."""
    values = (each[name] for each in mappings if name in each)
    first = next(values, None)
    return any(value != first for value in values)


def describe(record: SetRecord, contrast: Contrast) -> str:
    """Return the parameters that differ from the defaults or tell a set from its siblings.

    The seed is among them when it is not 0, and the version when there are several.
    """
    names = {*record.changed, *contrast.names}
    shown = {name: value for name, value in record.params.items() if name in names}
    seed = {"seed": record.seed} if record.seed else {}
    version = {"version": record.version} if contrast.versions else {}
    words = {**shown, **seed, **version}.items()
    return " ".join(f"{key}={short_text(value)}" for key, value in words) or "defaults"
