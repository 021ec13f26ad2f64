"""What must hold after every fault: `violations` names what does not, a line each.

Nothing here uses the code under test to decide what is right where the files can tell by
themselves: names, checksums, and the samples of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import DatagenError
from datagen_core.generators.registry import load_generator
from datagen_core.generators.schema import Columns, Schema, slice_columns
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.driving import drive
from datagen_core.scheduling.generate import generate
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.resuming import take_up
from datagen_core.scheduling.status import status_of
from datagen_core.store import ledger
from datagen_core.store.columns import ColumnReader
from datagen_core.store.documents import read_document
from datagen_core.store.folders import remove_litter
from datagen_core.store.layout import SetPaths
from datagen_core.store.runs import list_runs
from datagen_core.store.sets import existing_samples, read_schema, read_set
from datagen_core.store.shards import ShardLabel, columns_checksum, read_shard
from datagen_core.upkeep.verify import verify

_SHARD = re.compile(r"(\d{12,})-(\d{12,})\.h5")

GENERATORS = Path(__file__).parent / "faults"


def source(name: str) -> str:
    """Return under which name a generator of fault tests is loaded."""
    return f"{GENERATORS / 'generators.py'}:{name}"


class Move(NamedTuple):
    """A move that was reported done, or an exclusion, whose split is `excluded`."""

    split: str
    samples: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Reference:
    """The samples of an undisturbed run."""

    columns: Columns

    @classmethod
    def make(cls, cache: Path, name: str, samples: int) -> Reference:
        """Generate them, one batch after another, in a cache of their own."""
        made = generate(source(name), samples, executor="inline", cache=cache)
        paths = made.paths
        reader = ColumnReader((paths.packs, paths.shards), made.schema)
        return cls(reader.read([Interval(0, samples)]))

    def checksum(self, interval: Interval) -> str:
        """Return what the checksum of a shard with these samples must be."""
        return columns_checksum(slice_columns(self.columns, *interval))


def find_sets(cache: Path) -> list[SetPaths]:
    """Return the parameter sets in a cache, also those that have no number yet."""
    return [SetPaths(record.parent) for record in sorted(cache.glob("*/*/params.json"))]


def violations(
    cache: Path, reference: Reference, moves: Iterable[Move] = (), *, complete: bool = False
) -> list[str]:
    """Return what is wrong with a cache.

    Parameters
    ----------
    moves
        All moves that were reported done.
    complete
        Whether every reserved sample must be there, and no litter.
    """
    found = list(_damaged_documents(cache))
    if found:  # the rest would only say the same
        return found
    for paths in find_sets(cache):
        found += wrong_files(paths, reference)
        found += _wrong_ledger(paths, list(moves))
        found += _wrong_reservations(paths)
    if complete and not found:
        found += _incomplete(cache)
    return found


def _attempt(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except (DatagenError, OSError, ValueError, TypeError, KeyError) as error:
        yield f"{type(error).__name__}: {error}"


def _damaged_documents(cache: Path) -> Iterator[str]:
    for path in cache.rglob("*.json"):
        if path.parent.name == "splits" and _is_spent(path):
            continue
        yield from _attempt(lambda path=path: read_document(path, "3.0", dict))


def _is_spent(path: Path) -> bool:
    """Whether a generation of a split ledger was emptied, which must be an old one."""
    newest = SetPaths(path.parent.parent).generations()[-1]
    return not path.stat().st_size and int(path.stem) <= newest - ledger.KEPT_GENERATIONS


def wrong_files(paths: SetPaths, reference: Reference | None) -> Iterator[str]:
    """Yield what is wrong with the visible files of samples: torn, strange, or other samples.

    Without a reference, a file's own checksum tells. Files may appear and vanish meanwhile.
    """
    files = [*paths.shards.glob("*"), *paths.packs.glob("*")]
    schema = read_schema(paths)
    for path in files:
        name = _SHARD.fullmatch(path.name)
        if name is None or schema is None:
            yield f"{path} should not be there"
        else:
            interval = Interval(int(name[1]), int(name[2]))
            yield from _wrong_file(paths, path, interval, schema, reference)


def _wrong_file(
    paths: SetPaths,
    path: Path,
    interval: Interval,
    schema: Schema,
    reference: Reference | None,
) -> Iterator[str]:
    record = read_set(paths)
    label = ShardLabel(record.generator, record.digest, interval)
    try:
        columns, _ = read_shard(path, schema, label)
    except FileNotFoundError:
        return  # compacted away since it was listed
    except DatagenError as error:
        yield str(error)
        return
    if reference and columns_checksum(columns) != reference.checksum(interval):
        yield f"{path} holds other samples than the undisturbed run"


def _wrong_ledger(paths: SetPaths, moves: list[Move]) -> Iterator[str]:
    numbers = paths.generations()
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{paths.splits} has the generations {numbers}"
        return
    states = list(_read_states(paths, numbers))
    for before, after in itertools.pairwise(states):
        yield from _wrong_step(before, after)
    newest = {name: _indices(parts) for name, parts in states[-1]["splits"].items()}
    everything = list(itertools.chain.from_iterable(newest.values()))
    if len(everything) != len(set(everything)):
        yield f"{paths.splits}: a sample is in two splits"
    newest["excluded"] = _excluded(states[-1])
    if {*everything, *newest["excluded"]} - set(_indices(existing_samples(paths))):
        yield f"{paths.splits}: a sample is in a split, or excluded, and in no file"
    for move in moves:
        if set(_indices(move.samples)) - set(newest.get(move.split, ())):
            yield f"{paths.splits}: a move that was reported done is lost: {move}"
    taken = [index for move in moves for index in _indices(move.samples)]
    if len(taken) != len(set(taken)):
        yield f"{paths.splits}: two moves were given one sample"


def _read_states(paths: SetPaths, numbers: list[int]) -> Iterator[dict]:
    """Yield the generations that have content, behind the empty one if none was spent."""
    kept = [number for number in numbers if not _is_spent(paths.generation(number))]
    if kept == numbers:
        yield {"splits": {}, "operations": []}
    for number in kept:
        yield read_document(paths.generation(number), ledger.LEDGER_FORMAT, dict)


def _wrong_step(before: dict, after: dict) -> Iterator[str]:
    """Yield how a generation is not one operation more than the one before it."""
    known = len(after["operations"]) - 1
    if after["operations"][:-1] != before["operations"][len(before["operations"]) - known :]:
        yield "a generation of the ledger does not go on from the one before"
    if len(set(after["operations"])) != len(after["operations"]):
        yield "an operation is in the ledger twice"
    gone, assigned = _excluded(before), [_assigned(state) for state in (before, after)]
    if _excluded(after)[: len(gone)] != gone:
        yield "samples that were excluded no longer are"
    if (assigned[1] - assigned[0]) & set(gone):
        yield "a sample was moved after it was excluded"
    for name, parts in before["splits"].items():
        old, new = _indices(parts), _indices(after["splits"].get(name, ()))
        if new[: len(old)] != old:
            yield f"the first samples of {name} changed"


def _excluded(state: dict) -> list[int]:
    return [index for each in state.get("excluded", ()) for index in _indices(each["samples"])]


def _assigned(state: dict) -> set[int]:
    return {index for parts in state["splits"].values() for index in _indices(parts)}


def _indices(parts: Iterable[tuple[int, int]]) -> list[int]:
    return [index for start, stop in parts for index in range(start, stop)]


def _wrong_reservations(paths: SetPaths) -> Iterator[str]:
    end = 0
    for number, reservation in enumerate(list_runs(paths)):
        is_behind = reservation.start == end or reservation.former
        if reservation.number != number or not is_behind:
            yield f"{paths.runs}: run {reservation.number} reserves {reservation.interval}"
        end = max(end, reservation.stop)


def _incomplete(cache: Path) -> Iterator[str]:
    for dataset in Cache(cache).values():
        for param_set in dataset.values():
            paths = param_set.paths
            reserved = IntervalSet(item.interval for item in list_runs(paths))
            if reserved != param_set.existing:
                yield f"{param_set}: {reserved} are reserved, {param_set.existing} exist"
            litter = [path.name for path in paths.temporary.glob("*") if path != paths.lock]
            if litter:
                yield f"{paths.temporary} holds {litter}"
            yield from _attempt(lambda item=param_set: _verify(item))


def _verify(param_set: ParamSet) -> None:
    made = load_generator(source(param_set.generator)).generator
    if found := verify(param_set, lambda: made, resample=2).problems:
        raise ValueError("; ".join(found))


def resume(cache: Path) -> None:
    """Fill all holes of a cache, as `datagen resume --executor inline` does."""
    sets = [param_set.paths for dataset in Cache(cache).values() for param_set in dataset.values()]
    for paths in sets:
        for reservation in list_runs(paths):
            if status_of(paths, reservation).missing:
                drive([take_up(paths, reservation, Settings(executor="inline"))])
        remove_litter(paths.root.parent, paths.temporary)


def snapshot(cache: Path) -> dict[str, tuple[int, str]]:
    """Return time of change and hash of all files but the empty lock, to tell what changed."""
    return {
        str(path.relative_to(cache)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(cache.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def published(cache: Path) -> dict[str, tuple[int, str]]:
    """Return the same of what may never change, once it is visible."""
    return {
        name: state
        for name, state in snapshot(cache).items()
        if name.endswith((".json", ".h5")) and f"{os.sep}tmp{os.sep}" not in name
    }


def changes(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> list[str]:
    """Return what was changed; files of samples may vanish, when a pack covers them.

    Generations of a split ledger may be emptied.
    """
    return [
        f"{name} was changed after it was published"
        for name, state in before.items()
        if after.get(name, state)[1] not in {state[1], *_emptied(name)}
        or (name not in after and not name.endswith(".h5"))
        or (after.get(name, state)[0] != state[0] and not _emptied(name))
    ]


def _emptied(name: str) -> set[str]:
    """Return the hash of nothing, for the name of a generation, which may be spent."""
    return {hashlib.sha256().hexdigest()} if Path(name).parent.name == "splits" else set()
