"""A cache as Python sees it: `Cache → Dataset → ParamSet → Split`, read-only mappings.

Names of files answer every question about what there is; nothing here opens a shard, and numpy is
imported only when somebody asks for samples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from datagen_core.checks import check_kind, whole_number
from datagen_core.errors import (
    CacheError,
    ConfigurationError,
    SelectionError,
    UnreadableError,
    count_of,
    human_bytes,
    printable,
)
from datagen_core.generators.inputs import look_in
from datagen_core.reading.notebooks import html_table
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.selection import find, select, select_only
from datagen_core.reading.siblings import Records, Siblings
from datagen_core.store.access import is_unreadable, unreadable
from datagen_core.store.layout import SetPaths, inputs_folder
from datagen_core.store.ledger import read_ledger
from datagen_core.store.sets import list_generators, list_sets

if TYPE_CHECKING:
    from datagen_core.generators.params import Params
    from datagen_core.ranges import IntervalSet
    from datagen_core.reading.moving import MoveWords

VARIABLE = "DATAGEN_CACHE"
DEFAULT = "datagen-cache"


class Cache(Mapping[str, "Dataset"]):
    """All data sets in a folder, by the name of their generator.

    Parameters
    ----------
    path
        The folder; None for `$DATAGEN_CACHE`, else `./datagen-cache`. It need not exist.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        check_kind("the cache", path, (str, os.PathLike, NoneType), "the path of a folder")
        self.path = Path(path or os.environ.get(VARIABLE) or DEFAULT).absolute()
        if "\0" in str(self.path) or (self.path.exists() and not self.path.is_dir()):
            raise ConfigurationError(f"{self.path} is not a folder; name another one with --cache")
        look_in(inputs_folder(self.path))  # `input_path` finds what its parameter sets refer to

    def __getitem__(self, name: str) -> Dataset:
        if name not in list_generators(self.path):
            known = ", ".join(self) or "nothing yet"
            raise SelectionError(f"there is no data set {name!r} in {self.path}; it holds {known}")
        return Dataset(self.path / name)

    def __iter__(self) -> Iterator[str]:
        return (dataset.name for dataset in self.datasets())

    def datasets(self) -> Iterator[Dataset]:
        """Yield the data sets, as `values` does, but with one reading of the cache."""
        datasets = (Dataset(self.path / name) for name in list_generators(self.path))
        return (each for each in datasets if each or each.problems or each.unreadable)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Cache {self.path}: {', '.join(self) or 'empty'}>"

    def _repr_html_(self) -> str:
        rows = [(each.name, len(each), ", ".join(each.varying)) for each in self.datasets()]
        header = ("data set", "parameter sets", "parameters that differ")
        return html_table(f"Cache {self.path}", header, rows)


class _Found(NamedTuple):
    """What the folder of a data set holds, see `Dataset`."""

    sets: dict[int, SetPaths]
    problems: list[CacheError]
    unreadable: dict[int | None, UnreadableError]


def _look_into(folder: Path) -> _Found:
    errors: list[CacheError] = []
    sets = list_sets(folder, errors)
    closed = {_number_of(each): each for each in errors if isinstance(each, UnreadableError)}
    for number, paths in sets.items():
        if not os.access(paths.params, os.R_OK) and is_unreadable(paths.params):
            closed[number] = unreadable(paths.params)
    return _Found(
        {number: paths for number, paths in sets.items() if number not in closed},
        [each for each in errors if not isinstance(each, UnreadableError)],
        closed,
    )


def _number_of(error: UnreadableError) -> int | None:
    """Return the first set that a document of numbers gives a number; None for the folder."""
    name = Path(error.path).stem
    return int(name) if name.isdecimal() else None


