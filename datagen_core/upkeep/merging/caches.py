"""All sets of another cache, and those of this one that they are joined with."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

from datagen_core.errors import (
    CacheError,
    ConfigurationError,
    DamagedFileError,
    DatagenError,
    SelectionError,
)
from datagen_core.files import expand_home, sync
from datagen_core.ranges import IntervalSet
from datagen_core.reading.cache import Cache
from datagen_core.store.access import fault_of, is_unreadable, unreadable
from datagen_core.store.documents import read_document, write_document
from datagen_core.store.folders import remove_litter
from datagen_core.store.layout import SetPaths, inputs_folder, list_names, numbered
from datagen_core.store.links import list_data_sets
from datagen_core.store.numbers import (
    NUMBER_FORMAT,
    number_sets,
    numbering,
    parse_numbered,
    read_numbers,
)
from datagen_core.store.publishing import drafting
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import read_set
from datagen_core.upkeep.inventory import find_sets
from datagen_core.upkeep.merging.files import Counter, Refusal
from datagen_core.upkeep.merging.sets import Found, ImportedSet, UnequalError, mend, prepare

Observer = Callable[[str], None]
"""Is told in a few words, often, what is being done."""

_NOTHING = IntervalSet()
_NO_SET = "given-up"
"""What a number is for that is given up; no set has such a name, so that it is a gap."""


def import_cache(
    other: str | os.PathLike[str],
    names: Collection[str] = (),
    cache: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    origin: str = "",
    observe: Observer | None = None,
) -> list[ImportedSet]:
    """Bring what another cache has into one, and return what became of each set of it.

    Parameters
    ----------
    other
        The folder of the other cache; the same one is mended.
    names
        The data sets to import; all if there are none.
    cache
        The cache to import into, as for `Cache`.
    dry_run
        Whether only to say what would be done; nothing is written.
    origin
        What the other cache is called while its samples are on their way, by default its path.

    Raises
    ------
    ConfigurationError
        If the other one is not the folder of a cache.
    SelectionError
        If it has no such data set.
    """
    source, target = _find(other), Cache(cache).path
    chosen, outcomes = _choose(source, names), list[ImportedSet]()
    total = sum(map(len, chosen.values()))
    for folder, sets in chosen.items():
        if is_unreadable(folder):
            refusal = Refusal(_NOTHING, str(unreadable(folder)))
            outcomes.append(ImportedSet(folder.name, refused=[refusal]))
            continue
        here = _Here(target / folder.name)
        if not dry_run:
            remove_litter(here.folder, here.folder / "tmp")
        for paths, number in sets:
            task = _Task(paths, number, origin or str(source.resolve()))
            where = f"{task}, set {len(outcomes) + 1} of {total}"
            if observe:
                observe(where)
            outcomes.append(task.do(here, partial(_observe_file, observe, where), dry_run=dry_run))
        if not dry_run:
            _number(here.folder, [each for each in outcomes if each.paths], mend=folder)
        _tell_numbers(here.folder, outcomes)
    return outcomes


def _observe_file(observe: Observer | None, where: str, done: int, files: int) -> None:
    if observe:
        observe(f"{where}: {done} of {files} files")


def _find(other: str | os.PathLike[str]) -> Path:
    path = expand_home(Path(other))
    if path.is_file():
        raise ConfigurationError(
            f"{path} is a file; give the folder of a cache, or, if `datagen pack` wrote it, unpack "
            f"it: datagen unpack {shlex.quote(str(path))}"
        )
    if not path.exists():
        raise ConfigurationError(f"there is no folder {path}; give that of a cache")
    return Cache(path).path


def _choose(source: Path, names: Collection[str]) -> dict[Path, list[tuple[SetPaths, int | None]]]:
    """Return the folders of data sets, and their sets with numbers; none of what is closed."""
    folders = [each for each in list_data_sets(source) if each != inputs_folder(source)]
    listed = {each: [] if is_unreadable(each) else _list_sets(each) for each in folders}
    found = {each.name: each for each, sets in listed.items() if sets or is_unreadable(each)}
    # Generators that are files are named by their path.
    wanted = [name.rpartition(":")[2] for name in names]
    if not found:
        raise ConfigurationError(f"{source} has no data sets; give the folder of a cache")
    for name in wanted:
        if name not in found:
            has = ", ".join(found)
            raise SelectionError(f"there is no data set {name!r} in {source}; it holds {has}")
    return {each: listed[each] for name, each in found.items() if name in wanted or not wanted}


def _list_sets(folder: Path) -> list[tuple[SetPaths, int | None]]:
    """Return the sets of a data set with their numbers, in their order; then those without one.

    With those that this user may not look into, if the data set lists them.
    """
    numbers = _first_numbers(folder)
    headless, sets = find_sets(folder)
    closed = [SetPaths(folder / name) for name in numbers if is_unreadable(folder / name)]
    found = [(paths, numbers.get(paths.root.name)) for paths in (*sets, *headless, *closed)]
    return sorted(found, key=lambda each: (each[1] is None, each[1] or 0, each[0].root.name))


def _first_numbers(folder: Path) -> dict[str, int]:
    numbers = read_numbers(folder / "numbers", [])
    return {name: number for number, name in reversed(numbers.items())}


class _Here:
    """The sets of a data set of this cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, record: SetRecord, name: str) -> SetPaths:
        """Return the set of a record, whatever its folder is called, or where it is to be."""
        for each in self._names[record.digest[:8]]:
            paths = SetPaths(self.folder / each)
            if paths.params.exists() and read_set(paths).digest == record.digest:
                return paths
        self._names[record.digest[:8]].append(name)
        return SetPaths(self.folder / name)

    @cached_property
    def _names(self) -> defaultdict[str, list[str]]:
        """The names of folders by the digits that they end with; those with numbers come first."""
        found = defaultdict(list)
        numbers = _first_numbers(self.folder)
        for name in sorted(list_names(self.folder), key=lambda each: (each not in numbers, each)):
            found[name[-8:]].append(name)
        return found


