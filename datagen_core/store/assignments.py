"""Which samples are in which split: what one generation of the split ledger says.

All of it is immutable. What changes it returns the next generation, for `change_ledger` to publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datagen_core.errors import DamagedFileError, SplitError
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store.documents import one_line
from datagen_core.store.layout import check_name

RAW = "raw"
"""The name for samples that are in no split; the ledger does not contain it."""

EXCLUDED = "excluded"
"""What tables call excluded samples; no new split is called so."""

KEPT_OPERATIONS = 64
"""How many ids a generation has. An earlier version looks for its own right after it published."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Samples that were retracted by one call, and why: they are kept, and left out of all splits.

    Attributes
    ----------
    samples
        Their indices.
    reason
        What is wrong with them, in any words.
    by, created
        Who excluded them, `user@host`, and when, in ISO 8601.
    operation
        The id of the call in the ledger.
    others
        What a later version says about it.
    """

    samples: IntervalSet
    reason: str
    by: str
    created: str
    operation: str
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def line(self) -> str:
        """The reason as one line of printable text, for messages and tables."""
        return one_line(self.reason)


@dataclass(frozen=True, slots=True)
class Draw:
    """A random choice of raw samples, so that it can be repeated.

    Attributes
    ----------
    split
        The split that they were moved into, by its present name.
    samples
        How many were chosen.
    seed
        The seed that was given; see `datagen_core.batches.draw`.
    raw
        How many raw samples it was made from.
    existing, assigned, exclusions
        Which samples these were: those that existed, without the first so many of each split, and
        without those of the first so many exclusions.
    by, created, operation, others
        As of an exclusion.
    """

    split: str
    samples: int
    seed: int
    raw: int
    existing: IntervalSet
    assigned: Mapping[str, int]
    exclusions: int
    by: str
    created: str
    operation: str
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Relabel:
    """A split that got another name; the one that it had is never used again in its set.

    Attributes
    ----------
    old, new
        Its name before, and since.
    reason
        Why, in any words.
    by, created, operation, others
        As of an exclusion.
    """

    old: str
    new: str
    reason: str
    by: str
    created: str
    operation: str
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Say in a line what happened, by whom, when and why."""
        return (
            f"{self.old} was relabelled to {self.new} by {self.by} at {self.created}: "
            f"{one_line(self.reason)}"
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """One generation of the ledger; `others` are keys of later versions, which are passed on.

    `splits` has all samples that were ever assigned, also those that are excluded.
    """

    generation: int = 0
    splits: Mapping[str, IntervalList] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    draws: tuple[Draw, ...] = ()
    relabels: tuple[Relabel, ...] = ()
    held: Mapping[str, IntervalSet] = field(default_factory=dict)
    """By the cache that they come from, samples that are on their way from there."""
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assigned(self) -> IntervalSet:
        """All samples that are in a split.

        Raises
        ------
        DamagedFileError
            If one is in two.
        """
        parts = [part for parts in self.splits.values() for part in parts.parts]
        assigned = IntervalSet(IntervalList.of(parts))
        if len(assigned) != sum(map(len, parts)):
            raise DamagedFileError(
                f"generation {self.generation} of the split ledger is damaged: a sample is in two "
                "splits; restore it from a backup"
            )
        return assigned

    @property
    def excluded(self) -> IntervalSet:
        """All samples that are excluded, in a split or not."""
        return _union(each.samples for each in self.exclusions)

    @property
    def awaited(self) -> IntervalSet:
        """All samples that are held until they are in their split."""
        return _union(self.held.values())

    def raw(self, existing: IntervalSet) -> IntervalSet:
        """Return the samples that exist, are in no split, and are neither excluded nor held."""
        raw = self._unassigned(existing)
        return raw - self.excluded if self.exclusions else raw

    def _unassigned(self, existing: IntervalSet) -> IntervalSet:
        free = existing - self.assigned
        return free - self.awaited if self.held else free

    def members(self, split: str, existing: IntervalSet) -> tuple[IntervalList, IntervalSet]:
        """Return the samples of a split in their order, and those left out as excluded."""
        if split in self.splits:
            recorded = self.splits[split]
        else:
            recorded = IntervalList(self._unassigned(existing) if split == RAW else ())
        if not self.exclusions:
            return recorded, IntervalSet()
        excluded = self.excluded
        return recorded.without(excluded), IntervalSet(recorded) & excluded

    def count(self, existing: IntervalSet) -> dict[str, int]:
        """Return the number of samples in each split, `raw` first."""
        sizes = {name: parts.size for name, parts in self.splits.items()}
        is_plain = not self.exclusions and not self.held
        if is_plain and self._are_all_in(existing):  # what lies scattered is not read
            return {RAW: len(existing) - sum(sizes.values()), **sizes}
        if self.exclusions:
            excluded = self.excluded
            sizes = {
                name: sizes[name] - len(IntervalSet(parts) & excluded)
                for name, parts in self.splits.items()
            }
        return {RAW: len(self.raw(existing)), **sizes}

    def _are_all_in(self, existing: IntervalSet) -> bool:
        """Return whether all samples of splits exist, as far as their spans show."""
        spans = (part.span for parts in self.splits.values() for part in parts.parts)
        return all([span] == list(existing.clip(span)) for span in spans)

    def find_splits(self, several: Iterable[IntervalSet]) -> Iterator[dict[str, int]]:
        """Yield for each set of samples how many are in which split, excluded or not."""
        splits = {name: IntervalSet(parts) for name, parts in self.splits.items()}
        for samples in several:
            found = {
                name: sum(part.size for each in samples for part in parts.clip(each))
                for name, parts in splits.items()
            }
            raw = len(samples) - sum(found.values())
            yield {name: count for name, count in {RAW: raw, **found}.items() if count}

    @property
    def retired(self) -> dict[str, Relabel]:
        """The names that splits had, and that none may have again."""
        return {each.old: each for each in self.relabels}

    def current_name(self, split: str) -> str:
        """Return the present name of a split, which may have had this one."""
        for each in self.relabels:
            split = each.new if each.old == split else split
        return split

    def first_name(self, split: str) -> str:
        """Return the name with which a split began, under which derived data lie for good."""
        for each in reversed(self.relabels):
            split = each.old if each.new == split else split
        return split

    def check_name(self, split: str) -> str:
        """Return `split` if samples can be moved into a split of that name.

        Raises
        ------
        SplitError
            For `raw`, and names that are retired or reserved.
        """
        if split == RAW:
            raise SplitError("samples cannot be moved back into 'raw'; choose another split")
        if split in self.retired:
            raise SplitError(
                f"the name {split!r} is retired, {self.retired[split]}; choose another name"
            )
        if split == EXCLUDED and split not in self.splits:
            raise SplitError(f"no split is called {split!r}; see `datagen exclude`")
        return check_name(split, "split")

    def assign(
        self, samples: IntervalSet, split: str, operation: str, draw: Draw | None = None
    ) -> Ledger:
        """Return the next generation, in which `split` has `samples` after those it had."""
        before = self.splits.get(split, IntervalList())
        splits = {**self.splits, split: before.followed_by(samples)}
        draws = self.draws if draw is None else (*self.draws, draw)
        return self.follow(operation, splits=splits, draws=draws)

    def exclude(self, exclusion: Exclusion) -> Ledger:
        """Return the next generation, which leaves out more samples."""
        return self.follow(exclusion.operation, exclusions=(*self.exclusions, exclusion))

    def relabel(self, relabel: Relabel) -> Ledger:
        """Return the next generation, in which a split has another name, in its place."""
        rename = {relabel.old: relabel.new}
        splits = _rename(self.splits, rename)
        draws = tuple(
            replace(each, split=rename.get(each.split, each.split),
                    assigned=_rename(each.assigned, rename))
            for each in self.draws
        )  # fmt: skip
        relabels = (*self.relabels, relabel)
        return self.follow(relabel.operation, splits=splits, draws=draws, relabels=relabels)

    def follow(self, operation: str, **changed: Any) -> Ledger:
        """Return the next generation, of which some fields are `changed`."""
        operations = (*self.operations, operation)[-KEPT_OPERATIONS:]
        return replace(self, generation=self.generation + 1, operations=operations, **changed)


def _rename(mapping: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in mapping.items()}


def _union(sets: Iterable[IntervalSet]) -> IntervalSet:
    return IntervalSet(IntervalList.of(sets))
