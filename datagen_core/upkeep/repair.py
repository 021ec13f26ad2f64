"""Repairing a parameter set: damaged files are set aside, and what they held is made again.

A damaged file is moved, never deleted, into the set's folder `damaged`, under a name that says
where it was. Then its samples are missing, unless another sound file holds them, and are made like
all that are missing: by the same code, which the run's take-up makes sure of. So are results, by
the preprocessor that has made the others. Where that code is not trusted, nothing is moved; where
it turns out to be other code, what was moved is put back.

A repair that is killed leaves such samples missing; the next one finds them by what was set aside.
Of several repairs at once, one moves a file; another that finds it sound by then puts it back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import CacheError, ChangedCodeError, DamagedFileError, DatagenError
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.probing import WAYS
from datagen_core.scheduling.run import Run
from datagen_core.store.advice import command_for
from datagen_core.store.checking import check_file, contents_of
from datagen_core.store.columns import ColumnReader
from datagen_core.store.derived import DerivedPaths
from datagen_core.store.folders import open_folder
from datagen_core.store.layout import (
    SetPaths,
    list_folders,
    list_names,
    list_shards,
    shard_interval,
    shard_name,
)
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import RunRecord, list_plans, list_runs
from datagen_core.store.sets import existing_samples
from datagen_core.store.shard_columns import columns_checksum, read_columns
from datagen_core.store.shards import reading

_ASIDE = re.compile(
    r"[0-9a-f]{16}~(shards|packs|derived~[^~]+~[^~]+)~([0-9]{12,19}-[0-9]{12,19}\.h5)"
)
_EARLIER = "set aside by an earlier repair"


class Damage(NamedTuple):
    """A file that does not hold what was written.

    Attributes
    ----------
    path
        Where it is read from, or was.
    kind
        The folder of the set in which that is: shards, packs, derived or views.
    problem
        What is wrong with it, in a line.
    place
        Where it lies now; None if it was left where it is.
    """

    path: Path
    kind: str
    problem: str
    place: Path | None = None

    @property
    def samples(self) -> IntervalSet:
        """The samples that it held, or whose results; none if it is of a view."""
        return IntervalSet([] if self.kind == "views" else [shard_interval(self.path.name)])

    @property
    def derived(self) -> DerivedPaths | None:
        """The results that it is of; None if it is of samples or a view."""
        return DerivedPaths(self.path.parent) if self.kind == "derived" else None


class Outcome(NamedTuple):
    """What became of a damaged file.

    Attributes
    ----------
    file, problem, place
        Those of the `Damage`.
    made
        Whether all that it held is in sound files now.
    equal
        Whether these samples have the checksum that the file had; None where that is not known.
    advice
        What is left to do; empty if nothing is.
    """

    file: str
    problem: str
    place: str | None
    made: bool
    equal: bool | None
    advice: str


@dataclass
class Repair:
    """What is to be repaired of a parameter set.

    Attributes
    ----------
    damage
        Its damaged files, also those of which an earlier repair made nothing yet.
    problems
        What cannot be repaired here, a line each: documents, and whatever private sets have.
    """

    param_set: ParamSet
    damage: list[Damage]
    problems: list[str]

    @property
    def runs(self) -> list[RunRecord]:
        """The runs that are to make something again, once what is damaged is set aside."""
        paths, damaged = self.param_set.paths, {each.path for each in self.damage}
        sound = IntervalSet(
            interval
            for folder in paths.folders
            for interval in list_shards(folder)
            if folder / shard_name(interval) not in damaged
        )
        held = chain.from_iterable(each.samples for each in self.damage if not each.derived)
        missing = IntervalSet(held) - sound
        return [run for run in list_runs(paths) if next(missing.clip(run.interval), None)]

    @property
    def results(self) -> list[DerivedPaths]:
        """The results of which some are damaged, or were set aside and not made again."""
        found = {each.derived.root: each.derived for each in self.damage if each.derived}
        return list(found.values())

    def set_aside(self, runs: Collection[RunRecord], results: Collection[DerivedPaths]) -> None:
        """Move those damaged files away of which everything can be made again.

        Parameters
        ----------
        runs, results
            Those of `runs` and `results` whose code may be used.
        """
        kept = IntervalSet(run.interval for run in self.runs if run not in runs)
        tried = [
            self._set_aside(each) if _may_move(each, kept, results) else each
            for each in self.damage
        ]
        self.damage = [each for each in tried if each is not None]

    def _set_aside(self, damage: Damage) -> Damage | None:
        """Return where it lies now; None if another repair was first, and all is well."""
        place = damage.place or _set_aside(self.param_set.paths, damage.path)
        return damage._replace(place=place) if place else None

    def lost_results(self, derived: DerivedPaths) -> IntervalSet:
        """Return the samples whose results are to be made again."""
        of_it = (each for each in self.damage if each.derived == derived and each.place)
        return IntervalSet(chain.from_iterable(each.samples for each in of_it))

    @contextmanager
    def putting_back(self, run: RunRecord) -> Iterator[None]:
        """Put back the files with samples of a run if the block, which takes it up, raises."""
        try:
            yield
        except BaseException:
            self.damage = [
                self._put_back(each) if next(each.samples.clip(run.interval), None) else each
                for each in self.damage
            ]
            raise

    def _put_back(self, damage: Damage) -> Damage:
        if damage.derived or not damage.place or damage.problem == _EARLIER:
            return damage
        with suppress(OSError):  # sound by now, or without hard links: it stays aside
            _put_back(self.param_set.paths, damage.path, damage.place)
            return damage._replace(place=None)
        return damage

    def outcomes(self) -> list[Outcome]:
        """Return what became of each file."""
        return [self._follow_up(each) for each in self.damage]

    def _follow_up(self, damage: Damage) -> Outcome:
        paths, samples = self.param_set.paths, damage.samples
        there = damage.derived.existing() if damage.derived else existing_samples(paths)
        made = bool(samples and damage.place) and not samples - there
        equal = self._compare(damage) if made else None
        advice = "" if made else _advise(paths, damage)
        if equal is False:
            advice = "what was made again differs from it, so its code or machine do"
        place = str(damage.place) if damage.place else None
        return Outcome(str(damage.path), damage.problem, place, made, equal, advice)

    def _compare(self, damage: Damage) -> bool | None:
        """Compare samples with what is still known of a damaged file: its checksum, or its data."""
        derived = damage.derived
        schema = derived.schema() if derived else self.param_set.schema
        folders = (derived.root,) if derived else self.param_set.paths.folders
        columns = ColumnReader(folders, schema, damage.samples).read(damage.samples)
        if any(field.measured for field in schema.fields.values()):  # each time another value
            return None
        with suppress(DatagenError), reading(damage.place or damage.path) as file:
            algorithm = str(file.attrs["checksum_algorithm"])
            if columns_checksum(columns, algorithm) == file.attrs["checksum"]:
                return True
            return columns_checksum(read_columns(file, schema)) == columns_checksum(columns)
        return None


def _may_move(damage: Damage, kept: IntervalSet, results: Collection[DerivedPaths]) -> bool:
    if damage.derived:
        return damage.derived in results
    return not damage.samples & kept


def _advise(paths: SetPaths, damage: Damage) -> str:
    if damage.place is None:
        return f"set it aside and make it again: {command_for(paths, 'repair')}"
    if not damage.samples:
        return "make the view again, by its recipe"
    if damage.derived:
        return "put the split through the preprocessor again, which makes what is missing"
    return f"make its samples again: {command_for(paths, 'resume')}"


def find_repair(param_set: ParamSet) -> Repair:
    """Find the damaged files of a set, and those of which an earlier repair made nothing.

    Of a private set there are none, since its samples are never made again: each is a problem.
    """
    paths = param_set.paths
    problems = list(_check_documents(param_set))
    if problems:
        return Repair(param_set, [], problems)
    found = list(_find_damage(paths, problems))
    if param_set.record.private:
        why = "private samples are never made again: restore the file from a backup"
        return Repair(param_set, [], [*problems, *(f"{each.path}: {why}" for each in found)])
    return Repair(param_set, [*_find_unmade(paths), *found], problems)


def check_same_code(run: Run) -> None:
    """Refuse other code for a set of which no sound sample is left to compare its samples with.

    Raises
    ------
    ChangedCodeError
        If no plan of the run was made for this code.
    """
    known = {plan.code for plan in list_plans(run.paths)}
    is_known = run.demand.code.id in known or run.settings.accept_code
    if not is_known and not existing_samples(run.paths.set):
        raise ChangedCodeError(
            f"no sound sample of {run.paths.set.root.name} is left to compare with, and its code "
            f"changed; {WAYS}"
        )


def _check_documents(param_set: ParamSet) -> Iterator[str]:
    """Yield what is wrong with documents, which say what the files must hold."""
    try:
        record, paths = param_set.record, param_set.paths
        if not paths.root.name.endswith(record.computed_digest[:8]):
            yield f"{paths.params} is of another parameter set; restore it from a backup"
        list_runs(paths)
        read_ledger(paths)
        if param_set.existing:
            contents_of(paths.shards)
    except CacheError as error:
        yield str(error)


def _find_damage(paths: SetPaths, problems: list[str]) -> Iterator[Damage]:
    for folder in _list_folders(paths):
        try:
            files = [folder / shard_name(each) for each in list_shards(folder)]
            if files:
                contents_of(folder)
        except CacheError as error:
            problems.append(str(error))
            continue
        for path in files:
            try:
                check_file(path)
            except DamagedFileError as error:
                kind = path.relative_to(paths.root).parts[0]
                yield Damage(path, kind, str(error).partition("; ")[0])
            except FileNotFoundError:  # compacted away since it was listed
                pass


def _list_folders(paths: SetPaths) -> Iterator[Path]:
    """Yield the folders of files with samples, results and parts of views."""
    yield from (paths.packs, paths.shards)
    for above in (paths.root / "derived", paths.views):
        for each in list_folders(above):
            yield from list_folders(each)


def _set_aside(paths: SetPaths, path: Path) -> Path | None:
    """Move a damaged file away, durably; return None if somebody else did, and made it again."""
    words = (os.urandom(8).hex(), *path.relative_to(paths.root).parts)
    place = paths.damaged / "~".join(words)
    base = paths.root.parent
    with (
        open_folder(base, path.parent, make=False) as source,
        open_folder(base, paths.damaged) as target,
    ):
        try:
            source.move(path.name, target, place.name)
        except FileNotFoundError:
            return None
        with suppress(DamagedFileError):
            check_file(place, path)
            target.move(place.name, source, path.name)
            return None
        target.sync()  # first, so that a power cut never takes both names
        source.sync()
    return place


def _put_back(paths: SetPaths, path: Path, place: Path) -> None:
    """Give a file its name back, unless another one has it by now."""
    base = paths.root.parent
    with (
        open_folder(base, path.parent, make=False) as source,
        open_folder(base, paths.damaged, make=False) as target,
    ):
        there, here = source.descriptor, target.descriptor
        os.link(place.name, path.name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
        source.sync()
        target.remove(place.name)


def _find_unmade(paths: SetPaths) -> Iterator[Damage]:
    """Yield what an earlier repair set aside, where what it held is missing still."""
    for name in sorted(list_names(paths.damaged)):
        if match := _ASIDE.fullmatch(name):
            parts = match[1].split("~")
            path = paths.root.joinpath(*parts, match[2])
            found = Damage(path, parts[0], _EARLIER, paths.damaged / name)
            there = found.derived.existing() if found.derived else existing_samples(paths)
            if found.samples - there:
                yield found
