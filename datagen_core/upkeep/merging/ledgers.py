"""Split ledgers that are joined: what one of them says and the other does not is true of both.

Splits travel with their samples: what is in no file here stays unknown here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import chain
from typing import NamedTuple

from datagen_core.errors import CacheError
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store.assignments import Ledger
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import change_ledger, read_generation, read_ledger
from datagen_core.store.sets import existing_samples

_IMPORT = "import-"
"""How the ids of operations begin by which ledgers were joined."""

_EXCLUDED = "excluded"


class Contradiction(NamedTuple):
    """Samples that are in one split here, and in another one there, or excluded from none."""

    samples: IntervalSet
    here: str
    there: str

    @property
    def reason(self) -> str:
        """What is wrong, for people."""
        here, there = (
            "excluded, in no split," if each == _EXCLUDED else f"in {each}"
            for each in (self.here, self.there)
        )
        return f"{here} here and {there} there"


def read_branches(paths: SetPaths) -> list[Ledger]:
    """Return the newest generation of a ledger, and the last one of each that it does not continue.

    Such are left of a cache over which another one was copied. Generations before an import were
    joined by it.
    """
    later = read_ledger(paths)
    branches = [later]
    numbers = [number for number in paths.generations() if number < later.generation]
    for number in reversed(numbers):
        if later.operations[-1:] and later.operations[-1].startswith(_IMPORT):
            break
        try:
            earlier = read_generation(paths, number)
        except (CacheError, FileNotFoundError):  # spent, as all before it are
            break
        if not _continues(later, earlier):
            branches.append(earlier)
        later = earlier
    return branches


def _continues(later: Ledger, earlier: Ledger) -> bool:
    """Whether a generation has the operations of the one before it, as far as it remembers them."""
    remembered = later.operations[:-1]
    return earlier.operations[len(earlier.operations) - len(remembered) :] == remembered


def find_contradictions(here: Ledger, there: Ledger) -> Iterator[Contradiction]:
    """Yield the samples of which two ledgers do not say the same."""
    here, there = _agree_on_names(here, there)
    theirs = _places(there)
    for mine, samples in _places(here).items():
        for other, others in theirs.items():
            if mine != other and (both := samples & others):
                yield Contradiction(both, mine, other)


def _agree_on_names(here: Ledger, there: Ledger) -> tuple[Ledger, Ledger]:
    """Return two ledgers, in both of which a split that either relabelled has its newer name."""
    for each in there.relabels:
        if each.old not in here.retired and each.new not in {*here.splits, *here.retired}:
            here = here.relabel(each)
    splits = {here.current_name(name): parts for name, parts in there.splits.items()}
    return here, replace(there, splits=splits)


def _places(ledger: Ledger) -> dict[str, IntervalSet]:
    """Return the samples in each split, and those that are excluded and in none."""
    splits = {name: IntervalSet(parts) for name, parts in ledger.splits.items()}
    return {**splits, _EXCLUDED: ledger.excluded - ledger.assigned}


def hold(paths: SetPaths, ledgers: Sequence[Ledger], origin: str) -> None:
    """Hold samples back that are to come from a cache, and are in a split or excluded there."""
    marked = IntervalSet(chain.from_iterable(each.assigned | each.excluded for each in ledgers))

    def change(current: Ledger, operation: str) -> tuple[Ledger, None]:
        coming = marked - existing_samples(paths) - current.assigned - current.excluded
        return current.follow(operation, held=_hold(current, origin, coming)), None

    current = read_ledger(paths)
    following, _ = change(current, "")
    if following.held != current.held:
        change_ledger(paths, change)


def _hold(ledger: Ledger, origin: str, samples: IntervalSet) -> Mapping[str, IntervalSet]:
    others = {name: each for name, each in ledger.held.items() if name != origin}
    return {**others, origin: samples} if samples else others


def join_ledgers(
    paths: SetPaths, ledgers: Sequence[Ledger], origin: str | None
) -> list[Contradiction]:
    """Join ledgers of another cache with that of a set, whose samples are here by now.

    Nothing is held any more for the cache of that name, or for any if it is None. Returns what is
    refused, of which the ledger stays as it was.
    """
    current, *lost = read_branches(paths)
    others = [*lost, *ledgers]

    def change(current: Ledger, operation: str) -> tuple[Ledger, list[Contradiction]]:
        return join(current, others, existing_samples(paths), operation, origin)

    following, refused = change(current, "")
    if lost or _differs(following, current):
        return change_ledger(paths, change, _IMPORT)
    return refused


def foresee_ledger(
    paths: SetPaths, ledgers: Sequence[Ledger], existing: IntervalSet
) -> tuple[Ledger, list[Contradiction]]:
    """Return what `join_ledgers` would do once samples exist: the ledger, and what is refused."""
    current, *lost = read_branches(paths)
    return join(current, [*lost, *ledgers], existing, "", None)


def _differs(one: Ledger, other: Ledger) -> bool:
    return any(
        getattr(one, name) != getattr(other, name)
        for name in ("splits", "exclusions", "relabels", "draws", "held")
    )


def join(
    current: Ledger,
    others: Sequence[Ledger],
    existing: IntervalSet,
    operation: str,
    origin: str | None,
) -> tuple[Ledger, list[Contradiction]]:
    """Return the generation that follows from joining others, and what is refused."""
    refused: list[Contradiction] = []
    joined = current
    for other in others:
        found = list(find_contradictions(joined, other))
        joined = _join(*_agree_on_names(joined, other), existing - _samples_of(found))
        refused += found
    held = {} if origin is None else _hold(current, origin, IntervalSet())
    return replace(joined, generation=current.generation, operations=current.operations).follow(
        operation, held=held
    ), refused


def _samples_of(found: Sequence[Contradiction]) -> IntervalSet:
    return reduce(IntervalSet.__or__, (each.samples for each in found), IntervalSet())


def _join(current: Ledger, other: Ledger, samples: IntervalSet) -> Ledger:
    splits = dict(current.splits)
    free = samples - current.assigned
    for name, parts in other.splits.items():
        new = IntervalSet(parts) & free
        # In their order, so that a split has the same first samples in both caches.
        for part in parts.without(IntervalSet(parts) - new).parts:
            splits[name] = splits.get(name, IntervalList()).followed_by(part)
    fresh = samples - current.excluded
    exclusions = [
        replace(each, samples=new) for each in other.exclusions if (new := each.samples & fresh)
    ]
    joined = replace(current, splits=splits, exclusions=(*current.exclusions, *exclusions))
    if not current.splits and joined.splits == other.splits:
        return replace(joined, draws=other.draws)  # of which one can be told that it is right
    return joined