class _Task:
    """A set of the other cache that is to be imported."""

    def __init__(self, paths: SetPaths, number: int | None, origin: str) -> None:
        self._paths, self._number, self._origin = paths, number, origin
        name = paths.root.name if number is None else number
        self._outcome = ImportedSet(f"{paths.root.parent.name} {name}")

    def __str__(self) -> str:
        return self._outcome.there

    def do(self, here: _Here, observe: Counter, *, dry_run: bool) -> ImportedSet:
        """Import it, or say what would become of it; what cannot be read is refused."""
        outcome = self._outcome
        try:
            self._do(here, observe, dry_run=dry_run)
        except UnequalError as error:
            outcome.refused.append(Refusal(error.samples, str(error)))
        except DatagenError as error:
            outcome.refused.append(Refusal(_NOTHING, str(error)))
        return outcome

    def _do(self, here: _Here, observe: Counter, *, dry_run: bool) -> None:
        outcome, found = self._outcome, self._look()
        target = here.find(found.record, self._paths.root.name)
        outcome.is_new = not target.params.exists()
        if _is_same_folder(self._paths.root, target.root):
            outcome.paths = target
            mend(target, outcome, dry_run=dry_run)
            return
        try:
            job = prepare(found, target, self._origin)
            outcome.alive = job.is_alive
        except OSError as error:  # it vanished, or may not be read; nothing was written yet
            raise fault_of(self._paths.root, error) from None
        outcome.paths = target
        if dry_run:
            job.foresee(outcome)
        else:
            job.carry_out(outcome, observe)

    def _look(self) -> Found:
        paths = self._paths
        if is_unreadable(paths.root):
            raise unreadable(paths.root)
        if not paths.params.exists():
            raise CacheError(f"{paths.root} has samples but no params.json; restore it first")
        try:
            record = read_set(paths)
        except OSError as error:
            raise fault_of(paths.root, error) from None
        if record.generator != paths.root.parent.name or not record.is_called(paths.root.name):
            raise DamagedFileError(
                f"{paths.params} is not the record of {paths.root.parent.name}/{paths.root.name}; "
                "`datagen verify` says what it is"
            )
        return Found(paths, record, self._number)


def _is_same_folder(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False


def _number(folder: Path, outcomes: Collection[ImportedSet], *, mend: Path) -> None:
    """Give numbers to sets that have none; where a data set is mended, give up second ones."""
    sets = [each.paths for each in outcomes if each.paths and each.paths.root.parent == folder]
    number_sets(list(dict.fromkeys(each for each in sets if each.params.exists())))
    if _is_same_folder(folder, mend):
        _give_up_second_numbers(folder)


def _tell_numbers(folder: Path, outcomes: Collection[ImportedSet]) -> None:
    numbers = _first_numbers(folder)
    for each in outcomes:
        if each.paths and each.paths.root.parent == folder:
            each.number = numbers.get(each.paths.root.name)


def _give_up_second_numbers(folder: Path) -> None:
    """Take second numbers from sets; nobody gets them, so that no number means two sets."""
    first = _first_numbers(folder)
    for start in numbered(folder / "numbers"):
        with suppress(CacheError):  # whose numbers are not known
            _give_up(folder, start, first)


def _give_up(folder: Path, start: int, first: Mapping[str, int]) -> None:
    path = folder / "numbers" / f"{start}.json"
    names = read_document(path, NUMBER_FORMAT, parse_numbered)
    kept = [
        name if first.get(name, number) == number else _NO_SET
        for number, name in enumerate(names, start)
    ]
    if kept != names:
        with drafting(folder / "tmp", path) as draft:
            draft.write(write_document(numbering(kept)).encode())
            sync(draft.descriptor)
            draft.replace()
