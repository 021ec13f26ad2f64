"""Whether the folders of a cache and the numbers of its parameter sets agree.

What only folders show, such as a set that was copied from another cache without its number, no
command lists, and what is listed twice is read twice.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import CacheError, UnreadableError
from datagen_core.store.advice import command_to_mend
from datagen_core.store.layout import (
    SetPaths,
    list_folders,
    list_names,
    list_shards,
)
from datagen_core.store.links import list_data_sets
from datagen_core.store.numbers import read_numbers
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import read_set, set_paths


class Misplaced(NamedTuple):
    """A parameter set, by its folder, that is not listed once, and what to do about it."""

    folder: Path
    problem: str

    def __str__(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"


def check_inventory(cache: Path, name: str | None = None) -> Iterator[Misplaced]:
    """Yield the parameter sets of a cache, or of one generator, that are not listed exactly once.

    They are found by names of folders and by their records; nothing is changed.
    """
    for folder in (each for each in list_data_sets(cache) if name in {None, each.name}):
        with suppress(UnreadableError, PermissionError):  # of which `list` says so
            yield from _check_folder(folder)


def _check_folder(folder: Path) -> Iterator[Misplaced]:
    problems: list[CacheError] = []
    numbers = read_numbers(folder / "numbers", problems)
    headless, sets = find_sets(folder)
    yield from map(_explain_headless, headless)
    yield from _find_renumbered(folder, numbers)
    records = dict(_read_records(sets))
    yield from _find_strangers(folder, records)
    first = {name: number for number, name in reversed(numbers.items())}
    twins = list(_find_twins(records, first))
    yield from twins
    if problems:  # a set may be numbered by what cannot be read
        return
    known = {each.folder for each in twins}
    for paths in (each for each in sets if each.root.name not in first):
        if paths.root not in known:
            yield _explain_unnumbered(paths, records.get(paths))


def find_sets(folder: Path) -> tuple[list[SetPaths], list[SetPaths]]:
    """Return the folders that have samples but no parameters, and those that have parameters."""
    headless, sets = [], []
    for each in list_folders(folder):
        paths = SetPaths(each)
        with suppress(CacheError):  # foreign, or `verify` says so
            if "params.json" in list_names(each):
                sets.append(paths)
            elif list_shards(paths.shards) or list_shards(paths.packs):
                headless.append(paths)
    return headless, sets


def _read_records(sets: Iterable[SetPaths]) -> Iterator[tuple[SetPaths, SetRecord]]:
    """Yield the records that can be read; of others `verify` says why, if they have a number."""
    for paths in sets:
        with suppress(Exception):
            yield paths, read_set(paths)


def _find_strangers(folder: Path, records: Mapping[SetPaths, SetRecord]) -> Iterator[Misplaced]:
    """Yield the sets of other generators."""
    for paths, record in records.items():
        if record.generator != folder.name:
            yield Misplaced(paths.root, (
                f"{paths.root} is a parameter set of {record.generator}; move it to "
                f"{folder.with_name(record.generator)}, then run `datagen verify` again"
            ))  # fmt: skip


def _explain_headless(paths: SetPaths) -> Misplaced:
    return Misplaced(paths.root, (
        f"{paths.root} has samples but no params.json, so that nothing reads them; restore it from "
        "a backup, or begin the set again with the same parameters, which keeps its samples"
    ))  # fmt: skip


def _find_renumbered(folder: Path, numbers: Mapping[int, str]) -> Iterator[Misplaced]:
    """Yield the sets that have a second number."""
    first: dict[str, int] = {}
    for number, name in numbers.items():
        if first.setdefault(name, number) != number and (folder / name).exists():
            yield Misplaced(folder / name, (
                f"{folder / name} is listed as {first[name]} and as {number}; use the number "
                f"{first[name]}, and give up the other: {command_to_mend(folder)}"
            ))  # fmt: skip


def _find_twins(
    records: Mapping[SetPaths, SetRecord], numbers: Mapping[str, int]
) -> Iterator[Misplaced]:
    """Yield the folders of which an earlier number, or another folder, is the same set."""
    by_digest: defaultdict[str, list[SetPaths]] = defaultdict(list)
    for paths, record in records.items():
        by_digest[record.digest].append(paths)
    for digest, twins in by_digest.items():
        kept, *others = sorted(twins, key=lambda each: numbers.get(each.root.name, len(numbers)))
        for paths in others:
            yield Misplaced(paths.root, (
                f"{paths.root} and {kept.root} are the same parameter set, {digest[:12]}; their "
                f"samples are equal, their splits may differ: keep one, {_remove(paths, numbers)}"
            ))  # fmt: skip


def _remove(paths: SetPaths, numbers: Mapping[str, int]) -> str:
    number, root = numbers.get(paths.root.name), paths.root
    if number is None:
        return f"such as the other, and remove the folder {root}"
    command = ["datagen", "rm", root.parent.name, "-p", str(number)]
    return f"and remove the other: {shlex.join([*command, '--cache', str(root.parent.parent)])}"


def _explain_unnumbered(paths: SetPaths, record: SetRecord | None) -> Misplaced:
    trouble = f"{paths.root} has no number, so that nothing lists it"
    if record is None:
        return Misplaced(paths.root, f"{trouble}; restore {paths.params}, which is damaged, first")
    if not paths.root.name.endswith(f"-{record.digest[:8]}"):
        name = set_paths(paths.root.parent.parent, record).root
        return Misplaced(paths.root, f"{trouble}; rename it to {name}, and verify again")
    command = command_to_mend(paths.root.parent)
    return Misplaced(
        paths.root, f"{trouble}; unless it is being begun right now, number it: {command}"
    )
