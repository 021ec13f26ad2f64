"""Repairing a parameter set: damaged files are set aside, and what they held is made again.

A damaged file is moved, never deleted, into the set's folder `damaged`, under a name that says
where it was. Then its samples are missing, unless another sound file holds them, and are made like
all that are missing: by the same code, which the run's take-up makes sure of. A repair that is
killed leaves such samples missing; the next one finds them by what was set aside. Of several
repairs at once, one moves a file; another that finds it sound by then puts it back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import CacheError, ChangedCodeError, DamagedFileError, DatagenError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.probing import WAYS
from datagen_core.scheduling.run import Run
from datagen_core.store.advice import command_for
from datagen_core.store.checking import check_file, contents_of
from datagen_core.store.columns import ColumnReader
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

_ASIDE = re.compile(r"[0-9a-f]{16}~(shards|packs)~(\d{12,}-\d{12,}\.h5)")
_EARLIER = "set aside by an earlier repair"


class Damage(NamedTuple):
    """A file that does not hold what was written.

    Attributes
    ----------
    path
        Where it is read from, or was.
    problem
        What is wrong with it, in a line.
    place
        Where it lies now; None if it was left where it is.
    """

    path: Path
    problem: str
    place: Path | None = None

    @property
    def samples(self) -> IntervalSet:
        """The samples that it held; none if it held results or a view."""
        if self.path.parent.name not in {"shards", "packs"}:
            return IntervalSet()
        return IntervalSet([shard_interval(self.path.name)])


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
        """The runs that are to make something again."""
        paths = self.param_set.paths
        held = IntervalSet(chain.from_iterable(each.samples for each in self._moved))
        missing = held - existing_samples(paths)
        return [run for run in list_runs(paths) if next(missing.clip(run.interval), None)]

    @property
    def _moved(self) -> list[Damage]:
        return [each for each in self.damage if each.place]

    def outcomes(self) -> list[Outcome]:
        """Return what became of each file."""
        return [self._follow_up(each) for each in self.damage]

    def _follow_up(self, damage: Damage) -> Outcome:
        paths, samples = self.param_set.paths, damage.samples
        made = bool(samples and damage.place) and not samples - existing_samples(paths)
        equal = self._compare(damage) if made else None
        advice = "" if made else _advise(paths, damage)
        if equal is False:
            advice = "what was made again differs from it, so its code or machine do"
        place = str(damage.place) if damage.place else None
        return Outcome(str(damage.path), damage.problem, place, made, equal, advice)

    def _compare(self, damage: Damage) -> bool | None:
        """Compare samples with what is still known of a damaged file: its checksum, or its data."""
        schema, paths = self.param_set.schema, self.param_set.paths
        columns = ColumnReader(paths.folders, schema, damage.samples).read(damage.samples)
        if any(field.measured for field in schema.fields.values()):  # each time another value
            return None
        with suppress(DatagenError), reading(damage.place or damage.path) as file:
            algorithm = str(file.attrs["checksum_algorithm"])
            if columns_checksum(columns, algorithm) == file.attrs["checksum"]:
                return True
            return columns_checksum(read_columns(file, schema)) == columns_checksum(columns)
        return None


def _advise(paths: SetPaths, damage: Damage) -> str:
    if damage.place is None:
        return f"set it aside and make it again: {command_for(paths, 'repair')}"
    if damage.samples:
        return f"make its samples again: {command_for(paths, 'resume')}"
    if damage.path.is_relative_to(paths.views):
        return "make the view again, by its recipe"
    return "put the split through the preprocessor again, which makes what is missing"


def begin_repair(param_set: ParamSet, *, dry_run: bool = False) -> Repair:
    """Find the damaged files of a set, and set them aside, unless this is a dry run.

    Nothing of a private set is set aside, since its samples are never made again.
    """
    paths = param_set.paths
    problems = list(_check_documents(param_set))
    if problems:
        return Repair(param_set, [], problems)
    found = list(_find_damage(paths, problems))
    if param_set.record.private:
        why = "private samples are never made again: restore the file from a backup"
        return Repair(param_set, [], [*problems, *(f"{each.path}: {why}" for each in found)])
    if dry_run:
        return Repair(param_set, found, problems)
    tried = [each._replace(place=_set_aside(paths, each.path)) for each in found]
    moved = [each for each in tried if each.place]
    return Repair(param_set, [*_find_unmade(paths, moved), *moved], problems)


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
                yield Damage(path, str(error).partition("; ")[0])
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


def _find_unmade(paths: SetPaths, moved: list[Damage]) -> Iterator[Damage]:
    """Yield what an earlier repair set aside, where its samples are missing still."""
    existing, known = existing_samples(paths), {each.place for each in moved}
    for name in sorted(list_names(paths.damaged)):
        match, place = _ASIDE.fullmatch(name), paths.damaged / name
        if match and place not in known:
            interval: Interval = shard_interval(match[2])
            if IntervalSet([interval]) - existing:
                yield Damage(paths.root / match[1] / match[2], _EARLIER, place)
