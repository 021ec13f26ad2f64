"""Checking a parameter set: every checksum, every ledger entry, and samples made again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datagen_core.errors import DatagenError, UnreadableError, UntrustedError
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.history import list_codes
from datagen_core.store.access import fault_of
from datagen_core.store.advice import command_for, command_to_mend
from datagen_core.store.checking import check_file, contents_of
from datagen_core.store.codes import find_origins
from datagen_core.store.columns import Piece
from datagen_core.store.derived import list_derived
from datagen_core.store.layout import (
    LOOKS,
    SetPaths,
    list_folders,
    list_shards,
    shard_name,
)
from datagen_core.store.ledger import read_ledger
from datagen_core.store.overlaps import (
    common_samples,
    differing_samples,
    list_pieces,
    overlapping,
)
from datagen_core.store.published import lost_samples
from datagen_core.store.reservations import reserved_by
from datagen_core.store.runs import list_runs
from datagen_core.store.view_files import list_views, read_view
from datagen_core.upkeep.deviations import Deviation, find_deviations
from datagen_core.upkeep.merging.history import find_lost_runs
from datagen_core.upkeep.merging.ledgers import read_branches


class Verification(NamedTuple):
    """What was checked of a set.

    Attributes
    ----------
    files, resampled
        The number of files, and of samples that were made again.
    problems
        One line for each.
    deviations
        The samples that differ when they are made again; each is a problem, too, unless it is
        expected to differ.
    codes
        Which samples were made by which code and versions; see `list_codes`.
    private
        Whether the set is private, so that no samples are made again.
    mixed
        Whether samples were made by codes that a user accepted, or that nobody compared.
    untrusted
        Which code was not run, so that no samples were made again; empty where it was.
    unreadable
        What this user may not read of it, a line each, and so nobody has checked; no problem.
    """

    files: int
    resampled: int
    problems: tuple[str, ...]
    deviations: tuple[Deviation, ...] = ()
    codes: tuple[dict[str, Any], ...] = ()
    mixed: bool = False
    private: bool = False
    untrusted: str = ""
    unreadable: tuple[str, ...] = ()


def verify(
    param_set: ParamSet, generator: Callable[[], DatasetGenerator] | None = None, resample: int = 0
) -> Verification:
    """Check a parameter set; go on after a problem, so that all problems are reported.

    Parameters
    ----------
    generator
        Loads the set's generator; needed to resample.
    resample
        Number of random samples to make again and compare, byte for byte; none is made again of a
        private set, or of a generator that declares itself not reproducible.
    """
    private, codes = _is_private(param_set), list[dict[str, Any]]()
    faults = [
        *_attempt(param_set, partial(_check_identity, param_set)),
        *_attempt(param_set, partial(list_runs, param_set.paths)),
        *_attempt(param_set, partial(_check_ledger, param_set)),
        *_attempt(param_set, partial(_check_published, param_set)),
        *_attempt(param_set, partial(_check_copied, param_set)),
        *_attempt(param_set, lambda: param_set.frozen),
        *_attempt(param_set, lambda: codes.extend(list_codes(param_set.paths))),
    ]
    files = 0
    for checked, found in _check_files(param_set):
        files += checked
        faults += found
    closed = tuple(dict.fromkeys(str(each) for each in faults if _is_closed(each)))
    problems = [str(each) for each in faults if not _is_closed(each)]
    resampled = 0 if private or closed else min(resample, len(param_set.existing))
    deviations: list[Deviation] = []
    untrusted = ""
    if resampled and generator is not None and not problems:
        try:
            resampled, deviations = _resample(param_set, generator(), resampled)
            problems += [_describe(param_set, each) for each in deviations if not each.expected]
        except UntrustedError as error:
            resampled, untrusted = 0, str(error)
        except DatagenError as error:
            problems.append(str(error))
    return Verification(
        files, resampled, tuple(dict.fromkeys(problems)), tuple(deviations), tuple(codes),
        mixed=_is_mixed(param_set) or _is_unseen(codes), private=private,
        untrusted=untrusted, unreadable=closed,
    )  # fmt: skip


def _is_closed(fault: DatagenError) -> bool:
    return isinstance(fault, UnreadableError)


def _is_mixed(param_set: ParamSet) -> bool:
    with suppress(UnreadableError):
        return param_set.mixed
    return False


def _is_private(param_set: ParamSet) -> bool:
    with suppress(DatagenError, OSError):  # a problem that is told of
        return param_set.record.private
    return False


def _describe(param_set: ParamSet, each: Deviation) -> str:
    what = f"sample {each.sample} of {param_set} differs in field {each.field} when made again"
    return f"{what}: {each.why}"


def _is_unseen(codes: Sequence[dict[str, Any]]) -> bool:
    """Whether codes made samples that were never compared, as where two caches were joined."""
    return (
        sum(each["code"] is not None and each["probe"] in {"first", "unknown"} for each in codes)
        > 1
    )


def _attempt(param_set: ParamSet, check: Callable[[], object]) -> Iterator[DatagenError]:
    """Yield the error that a check raises, if any."""
    try:
        check()
    except Exception as error:
        yield fault_of(param_set, error)


def _check_identity(param_set: ParamSet) -> None:
    record, paths = param_set.record, param_set.paths
    digest = record.computed_digest
    if digest != record.digest or not paths.root.name.endswith(digest[:8]):
        raise DatagenError(f"{paths.params} is damaged: its digest does not match its content")


def _check_ledger(param_set: ParamSet) -> None:
    ledger = read_ledger(param_set.paths)
    reserved = reserved_by(list_runs(param_set.paths))
    for samples, where in ((ledger.assigned, "in a split"), (ledger.excluded, "excluded")):
        lost = samples - param_set.existing
        if unknown := lost - reserved:
            raise DatagenError(
                f"samples {unknown.brief()} of {param_set} are {where}, but no run was to make "
                f"them: {param_set.paths.splits} is of another set, or runs are lost; restore "
                "them from a backup"
            )
        if lost and not param_set.record.private:
            raise DatagenError(
                f"samples {lost.brief()} of {param_set} are {where} but in no file; make them "
                f"again: {command_for(param_set.paths, 'resume')}"
            )


def _check_copied(param_set: ParamSet) -> None:
    """Find what is left of a cache that was copied over this one, or of an import that was killed.

    Raises
    ------
    DatagenError
        If runs or splits were lost by it, or samples are held back.
    """
    paths = param_set.paths
    data_set, held = paths.root.parent, read_ledger(paths).held
    for origin, samples in held.items():
        raise DatagenError(
            f"samples {samples.brief()} of {param_set} are held back by an import that did not "
            f"end; repeat it: {command_to_mend(data_set, origin)}"
        )
    origins = find_origins(paths)  # first, since a run is there before its samples are
    lost_runs = [*find_lost_runs(list_runs(paths), origins)]
    if lost_runs or len(read_branches(paths)) > 1:
        what = "samples of runs" if lost_runs else "splits"
        raise DatagenError(
            f"{param_set} has {what} of another cache, which was copied over this one, so that "
            f"runs or splits are lost; bring them: {command_to_mend(data_set, 'OTHER_CACHE')}; if "
            f"the other one is gone, mend what is here: {command_to_mend(data_set)}"
        )


def _check_published(param_set: ParamSet) -> None:
    if lost := lost_samples(param_set.paths):
        raise DatagenError(
            f"samples {lost.brief()} of {param_set} are private, were published, and are in no "
            "file; restore them from a backup, since they are never made again"
        )


def _check_files(param_set: ParamSet) -> Iterator[tuple[int, list[DatagenError]]]:
    paths = param_set.paths
    unreadable = list(_attempt(param_set, lambda: param_set.existing))
    if unreadable or not param_set.existing:
        yield 0, unreadable
        return
    if unreadable := list(_attempt(param_set, lambda: (param_set.record, param_set.schema))):
        yield 0, unreadable
        return
    contents_of.cache_clear()  # documents may have been damaged since they were read
    yield from _check_samples(param_set)
    # Of private samples that were made twice, nobody reads but those that were published first.
    for left, right in () if param_set.record.private else overlapping(list_pieces(paths)):
        yield 0, list(_attempt(param_set, partial(_compare, param_set, left, right)))
    for found in (_check_derived(param_set, paths), _check_views(param_set, paths)):
        yield from _until_closed(param_set, found)


def _until_closed(
    param_set: ParamSet, found: Iterator[tuple[int, list[DatagenError]]]
) -> Iterator[tuple[int, list[DatagenError]]]:
    """Pass on what is found in folders, up to one that may not be read."""
    try:
        yield from found
    except (UnreadableError, OSError) as error:
        yield 0, [fault_of(param_set, error)]


def _check_views(param_set: ParamSet, paths: SetPaths) -> Iterator[tuple[int, list[DatagenError]]]:
    for name in list_views(paths):
        yield 1, list(_attempt(param_set, partial(_check_view, paths.views / name)))


def _check_samples(param_set: ParamSet) -> Iterator[tuple[int, list[DatagenError]]]:
    """Check the files with samples, and those that compaction publishes meanwhile, as a reader."""
    checked, vanished = set[Path](), set[Path]()
    for _ in range(LOOKS):
        new = [each for each in list_pieces(param_set.paths) if each.path not in checked]
        vanished.clear()
        for piece in new:
            problems = list(_attempt(param_set, partial(_check_shard, param_set, piece, vanished)))
            yield piece.path not in vanished, problems
        checked |= {each.path for each in new}
        if not vanished:
            return


def _check_shard(param_set: ParamSet, piece: Piece, vanished: set[Path]) -> None:
    """Check a file; one that was compacted away meanwhile is sound if its samples are elsewhere."""
    try:
        check_file(piece.path)
    except FileNotFoundError:
        if IntervalSet([piece.file]) - param_set.existing:
            raise
        vanished.add(piece.path)


def _check_derived(
    param_set: ParamSet, paths: SetPaths
) -> Iterator[tuple[int, list[DatagenError]]]:
    for split in list_folders(paths.root / "derived"):
        for derived in list_derived(paths, split.name):
            for file in list_shards(derived.root):
                path = derived.root / shard_name(file)
                yield 1, list(_attempt(param_set, partial(check_file, path)))


def _check_view(folder: Path) -> None:
    view = read_view(folder)
    for part, (users, _) in view.parts.items():
        check_file(view.folder(part) / shard_name(Interval(0, users)))


def _compare(param_set: ParamSet, left: Piece, right: Piece) -> None:
    """Compare the samples that two files have in common: two workers must make equal samples."""
    try:
        unequal = differing_samples(param_set.schema, left, right)
    except FileNotFoundError:  # compacted away meanwhile
        return
    if unequal:
        raise DatagenError(
            f"samples {IntervalSet([common_samples(left, right)])} differ in {left.path} and "
            f"{right.path}: the generator is not deterministic"
        )


def _resample(
    param_set: ParamSet, generator: DatasetGenerator, count: int
) -> tuple[int, list[Deviation]]:
    if generator.reproducible == "no":
        return 0, []
    chosen = _choose(param_set.existing, count)
    return count, list(find_deviations(param_set, generator, chosen))


def _choose(existing: IntervalSet, count: int) -> Iterator[int]:
    """Yield the indices of `count` different random samples that exist, in their order.

    One from each of `count` equal parts, so that no list of them is needed.
    """
    rng, size = np.random.default_rng(), len(existing)
    ends = list(accumulate(interval.size for interval in existing))
    for part in range(count):
        position = int(rng.integers(part * size // count, (part + 1) * size // count))
        place = bisect_right(ends, position)
        yield existing.intervals[place].stop - (ends[place] - position)