class Dataset(Mapping[int, "ParamSet"]):
    """The parameter sets of one generator that this user may read, by number.

    Also indexed by parameters, `dataset[{"left": 0}]` or `dataset[NoisySineParams(left=0)]`, and by
    text: a number, `"left=0,std_dev=0.5"`, or the beginning of a digest.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder

    @cached_property
    def _found(self) -> _Found:
        return _look_into(self._folder)

    @property
    def _sets(self) -> dict[int, SetPaths]:
        return self._found.sets

    @property
    def problems(self) -> list[CacheError]:
        """Why parameter sets are left out: their numbers are damaged, or of a newer version."""
        return self._found.problems

    @property
    def unreadable(self) -> Mapping[int | None, UnreadableError]:
        """The parameter sets that this user may not read, by number: what is closed, and whose.

        None stands for all that the folder holds, where their numbers cannot be read. A document
        that numbers several sets stands for all of them.
        """
        return self._found.unreadable

    @cached_property
    def _siblings(self) -> Siblings:
        return Siblings(self._sets)

    @property
    def _records(self) -> Records:
        """The records by number; one that cannot be read does not keep others from being found."""
        found = self._siblings.records
        if self.unreadable and not found:
            raise next(iter(self.unreadable.values()))
        if self._siblings.problems and not any(found.values()):
            raise self._siblings.problems[0]
        return found

    @property
    def _candidates(self) -> Records:
        """The records of all sets that can be named, also of those that this user may not read."""
        closed = {number: None for number in self.unreadable if number is not None}
        return {**self._records, **closed}

    def _open(self, number: int) -> ParamSet:
        if number in self.unreadable:
            raise self.unreadable[number]
        return ParamSet(self._sets[number], number, self._siblings)

    def only(self) -> ParamSet:
        """Return the only parameter set that can be read.

        Raises
        ------
        SelectionError
            If there are none or several; the message lists them.
        """
        number = next(iter(self._sets)) if len(self) == 1 else select_only(self._records)
        return self._open(number)

    def __getitem__(self, key: int | str | Mapping[str, Any] | Params) -> ParamSet:
        if not isinstance(key, str | Mapping) and not hasattr(key, "canonical"):
            key = whole_number("the parameter set", key)
        if isinstance(key, int) and (key in self._sets or key in self.unreadable):
            return self._open(key)
        try:
            return self._open(self._select(key))
        except SelectionError:
            if self.problems:  # what is wanted may be among those that cannot be read
                raise self.problems[0] from None
            raise

    def _select(self, key: int | str | Mapping[str, Any] | Params) -> int:
        if isinstance(key, int | str | Mapping):
            return select(self._candidates, key)
        from datagen_core.generators.declarations import (  # with pydantic
            defaults_of,
            renamed_params,
        )

        defaults, renamed = defaults_of(type(key)), renamed_params(type(key))
        return select(self._candidates, key.canonical(), defaults, renamed)

    def find(self, *wanted: str) -> list[ParamSet]:
        """Return all parameter sets that fit; those of all numbers without an argument.

        Parameters
        ----------
        wanted
            Numbers or beginnings of digests, such as `"0"`; conditions, all of which must hold,
            such as `"left=0"`, or `"label=run-*"`, where `*` stands for any characters and `?` for
            one. Other parameters may have any values.

        Raises
        ------
        SelectionError
            When a number or digest fits no set or several, or no set has such a parameter.
        """
        numbers = find(self._candidates, wanted) if wanted else self._sets
        return [self._open(number) for number in numbers]

    def move(
        self,
        n: int | None = None,
        split: str | None = None,
        *,
        sets: Sequence[str] = (),
        **words: Unpack[MoveWords],
    ) -> dict[int, IntervalSet]:
        """Move raw samples of all sets, or of those that `find` finds; return which, by number.

        Nothing is moved when that is refused for one of the sets. Each set is changed at once; a
        call that was interrupted is repeated with `total=True`, see `ParamSet.move`.
        """
        from datagen_core.reading.moving import check_progress, read_choice, take  # not for a list

        choice = read_choice(n, split, **words)
        chosen = self.find(*sets)
        check_progress(chosen, choice)
        for each in chosen:
            choice.plan(each, read_ledger(each.paths))
        return {each.number: take(each, choice) for each in chosen}

    def __iter__(self) -> Iterator[int]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    @property
    def varying(self) -> list[str]:
        """The names of the parameters that are not the same in all sets, sorted."""
        return sorted(self._siblings.varying)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]  # whatever it is
        except (SelectionError, ConfigurationError, UnreadableError):
            return False
        return True

    def __repr__(self) -> str:
        lines = [f"  {number}: {printable(_describe(set_))}" for number, set_ in self.items()]
        return (
            "\n".join([f"<Dataset {self.name}: {count_of(len(self), 'parameter set')}", *lines])
            + ">"
        )

    def _repr_html_(self) -> str:
        rows = [_summarize(param_set) for param_set in self.values()]
        return html_table(self.name, ("set", "parameters", "samples", "begun", "size"), rows)


def _summarize(param_set: ParamSet) -> tuple[object, ...]:
    """Return what a notebook shows of a set in one line."""
    number = str(param_set.number)
    try:
        described = param_set.describe(with_seed=not param_set.has_secret)
        created, size = param_set.record.created, human_bytes(param_set.bytes)
        return number, described, param_set.describe_counts(), (created or "")[:10], size
    except (CacheError, OSError) as error:
        return number, str(error), None, None, None


def _describe(param_set: ParamSet) -> str:
    try:
        return param_set.describe()
    except CacheError as error:
        return str(error)
