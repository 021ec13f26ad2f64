"""Checking a parameter set: every checksum, every ledger entry, and samples made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datagen_core.errors import DatagenError
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.identity import digest_of
from datagen_core.generators.schema import Columns, Schema, slice_columns, without_measured
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.batches import BatchMaker, preserved_global_generators
from datagen_core.store.columns import ColumnReader, Piece
from datagen_core.store.derived import DerivedPaths, list_derived
from datagen_core.store.layout import SetPaths, list_folders, list_shards, shard_name
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import list_runs
from datagen_core.store.sets import check_known
from datagen_core.store.shards import ShardLabel, columns_checksum, verify_shard
from datagen_core.store.view_files import PART, list_views, read_view


class Verification(NamedTuple):
    """The number of files and of samples that were checked, and the problems, one line each."""

    files: int
    resampled: int
    problems: tuple[str, ...]


def verify(
    param_set: ParamSet, generator: Callable[[], DatasetGenerator] | None = None, resample: int = 0
) -> Verification:
    """Check a parameter set; go on after a problem, so that all problems are reported.

    Parameters
    ----------
    generator
        Loads the set's generator; needed to resample.
    resample
        Number of random samples to make again and compare, byte for byte.
    """
    problems = [
        *_attempt(partial(_check_identity, param_set)),
        *_attempt(partial(list_runs, param_set.paths)),
        *_attempt(partial(_check_ledger, param_set)),
    ]
    files = 0
    for checked, found in _check_files(param_set):
        files += checked
        problems += found
    resampled = min(resample, len(param_set.existing))
    if resampled and generator is not None and not problems:
        try:
            problems += _resample(param_set, generator, resampled)
        except DatagenError as error:
            problems.append(str(error))
    return Verification(files, resampled, tuple(dict.fromkeys(problems)))


def _attempt(check: Callable[[], object]) -> Iterator[str]:
    """Yield the message of the error that a check raises, if any."""
    try:
        check()
    except (DatagenError, OSError, ValueError, TypeError) as error:
        yield str(error)


def _check_identity(param_set: ParamSet) -> None:
    record, paths = param_set.record, param_set.paths
    digest = digest_of(record.generator, record.version, record.params, record.seed)
    if digest != record.digest or not paths.root.name.endswith(digest[:8]):
        raise DatagenError(f"{paths.params} is damaged: its digest does not match its content")


def _check_ledger(param_set: ParamSet) -> None:
    lost = read_ledger(param_set.paths).assigned - param_set.existing
    if lost:
        raise DatagenError(
            f"samples {lost} of {param_set} are in a split but in no file; run `datagen resume`"
        )


def _check_files(param_set: ParamSet) -> Iterator[tuple[int, list[str]]]:
    paths = param_set.paths
    if not param_set.existing:
        return
    unreadable = list(_attempt(lambda: (param_set.record, param_set.schema)))
    if unreadable:
        yield 0, unreadable
        return
    for folder in (paths.packs, paths.shards):
        files = list_shards(folder)
        for file in files:
            label = ShardLabel(param_set.generator, param_set.record.digest, file)
            path = folder / shard_name(file)
            yield 1, list(_attempt(partial(_check_shard, param_set, path, label)))
    for left, right in _overlapping(paths):
        yield 0, list(_attempt(partial(_compare, param_set, left, right)))
    yield from _check_derived(param_set, paths)
    for name in list_views(paths):
        yield 1, list(_attempt(partial(_check_view, param_set, name)))


def _check_shard(param_set: ParamSet, path: Path, label: ShardLabel) -> None:
    """Check a file; one that was compacted away meanwhile is sound if its samples are elsewhere."""
    try:
        verify_shard(path, param_set.schema, label)
    except FileNotFoundError:
        if IntervalSet([label.interval]) - param_set.existing:
            raise


def _check_derived(param_set: ParamSet, paths: SetPaths) -> Iterator[tuple[int, list[str]]]:
    for split in list_folders(paths.root / "derived"):
        for derived in list_derived(paths, split.name):
            for file in list_shards(derived.root):
                yield 1, list(_attempt(partial(_check_result, param_set, derived, file)))


def _check_result(param_set: ParamSet, derived: DerivedPaths, file: Interval) -> None:
    label = ShardLabel(param_set.generator, param_set.record.digest, file)
    verify_shard(derived.root / shard_name(file), derived.schema(), label)


def _check_view(param_set: ParamSet, name: str) -> None:
    view = read_view(param_set.paths.views / name)
    for part, (users, _) in view.parts.items():
        label = ShardLabel(param_set.generator, view.digest, Interval(0, users))
        verify_shard(view.folder(part) / shard_name(label.interval), PART, label)


def _overlapping(paths: SetPaths) -> Iterator[tuple[Piece, Piece]]:
    """Yield the pairs of files that have samples in common."""
    folders = (paths.packs, paths.shards)
    files = [Piece(file, folder, file) for folder in folders for file in list_shards(folder)]
    reaching: list[Piece] = []
    for file in sorted(files):
        reaching = [left for left in reaching if left.file.stop > file.file.start]
        yield from ((left, file) for left in reaching)
        reaching.append(file)


def _compare(param_set: ParamSet, left: Piece, right: Piece) -> None:
    """Compare the samples that two files have in common: two workers must make equal samples."""
    both = Interval(right.file.start, min(left.file.stop, right.file.stop))
    label = ShardLabel(param_set.generator, param_set.record.digest, left.file)
    schema = param_set.schema
    try:
        one = verify_shard(left.path, schema, label)
        other = verify_shard(right.path, schema, label._replace(interval=right.file))
    except FileNotFoundError:  # compacted away meanwhile
        return
    if _sum(one, both, left.file, schema) != _sum(other, both, right.file, schema):
        raise DatagenError(
            f"samples {IntervalSet([both])} differ in {left.path} and {right.path}: "
            "the generator is not deterministic"
        )


def _sum(columns: Columns, part: Interval, file: Interval, schema: Schema) -> str:
    both = slice_columns(columns, part.start - file.start, part.stop - file.start)
    return columns_checksum(without_measured(both, schema))


def _resample(
    param_set: ParamSet, generator: Callable[[], DatasetGenerator], count: int
) -> Iterator[str]:
    check_known(param_set.paths)
    maker = BatchMaker.of(generator(), param_set.record)
    folders = (param_set.paths.packs, param_set.paths.shards)
    reader = ColumnReader(folders, param_set.schema)
    for index in _choose(param_set.existing, count):
        piece = Interval(index, index + 1)
        with preserved_global_generators():
            made, _ = maker.make(piece, param_set.schema)
        try:
            kept = reader.read([piece])
        except FileNotFoundError:  # compacted away meanwhile
            reader = ColumnReader(folders, param_set.schema)
            kept = reader.read([piece])
        pair = [without_measured(each, param_set.schema) for each in (made, kept)]
        if columns_checksum(pair[0]) != columns_checksum(pair[1]):
            yield (
                f"sample {index} of {param_set} differs when made again: its code, its data or "
                "a package changed, or the generator is not deterministic"
            )


def _choose(existing: IntervalSet, count: int) -> list[int]:
    """Return the indices of `count` different random samples that exist, sorted."""
    positions = np.random.default_rng().choice(len(existing), count, replace=False)
    indices = np.concatenate([np.arange(*interval) for interval in existing])
    return sorted(indices[positions].tolist())
