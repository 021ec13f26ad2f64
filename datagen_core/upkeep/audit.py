"""Proof that each sample is in exactly one split, and always was: ledgers against shards.

What the ledger's own code would refuse is worked out here anew, from the intervals themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations, pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import DamagedFileError, UnreadableError
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.reading.moving import redraw
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.views import ViewSamples
from datagen_core.store.access import fault_of
from datagen_core.store.assignments import RAW, Ledger
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_generation, read_ledger
from datagen_core.store.reservations import reserved_by
from datagen_core.store.runs import list_runs
from datagen_core.store.view_files import list_views, read_view
from datagen_core.upkeep.equal_content import EqualContent, Report, find_equal_content

T = TypeVar("T")


class Audit(NamedTuple):
    """What was found of the splits of a set.

    Attributes
    ----------
    samples
        The number of samples that exist.
    splits
        How many are in which split, `raw` first, without those that are excluded.
    excluded
        How many are excluded.
    generations
        The number of generations of the ledger that were compared.
    problems
        Why it is not proved that each sample is and was in exactly one split, a line each.
    equal
        Equal content in different splits, which is no fault of the ledger.
    """

    samples: int
    splits: dict[str, int]
    excluded: int
    generations: int
    problems: tuple[str, ...]
    equal: tuple[EqualContent, ...] = ()


def audit(param_set: ParamSet, report: Report = lambda _done, _total: None) -> Audit:
    """Audit the splits of a set; go on after a problem, so that all problems are reported.

    Parameters
    ----------
    report
        Called with how many samples were compared, and of how many.

    Raises
    ------
    CacheError
        If the newest generation of the ledger, or the set, cannot be read.
    """
    current, existing = read_ledger(param_set.paths), param_set.existing
    counts = {RAW: 0, **dict.fromkeys(current.splits, 0)}
    found: list[str | EqualContent] = [*_attempt(param_set, partial(_check_disjoint, current))]
    if not found:
        counts = current.count(existing)
        found += _attempt(param_set, partial(_check_places, param_set, current, existing))
        found += _attempt(param_set, partial(_check_draws, param_set, current))
        found += _attempt(param_set, partial(_check_views, param_set))
        found += _attempt(param_set, partial(find_equal_content, param_set, current, report))
    generations, problems = _check_history(param_set)
    problems = [*(each for each in found if isinstance(each, str)), *problems]
    return Audit(
        len(existing), counts, len(current.excluded), generations, tuple(dict.fromkeys(problems)),
        tuple(each for each in found if isinstance(each, EqualContent)),
    )  # fmt: skip


def _check_history(param_set: ParamSet) -> tuple[int, list[str]]:
    """Return how many generations were compared with the one after, and the problems."""
    paths, known = param_set.paths, list[Ledger | str]()
    for number in paths.generations():
        known += _attempt(param_set, partial(_read_generation, paths, number))
    problems = [each for each in known if isinstance(each, str)]
    generations = [each for each in known if isinstance(each, Ledger)]
    for earlier, later in pairwise(generations):
        problems += _attempt(param_set, partial(_check_followed, earlier, later))
    return len(generations), problems


def _attempt(param_set: ParamSet, check: Callable[[], Iterable[T]]) -> Iterator[T | str]:
    """Yield what a check finds; what it cannot read is a problem, unless this user may not."""
    try:
        yield from check()
    except UnreadableError:
        raise
    except Exception as error:
        yield str(fault_of(param_set, error))


def _check_disjoint(ledger: Ledger) -> Iterator[str]:
    splits = {name: IntervalSet(parts) for name, parts in ledger.splits.items()}
    for name, parts in ledger.splits.items():
        if len(splits[name]) != parts.size:
            yield f"a sample is in {name} twice"
    for (one, left), (other, right) in combinations(splits.items(), 2):
        if both := left & right:
            yield f"samples {both.brief()} are in {one} and in {other}"


def _check_places(param_set: ParamSet, ledger: Ledger, existing: IntervalSet) -> Iterator[str]:
    """Compare what the ledger says with the samples that exist, and with those asked for."""
    reserved = reserved_by(list_runs(param_set.paths))
    for samples, where in ((ledger.assigned, "in a split"), (ledger.excluded, "excluded")):
        if unknown := samples - existing - reserved:
            yield f"samples {unknown.brief()} are {where}, but no run was to make them"
        if lost := (samples & reserved) - existing:
            yield f"samples {lost.brief()} are {where}, but in no file; see `datagen verify`"
    if both := ledger.awaited & ledger.assigned:
        yield f"samples {both.brief()} are held back by an import, and in a split"
    lost = (ledger.assigned | ledger.excluded) - existing
    placed = sum(ledger.count(existing).values()) + len(ledger.excluded)
    awaited = (ledger.awaited & existing) - ledger.assigned - ledger.excluded
    if placed + len(awaited) - len(lost) != len(existing):
        yield f"{placed} samples are in splits, raw or excluded, and {len(existing)} exist"


def _check_draws(param_set: ParamSet, ledger: Ledger) -> Iterator[str]:
    digest = param_set.record.digest
    for each in ledger.draws:
        taken, again = redraw(ledger, each, digest)
        if taken != again:
            yield (
                f"{each.samples} samples of {each.split} are not those that its random choice with "
                f"seed {each.seed}, by {each.by} at {each.created}, takes"
            )


def _read_generation(paths: SetPaths, number: int) -> Iterator[Ledger]:
    """Yield a generation; one that is spent, now or meanwhile, has no content."""
    path = paths.generation(number)
    try:
        if path.stat().st_size:
            yield read_generation(paths, number)
    except DamagedFileError:
        if path.stat().st_size:
            raise


def _check_followed(earlier: Ledger, later: Ledger) -> Iterator[str]:
    """Check that no sample left its split, or its place in it, from one generation to another."""
    between = f"between generations {earlier.generation} and {later.generation}"
    for name, parts in earlier.splits.items():
        now = later.splits.get(later.current_name(name), IntervalList())
        if _order(now.first(parts.size)) != _order(parts):
            gone = IntervalSet(parts) - IntervalSet(now)
            what = f"samples {gone.brief()} left {name}" if gone else f"the order of {name} changed"
            yield f"{what} {between}"
    if later.exclusions[: len(earlier.exclusions)] != earlier.exclusions:
        yield f"an exclusion was changed {between}"
    if later.relabels[: len(earlier.relabels)] != earlier.relabels:
        yield f"what was relabelled was changed {between}"


def _order(samples: IntervalList) -> bytes:
    """Return what two lists of the same indices in the same order have in common."""
    bounds = samples.bounds
    if not len(bounds):
        return b""
    begins = np.concatenate([[True], bounds[1:, 0] != bounds[:-1, 1]])
    ends = np.concatenate([begins[1:], [True]])
    starts, stops = bounds[begins, 0], bounds[ends, 1]
    return bytes(starts.tobytes() + stops.tobytes())


def _check_views(param_set: ParamSet) -> Iterator[str]:
    """Check that no row is in two parts of a view."""
    for name in list_views(param_set.paths):
        record = read_view(param_set.paths.views / name)
        if len(record.parts) > 1:
            yield from _check_view(param_set, name, [
                ViewSamples(str(param_set), param_set.paths, param_set.schema, record, part)
                for part in record.parts
            ])  # fmt: skip


def _check_view(param_set: ParamSet, name: str, parts: Sequence[ViewSamples]) -> Iterator[str]:
    rows = {part.name: _rows_of(part) for part in parts}
    for (one, left), (other, right) in combinations(rows.items(), 2):
        both = np.intersect1d(left, right, assume_unique=True)
        if len(both):
            yield (
                f"view {name} of {param_set} has {len(both)} rows in {one} and in {other}, such as "
                f"row {both['row'][0]} of sample {both['sample'][0]}"
            )


def _rows_of(part: ViewSamples) -> NDArray[np.void]:
    samples, rows = part.origins
    found = np.empty(len(samples.rows()), [("sample", np.int64), ("row", np.int64)])
    found["sample"], found["row"] = samples.rows(), rows.rows()
    return np.unique(found)
