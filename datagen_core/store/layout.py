"""The names of all files and folders in a cache. No other module joins paths of a cache.

::

    <cache>/inputs/<sha256>                       files of the user that parameters refer to
    <cache>/<generator>/numbers/<k>.json          the parameter set with number k, and some after it
    <cache>/<generator>/code/<id>.json            what made samples: functions, constants, packages
    <cache>/<generator>/tmp/                      files that are being written
    <cache>/<generator>/<slug>-<digest8>/         one parameter set: `SetPaths`
        params.json  schema.json
        later/<k>.json             parameters that were added after the set was begun
        shards/<start>-<stop>.h5   packs/<start>-<stop>.h5
        runs/<k>.json              runs/<k>/: `RunPaths`
        probes/<code>.json         whether another code makes equal samples
        splits/<generation>.json   splits/scattered/<checksum>.json
        derived/<split>/<preprocessor>-<digest8>/<start>-<stop>.h5
        views/<name>-<digest8>/view.json
        frozen/<split>-<digest8>.json
        damaged/<random>~<folder>~<name>   what `datagen repair` set aside
    <cache>/<generator>/jobs/<job name>/          logs of a job that several runs share: `JobPaths`
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from datagen_core.errors import ConfigurationError, DamagedFileError, RemovedSetError
from datagen_core.ranges import MOST_SAMPLES, Interval
from datagen_core.store.access import unreadable, unusable

T = TypeVar("T")

_DIGITS, _GENERATION_DIGITS = 12, 8
_INDEX = rf"([0-9]{{{_DIGITS}}}|[1-9][0-9]{{{_DIGITS},18}})"
_SHARDS = re.compile(rf"/{_INDEX}-{_INDEX}\.h5(?=/)")
_NUMBER = re.compile(r"[0-9]{1,19}\.json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

LOOKS = 5
"""How often files are listed of which some vanish before they are read; see `look_again`."""

SHARED_FOLDERS = frozenset({"code", "jobs", "numbers", "tmp"})
"""The folders in that of a generator which belong to no single parameter set."""


def is_name(name: str) -> bool:
    """Return whether a folder of a cache can be called so, which `lost+found` cannot."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str, what: str) -> str:
    """Return `name` if it can be a folder's: letters, digits, `_`, `.`, `-`, at most 64."""
    if not is_name(name):
        raise ConfigurationError(
            f"{name!r} is not a {what} name: use letters, digits, '_', '.', '-' (at most 64)"
        )
    return name


def shard_name(interval: Interval) -> str:
    """Return the file name of a shard; names sort by index."""
    return f"{interval.start:0{_DIGITS}}-{interval.stop:0{_DIGITS}}.h5"


def shard_interval(name: str) -> Interval:
    """Return the index range in the file name of a shard."""
    start, _, stop = name.removesuffix(".h5").partition("-")
    return Interval(int(start), int(stop))


def list_names(folder: Path) -> list[str]:
    """Return the names in a folder; none if it does not exist.

    Raises
    ------
    UnreadableError
        If this user may not read the folder.
    """
    try:
        return os.listdir(folder)  # noqa: PTH208 (a Path for each of 100,000 names costs 0.2 s)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(folder, error) from None


def list_shards(folder: Path) -> list[Interval]:
    """Return the index ranges of the shards in a folder, sorted; opens no file.

    What `shard_name` would not call so is none, such as a range that is empty or too high.
    """
    names = list_names(folder)
    # One search in all names costs half as much as matching each; no name has a slash in it.
    pairs = _SHARDS.findall("/".join(["", *sorted(names), ""]))
    found = [Interval(int(start), int(stop)) for start, stop in pairs]
    found.sort()
    if all(start < stop <= MOST_SAMPLES for start, stop in found):
        return found
    return [each for each in found if each.start < each.stop <= MOST_SAMPLES]


def list_files(folders: Sequence[Path]) -> list[list[Interval]]:
    """Return the shards in each of some folders, in their order: packs before shards.

    The last folder is listed first. Compaction publishes a pack before it removes the shards that
    it covers, so these are found in one of the two, whatever happens in between. In the other order
    both could be missed.
    """
    return [list_shards(folder) for folder in reversed(folders)][::-1]


