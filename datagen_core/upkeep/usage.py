"""What the files of a cache take, what they are, and when they were last added to.

Everything below the cache's folder counts, each file once however many names it has; no link below
a data set is followed. What this user may not read is named, and left out.
"""

from __future__ import annotations

import os
import stat
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from datagen_core.errors import CacheError
from datagen_core.ranges import IntervalSet
from datagen_core.store.access import unusable
from datagen_core.store.assignments import RAW
from datagen_core.store.layout import (
    SHARED_FOLDERS,
    SetPaths,
    inputs_folder,
    list_names,
    list_shards,
    shard_name,
)
from datagen_core.store.ledger import read_ledger
from datagen_core.store.links import check_link
from datagen_core.store.sets import existing_samples, list_generators, list_sets

_OTHER = "other"
_KINDS = {
    "shards": "shards", "packs": "shards", "derived": "derived", "views": "views",
    "runs": "runs", "jobs": "runs", "damaged": "damaged", "tmp": "temporary",
}  # fmt: skip
KINDS = (*dict.fromkeys(_KINDS.values()), _OTHER)
"""What files are: samples (shards, and packs), results of preprocessors (derived), views, records
and logs of runs, what `repair` set aside (damaged), what is being written or was left behind
(temporary), and other records."""

_DAYS = (1, 7, 30, 90, 365)
AGES = (*(f"under {days} day{'s' * (days > 1)}" for days in _DAYS), "365 days or more")


@dataclass(slots=True)
class Usage:
    """What some files take.

    Attributes
    ----------
    files
        Their number, without folders.
    apparent
        Their lengths in bytes, without those of folders.
    kinds
        Bytes on disk by kind, folders included.
    newest
        When a file was changed, or anything was added to a folder, in seconds since the epoch.
    """

    files: int = 0
    apparent: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    newest: float = 0.0

    @property
    def disk(self) -> int:
        """The bytes that they take on disk."""
        return self.kinds.total()

    def add(self, other: Usage) -> None:
        """Add what other files take."""
        self.files += other.files
        self.apparent += other.apparent
        self.kinds.update(other.kinds)
        self.newest = max(self.newest, other.newest)

    def cut(self, low: int, high: int, size: int) -> Usage:
        """Return the share of parts `low` to `high` of `size` equal parts, without the files."""
        kinds = {kind: _share(each, low, high, size) for kind, each in self.kinds.items()}
        return Usage(0, _share(self.apparent, low, high, size), Counter(kinds), self.newest)


def _share(total: int, low: int, high: int, size: int) -> int:
    return total * high // size - total * low // size  # all shares together are the total


@dataclass(slots=True)
class Part:
    """A part of a cache: sets, what sets of a generator share, or what belongs to none.

    Attributes
    ----------
    generator
        None for what belongs to no generator.
    number
        The number of a set; None for other parts.
    name
        The name of a set's folder, or what to call another part.
    split, age
        Of parts by split or by age.
    """

    generator: str | None = None
    number: int | None = None
    name: str = ""
    split: str | None = None
    age: str | None = None
    sets: int = 0
    samples: int = 0
    usage: Usage = field(default_factory=Usage)


class Scan:
    """Looks at files, each once.

    Attributes
    ----------
    problems
        Errors of what cannot be looked at; one may be there twice.
    """

    def __init__(self) -> None:
        self.problems: list[CacheError] = []
        self._known: set[tuple[int, int]] = set()

    def measure(self, path: str | Path, kind: str = _OTHER, *, nested: bool = False) -> Usage:
        """Return what a file or folder takes, with all that is below it.

        With `nested`, what is in folders directly below it is of the kinds that their names say.
        """
        usage = Usage()
        with self.collect(path):
            self._look(usage, str(path), os.lstat(path), kind, nested=nested)
        return usage

    @contextmanager
    def collect(self, path: str | Path) -> Iterator[None]:
        """Keep an error of the block; what is gone meanwhile is passed over."""
        try:
            yield
        except FileNotFoundError:
            pass
        except CacheError as error:
            self.problems.append(error)
        except OSError as error:
            self.problems.append(unusable(Path(error.filename or path), error))

    def _look(
        self, usage: Usage, path: str, state: os.stat_result, kind: str, *, nested: bool = False
    ) -> None:
        is_folder = stat.S_ISDIR(state.st_mode)
        usage.newest = max(usage.newest, state.st_mtime)
        if not is_folder and state.st_nlink > 1:
            if (state.st_dev, state.st_ino) in self._known:
                return
            self._known.add((state.st_dev, state.st_ino))
        usage.kinds[kind] += 512 * state.st_blocks
        if is_folder:
            self._walk(usage, path, kind, nested=nested)
        else:
            usage.files += 1
            usage.apparent += state.st_size

    def _walk(self, usage: Usage, folder: str, kind: str, *, nested: bool) -> None:
        with self.collect(folder), os.scandir(folder) as entries:
            for entry in entries:
                try:
                    state = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                inner = _KINDS.get(entry.name, kind) if nested else kind
                self._look(usage, entry.path, state, inner)


def measure_cache(cache: Path, name: str | None, scan: Scan, *, by_split: bool) -> Iterator[Part]:
    """Yield the parts of a cache, or of one data set: each set, and what belongs to none.

    With `by_split`, a set is cut into its splits, and what belongs to none of them. The bytes of a
    file are then shared by its samples alike. All parts together have each file once.
    """
    for each in list_generators(cache):
        if name in {None, each}:
            with scan.collect(cache / each):
                check_link(cache / each)
                yield from _measure_data_set(cache / each, scan, by_split=by_split)
    if name is None:
        yield from _measure_others(cache, scan)


