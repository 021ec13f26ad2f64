"""Checking a parameter set: every checksum, every ledger entry, and samples made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from datagen_core.batches import BatchMaker, preserved_global_generators
from datagen_core.cache import ParamSet
from datagen_core.errors import DatagenError
from datagen_core.generators import DatasetGenerator
from datagen_core.identity import digest_of
from datagen_core.schema import Columns, slice_columns
from datagen_core.sharding import Interval, IntervalSet
from datagen_core.store.columns import ColumnReader
from datagen_core.store.derived import list_derived
from datagen_core.store.layout import SetPaths, list_folders, list_shards, shard_name
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import list_reservations
from datagen_core.store.shards import ShardLabel, columns_checksum, verify_shard


class Verification(NamedTuple):
    """What was checked, and what is wrong, a line each."""

    files: int
    resampled: int
    problems: tuple[str, ...]


def verify(
    param_set: ParamSet,
    generator: Callable[[], DatasetGenerator] | None = None,
    resample: int = 0,
) -> Verification:
    """Check a parameter set; go on after a problem, so that all of them are named.

    Parameters
    ----------
    generator
        Loads its generator; needed to resample.
    resample
        How many random samples to make anew and compare, byte for byte.
    """
    problems = [*_check_records(param_set), *_check_ledger(param_set)]
    files = 0
    for paths, found in _check_files(param_set):
        files += paths
        problems += found
    resampled = min(resample, len(param_set.existing))
    if resampled and generator is not None and not problems:
        problems += _resample(param_set, generator, resampled)
    return Verification(files, resampled, tuple(problems))


def _attempt(check: Callable[[], object]) -> Iterator[str]:
    """Yield the one line of the error that a check raises, if it does."""
    try:
        check()
    except (DatagenError, OSError, ValueError, TypeError) as error:
        yield str(error)


def _check_records(param_set: ParamSet) -> Iterator[str]:
    def identity() -> None:
        record = param_set.record
        digest = digest_of(record.generator, record.version, record.params, record.seed)
        if digest != record.digest or not param_set.paths.root.name.endswith(digest[:8]):
            message = f"{param_set.paths.params} is damaged: its digest is not that of its content"
            raise DatagenError(message)

    yield from _attempt(identity)
    yield from _attempt(lambda: list_reservations(param_set.paths))


def _check_ledger(param_set: ParamSet) -> Iterator[str]:
    def ledger() -> None:
        lost = read_ledger(param_set.paths).assigned - param_set.existing
        if lost:
            message = f"samples {lost} of {param_set} are in a split but in no file: datagen resume"
            raise DatagenError(message)

    yield from _attempt(ledger)


def _check_files(param_set: ParamSet) -> Iterator[tuple[int, list[str]]]:
    paths = param_set.paths
    if not param_set.existing:
        return
    for folder in (paths.packs, paths.shards):
        files = list_shards(folder)
        for file in files:
            label = ShardLabel(param_set.generator, param_set.record.digest, file)
            path, schema = folder / shard_name(file), param_set.schema
            yield 1, list(_attempt(lambda p=path, s=schema, w=label: verify_shard(p, s, w)))  # type: ignore[misc]
    yield 0, list(_attempt(lambda: _compare_overlaps(param_set)))
    yield from _check_derived(param_set, paths)


def _check_derived(param_set: ParamSet, paths: SetPaths) -> Iterator[tuple[int, list[str]]]:
    for split in list_folders(paths.root / "derived"):
        for derived in list_derived(paths, split.name):
            for file in list_shards(derived.root):
                label = ShardLabel(param_set.generator, param_set.record.digest, file)
                path, schema = derived.root / shard_name(file), derived.schema()
                yield 1, list(_attempt(lambda p=path, s=schema, w=label: verify_shard(p, s, w)))  # type: ignore[misc]


def _compare_overlaps(param_set: ParamSet) -> None:
    """Compare samples that two files hold: a zombie's must equal its replacement's."""
    paths = param_set.paths
    files = [
        (file, folder) for folder in (paths.packs, paths.shards) for file in list_shards(folder)
    ]
    for (left, left_folder), (right, right_folder) in pairwise(sorted(files)):
        both = Interval(right.start, min(left.stop, right.stop))
        if both.start < both.stop:
            label = ShardLabel(param_set.generator, param_set.record.digest, left)
            one = verify_shard(left_folder / shard_name(left), param_set.schema, label)
            other_label = label._replace(interval=right)
            other = verify_shard(right_folder / shard_name(right), param_set.schema, other_label)
            if _sum(one, both, left) != _sum(other, both, right):
                message = (
                    f"samples {both.start}-{both.stop} differ in {left_folder / shard_name(left)} "
                    f"and {right_folder / shard_name(right)}: the generator is not deterministic"
                )
                raise DatagenError(message)


def _sum(columns: Columns, part: Interval, file: Interval) -> str:
    return columns_checksum(slice_columns(columns, part.start - file.start, part.stop - file.start))


def _resample(
    param_set: ParamSet, generator: Callable[[], DatasetGenerator], count: int
) -> Iterator[str]:
    maker = BatchMaker.of(generator(), param_set.record)
    reader = ColumnReader((param_set.paths.packs, param_set.paths.shards), param_set.schema)
    for index in _choose(param_set.existing, count):
        piece = Interval(index, index + 1)
        with preserved_global_generators():
            made, _ = maker.make(piece, param_set.schema)
        if columns_checksum(made) != columns_checksum(reader.read([piece])):
            yield (
                f"sample {index} of {param_set} comes out differently now: its code, its data or "
                "a package changed, or the generator is not deterministic"
            )


def _choose(existing: IntervalSet, count: int) -> list[int]:
    """Return `count` different random samples that exist, sorted."""
    positions = np.random.default_rng().choice(len(existing), count, replace=False)
    indices = np.concatenate([np.arange(*interval) for interval in existing])
    return sorted(indices[positions].tolist())