def look_again(read: Callable[[], T], renew: Callable[[], object] = lambda: None) -> T:
    """Return what `read` returns, which is called again when a file vanished since it was listed.

    Compaction removes files that readers have listed, and its packs are absorbed by later ones.
    `renew` forgets what was listed.

    Raises
    ------
    FileNotFoundError
        If a file vanishes each time, five times in a row.
    """
    for _ in range(LOOKS - 1):
        with suppress(FileNotFoundError):
            return read()
        renew()
    return read()


def inputs_folder(cache: Path) -> Path:
    """Return the folder of the files that parameters refer to."""
    return cache / "inputs"


def data_set_of(path: Path) -> Path:
    """Return the folder of the data set to which a file of a run or of a job belongs."""
    for parent in path.parents:
        if parent.name == "runs":
            return parent.parent.parent
        if parent.name == "jobs":
            return parent.parent
    raise ValueError(f"{path} belongs to no run")


def numbered(folder: Path, digits: int = 1) -> list[int]:
    """Return the numbers k for which `<k>.json` is in the folder, sorted.

    A name that is not written as all of them are, with at least so many digits, is another file.
    """
    found = {name: int(name[:-5]) for name in list_names(folder) if _NUMBER.fullmatch(name)}
    return sorted(
        k for name, k in found.items() if k < MOST_SAMPLES and name == f"{k:0{digits}}.json"
    )


def following(known: Sequence[int], folder: Path) -> int:
    """Return the number after those of a folder's documents, which are sorted; 0 is the first.

    Raises
    ------
    DamagedFileError
        If there is none, since a file has a number that datagen never gave.
    """
    if known and known[-1] + 1 >= MOST_SAMPLES:
        raise DamagedFileError(
            f"{folder / str(known[-1])}.json has a number that none can follow; move it away"
        )
    return known[-1] + 1 if known else 0


class SetPaths(NamedTuple):
    """The files of one parameter set."""

    root: Path

    @property
    def params(self) -> Path:
        """The set's identity and provenance."""
        return self.root / "params.json"

    @property
    def schema(self) -> Path:
        """The fields of a sample."""
        return self.root / "schema.json"

    @property
    def later(self) -> Path:
        """The folder of parameters that were added, or renamed, after the set was begun."""
        return self.root / "later"

    @property
    def shards(self) -> Path:
        """The folder where workers publish shards."""
        return self.root / "shards"

    @property
    def packs(self) -> Path:
        """The folder where compaction publishes packs, which are read before shards."""
        return self.root / "packs"

    @property
    def folders(self) -> tuple[Path, Path]:
        """The folders that hold samples; where both do, the first one is read."""
        return self.packs, self.shards

    @property
    def splits(self) -> Path:
        """The folder of the split ledger's generations."""
        return self.root / "splits"

    @property
    def scattered(self) -> Path:
        """The folder of samples in splits that are too scattered for the ledger itself."""
        return self.splits / "scattered"

    @property
    def runs(self) -> Path:
        """The folder of runs: records of reservations beside a folder for each run."""
        return self.root / "runs"

    @property
    def temporary(self) -> Path:
        """The folder of files that are being written, for all sets of the generator.

        A folder costs more than a file, and a sweep begins thousands of sets.
        """
        return self.root.parent / "tmp"

    @property
    def all_temporary(self) -> tuple[Path, Path]:
        """The folders where interrupted writers left files: the second one is that of 0.1."""
        return self.temporary, self.root / "tmp"

    @property
    def lock(self) -> Path:
        """The ledger's courtesy lock."""
        return self.splits / "move.lock"

    @property
    def views(self) -> Path:
        """The folder of views."""
        return self.root / "views"

    @property
    def frozen(self) -> Path:
        """The folder of what was frozen: digests of splits."""
        return self.root / "frozen"

    @property
    def damaged(self) -> Path:
        """The folder of damaged files that were set aside, which nothing reads."""
        return self.root / "damaged"

    def generation(self, number: int) -> Path:
        """Return the split ledger of one generation."""
        return self.splits / f"{number:0{_GENERATION_DIGITS}}.json"

    def generations(self) -> list[int]:
        """Return the numbers of the split ledger's generations, sorted."""
        return numbered(self.splits, _GENERATION_DIGITS)

    def code(self, code_id: str) -> Path:
        """Return the record of a code that made samples of this generator's sets."""
        return self.root.parent / "code" / f"{code_id}.json"

    @property
    def probes(self) -> Path:
        """The folder of what became of comparing samples with those of other code."""
        return self.root / "probes"

    def probe(self, code_id: str) -> Path:
        """Return the record that a code may go on with this set."""
        return self.probes / f"{code_id}.json"

    def job(self, name: str) -> JobPaths:
        """Return the files of a job that several sets of this generator share."""
        return JobPaths(self.root.parent / "jobs" / name)

    def run(self, number: int) -> RunPaths:
        """Return the files of one run."""
        return RunPaths(self, number)

    def derived(self, split: str) -> Path:
        """Return the folder of everything that preprocessors made of a split."""
        return self.root / "derived" / split