def _measure_data_set(folder: Path, scan: Scan, *, by_split: bool) -> Iterator[Part]:
    sets = list_sets(folder, scan.problems)
    for number, paths in sets.items():
        part = Part(folder.name, number, paths.root.name, sets=1)
        if by_split:
            yield from _measure_splits(part, paths, scan)
        else:
            part.usage = scan.measure(paths.root, nested=True)
            with scan.collect(paths.root):
                part.samples = len(existing_samples(paths))
            yield part
    names = {paths.root.name for paths in sets.values()}
    with os.scandir(folder) as entries:
        others = [entry for entry in entries if entry.name not in names]
    shared = Part(folder.name, None, "shared", usage=_measure_folder(folder, scan))
    for entry in others:
        if entry.name in SHARED_FOLDERS or not entry.is_dir(follow_symlinks=False):
            shared.usage.add(scan.measure(entry.path, _KINDS.get(entry.name, _OTHER)))
        else:  # a set without a number, perhaps, of which `verify` says more
            yield Part(folder.name, None, entry.name, usage=scan.measure(entry.path, nested=True))
    yield shared


def _measure_folder(folder: Path, scan: Scan) -> Usage:
    """Return what a folder takes without all that is in it."""
    usage = Usage()
    with scan.collect(folder):
        state = folder.stat()
        usage.kinds[_OTHER], usage.newest = 512 * state.st_blocks, state.st_mtime
    return usage


def _measure_others(cache: Path, scan: Scan) -> Iterator[Part]:
    """Yield input files, and what is neither of them nor of a data set."""
    known, inputs = {*list_generators(cache)}, inputs_folder(cache).name
    with scan.collect(cache), os.scandir(cache) as entries:
        usages = {inputs: Usage(), _OTHER: _measure_folder(cache, scan)}
        for entry in (each for each in entries if each.name not in known):
            part = usages[inputs if entry.name == inputs else _OTHER]
            part.add(scan.measure(entry.path))
        yield from (Part(name=name, usage=usage) for name, usage in usages.items())


def _measure_splits(rest: Part, paths: SetPaths, scan: Scan) -> Iterator[Part]:
    """Yield the splits of a set, and `rest`, which gets what belongs to none of them."""
    samples: dict[str, IntervalSet] = {}
    splits: dict[str, Part] = {}
    folders: dict[str, str] = {}
    with scan.collect(paths.root):
        ledger, existing = read_ledger(paths), existing_samples(paths)
        samples = {RAW: existing - ledger.assigned}
        samples |= {name: IntervalSet(parts) & existing for name, parts in ledger.splits.items()}
        counts = ledger.count(existing)
        folders = {ledger.first_name(name): name for name in samples}
        splits = {name: replace(rest, split=name, samples=counts[name], usage=Usage())
                  for name in samples}  # fmt: skip
    rest.usage = _measure_folder(paths.root, scan)
    with scan.collect(paths.root), os.scandir(paths.root) as entries:
        for entry in entries:
            if Path(entry.path) in paths.folders:
                _share_files(Path(entry.path), samples, splits, rest, scan)
            elif entry.name == "derived":
                found = {folder: splits[name] for folder, name in folders.items()}
                _share_folders(Path(entry.path), found, rest, scan)
            else:
                rest.usage.add(scan.measure(entry.path, _KINDS.get(entry.name, _OTHER)))
    yield from (*splits.values(), rest)


def _share_files(
    folder: Path,
    samples: Mapping[str, IntervalSet],
    splits: Mapping[str, Part],
    rest: Part,
    scan: Scan,
) -> None:
    rest.usage.add(_measure_folder(folder, scan))
    shards = {shard_name(each): each for each in list_shards(folder)}
    for name in list_names(folder):
        usage, cut = scan.measure(folder / name, "shards"), 0
        rest.usage.files += usage.files
        size = shards[name].size if name in shards else 1
        for split, inside in samples.items() if name in shards else ():
            end = cut + sum(part.size for part in inside.clip(shards[name]))
            splits[split].usage.add(usage.cut(cut, end, size))
            cut = end
        rest.usage.add(usage.cut(cut, size, size))


def _share_folders(folder: Path, splits: Mapping[str, Part], rest: Part, scan: Scan) -> None:
    rest.usage.add(_measure_folder(folder, scan))
    for name in list_names(folder):
        splits.get(name, rest).usage.add(scan.measure(folder / name, "derived"))


def gather(parts: Iterable[Part], by: str) -> list[Part]:
    """Return parts added up by generator, set, split or age: the largest first, ages in order.

    The age is that of the last change, such as samples, splits, views or results that were added.
    Who only reads changes nothing.
    """
    now = time.time()
    parts = [part for part in parts if part.sets or part.usage.disk or part.usage.files]
    found: dict[tuple[object, ...], Part] = {}
    for part in parts:
        label = _label(part, by, now)
        key = (label.generator, label.number, label.name, label.split, label.age)
        group = found.setdefault(key, label)
        group.sets += part.sets
        group.samples += part.samples
        group.usage.add(part.usage)
    if by == "age":
        return sorted(found.values(), key=lambda part: AGES.index(str(part.age)))
    return sorted(found.values(), key=lambda part: -part.usage.disk)


def _label(part: Part, by: str, now: float) -> Part:
    if by == "age":
        days = (now - part.usage.newest) / 86_400
        return Part(age=AGES[bisect_right(_DAYS, days)])
    if by == "set":
        return Part(part.generator, part.number, part.name)
    name = "" if part.generator else part.name
    return Part(part.generator, None, name, part.split if by == "split" else None)