def removed_set(paths: SetPaths) -> RemovedSetError:
    """Return the error that says of a set, whose folder is gone, that it was removed."""
    root = paths.root
    command = shlex.join(["datagen", "list", root.parent.name, "--cache", str(root.parent.parent)])
    return RemovedSetError(
        f"{root.parent.name}/{root.name} was removed; see which sets are left: {command}"
    )


class RunPaths(NamedTuple):
    """The files of one run: its record beside a folder of plans, journals and logs.

    Runs that version 0.1 submitted have subfolders for plans (`attempts`) and journals.
    """

    set: SetPaths
    number: int

    @property
    def record(self) -> Path:
        """The record of the run's index range and of the request for it."""
        return self.set.runs / f"{self.number}.json"

    @property
    def folder(self) -> Path:
        """The folder of everything else about the run."""
        return self.set.runs / str(self.number)

    @property
    def plans(self) -> Path:
        """The folder of the plans of its submissions."""
        old = self.folder / "attempts"
        return old if old.exists() else self.folder

    @property
    def journals(self) -> Path:
        """The folder of the journals of its tasks."""
        return self.folder / "journals" if self.plans != self.folder else self.folder

    def plan(self, number: int) -> Path:
        """Return a plan, which says which task makes which ranges."""
        return self.plans / f"{number}.json"

    def journal(self, plan: int, task: int) -> Path:
        """Return the journal of a task: start, timings, errors, end."""
        return self.journals / f"{plan}-{task}.jsonl"

    def log(self, plan: int, task: int) -> Path:
        """Return the output of a task's worker."""
        return self.folder / "logs" / f"{plan}-{task}.log"

    def process(self, plan: int) -> Path:
        """Return the journal of a process that does all tasks of a plan one after another."""
        return self.folder / f"process-{plan}.jsonl"

    def verdict(self, plan: int, task: int) -> Path:
        """Return an observer's record of why a task ended, if its journal has no end."""
        return self.folder / "verdicts" / f"{plan}-{task}.json"


class JobPaths(NamedTuple):
    """The files of a scheduler's job that belong to several runs."""

    folder: Path

    @property
    def process(self) -> Path:
        """The journal of a process that does all tasks of the job one after another."""
        return self.folder / "process.jsonl"

    def log(self, place: int) -> Path:
        """Return the output of the worker at a place in the job."""
        return self.folder / "logs" / f"{place}.log"


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, and no link."""
    return entry.is_dir(follow_symlinks=False)


def list_folders(
    folder: Path, choose: Callable[[os.DirEntry[str]], bool] = is_folder
) -> list[Path]:
    """Return the folders in a folder, by name, without hidden ones; empty if it does not exist.

    Parameters
    ----------
    choose
        Which entries count, by default all folders.

    Raises
    ------
    UnreadableError
        If this user may not read the folder.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if choose(entry)]
    except FileNotFoundError:
        return []
    except PermissionError:
        raise unreadable(folder) from None
    names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    return [folder / name for name in names]
