"""Which raw samples a move takes into a split: a number, a fraction, a random choice, or these.

What is chosen follows from the ledger's newest generation, so that of several moves at once each
takes other samples.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol, TypedDict, Unpack

from datagen_core.batches import draw
from datagen_core.checks import check_kind, whole_number
from datagen_core.errors import SelectionError, SplitError
from datagen_core.ranges import MOST_SAMPLES, Interval, IntervalList, IntervalSet
from datagen_core.store.assignments import RAW, Draw, Ledger
from datagen_core.store.documents import signature
from datagen_core.store.layout import SetPaths, is_name
from datagen_core.store.ledger import change_ledger
from datagen_core.store.set_records import SetRecord


class MoveWords(TypedDict, total=False):
    """What `move` takes by keyword.

    Attributes
    ----------
    fraction
        Above 0, at most 1: the share of the raw samples to move, rounded to the next whole number,
        a half up.
    indices
        The indices of the samples to move. Those that the split has already stay there.
    random
        Whether to draw the samples at random, instead of taking those of lowest index.
    seed
        The seed of a random choice, which the ledger keeps; by default one is drawn, too.
    total
        Whether `n` counts what the split has already, or `fraction` is one of all samples of the
        set that are not excluded. Such a move can be repeated: it moves what is missing.
    """

    fraction: float | None
    indices: Iterable[int] | IntervalSet | None
    random: bool
    seed: int | None
    total: bool


class Movable(Protocol):
    """A parameter set, as far as moves ask for it."""

    paths: SetPaths
    number: int

    @property
    def record(self) -> SetRecord:
        """Its identity."""

    @property
    def existing(self) -> IntervalSet:
        """The samples that exist."""

    @property
    def counts(self) -> dict[str, int]:
        """The number of samples in each split."""


class Chosen(NamedTuple):
    """What a move takes: the samples, and how they were drawn, if at random."""

    samples: IntervalSet
    drawn: Draw | None = None


@dataclass(frozen=True)
class Choice:
    """What to move into a split; the same choice may be made of several parameter sets.

    Attributes
    ----------
    split
        The split to move samples into.
    n, fraction, indices
        How many, which share, or which ones; exactly one of them is given.
    seed
        The seed of a random choice; None to take the samples of lowest index.
    total
        See `MoveWords`.
    """

    split: str
    n: int | None = None
    fraction: Fraction | None = None
    indices: IntervalSet | None = None
    seed: int | None = None
    total: bool = False

    def plan(self, param_set: Movable, current: Ledger, operation: str = "") -> Chosen:
        """Return which samples of a set the choice takes now.

        Raises
        ------
        SplitError
            For a name that no split may have, and for indices that cannot be moved.
        InsufficientSamplesError
            When there are fewer raw samples.
        """
        digest = param_set.record.digest  # a set that is too new is refused
        current.check_name(self.split)
        existing = param_set.existing
        if self.indices is not None:
            return Chosen(self._find_indices(param_set, current, self.indices, existing))
        raw = current.raw(existing)
        wanted = self._count(current.count(existing), len(raw))
        if wanted > len(raw) or (not wanted and not self.total):
            from datagen_core.reading.insufficiency import insufficient  # rarely needed

            paths, number = param_set.paths, param_set.number
            raise insufficient(paths, number, RAW, len(raw), max(1, wanted))
        if self.seed is None or not wanted:
            return Chosen(raw.lowest(wanted))
        drawn = Draw(
            self.split, wanted, self.seed, len(raw), existing - current.awaited,
            {name: parts.size for name, parts in current.splits.items()},
            len(current.exclusions), *signature(), operation,
        )  # fmt: skip
        return Chosen(draw(self.seed, digest, raw, wanted), drawn)

    def _count(self, counts: dict[str, int], raw: int) -> int:
        """Return how many raw samples to take."""
        whole = sum(counts.values()) if self.total else raw
        wanted = self.n
        if wanted is None:
            share = Fraction(self.fraction or 0)
            wanted = math.floor(share * whole + Fraction(1, 2))
            if not wanted and whole:
                raise SplitError(
                    f"{float(share)} of {whole} samples is less than half a sample; move at least "
                    "one"
                )
        return max(0, wanted - counts.get(self.split, 0)) if self.total else wanted

    def _find_indices(
        self, param_set: Movable, current: Ledger, wanted: IntervalSet, existing: IntervalSet
    ) -> IntervalSet:
        """Return those of some samples that are not in the split yet; refuse what is not raw."""
        parts = {
            f"in {name}": IntervalSet(parts)
            for name, parts in current.splits.items()
            if name != self.split
        }
        held = {"held back by an import": current.awaited}
        reasons = {"not there": wanted - existing, "excluded": current.excluded, **held, **parts}
        refused = {why: found for why, each in reasons.items() if (found := wanted & each)}
        if refused:
            listed = ", ".join(f"{each.brief()} ({why})" for why, each in refused.items())
            raise SplitError(
                f"cannot move these samples of {param_set} into {self.split}: {listed}; nothing "
                "was moved"
            )
        return wanted - IntervalSet(current.splits.get(self.split, IntervalList()))


def read_choice(n: int | None, split: str | None, **words: Unpack[MoveWords]) -> Choice:
    """Return what `move` is asked for.

    Raises
    ------
    SplitError
        For what no set can fulfil, and for words that contradict one another.
    """
    check_kind("the split", split, str, 'its name, such as "train"')
    fraction, indices, seed = words.get("fraction"), words.get("indices"), words.get("seed")
    random, total = words.get("random", False), words.get("total", False)
    if [n, fraction, indices].count(None) != 2:
        raise SplitError("how many samples to move? give a number, a fraction, or indices: one")
    if indices is not None and (random or total):
        raise SplitError("indices say which samples to move; leave out what is random, or total")
    if seed is not None and not random:
        raise SplitError("a seed is for a random choice; ask for one, or leave out the seed")
    return Choice(
        str(split),
        None if n is None else _check_number(n),
        None if fraction is None else _check_fraction(fraction),
        None if indices is None else _check_indices(indices),
        _check_seed(seed) if random else None,
        total=total,
    )


def _check_seed(seed: int | None) -> int:
    """Return a seed; a new one for none."""
    if seed is None:
        return int.from_bytes(os.urandom(4))
    seed = whole_number("seed", seed)
    if seed < 0:
        raise SplitError(f"the seed is {seed}; give one that is not negative")
    return seed


def _check_indices(indices: Iterable[int] | IntervalSet) -> IntervalSet:
    check_kind("indices", indices, Iterable, "a list of indices, such as [3, 5]")
    samples = as_samples(indices)
    if not samples:
        raise SplitError("there are no indices; give at least one")
    return samples


def as_samples(indices: Iterable[int] | IntervalSet) -> IntervalSet:
    """Return indices as a set; a mask of booleans does not pass for the indices 0 and 1."""
    pairs = list(indices) if isinstance(indices, IntervalSet) else [*map(_as_interval, indices)]
    samples = IntervalSet(pairs)
    if samples and (lowest := samples.intervals[0].start) < 0:
        raise SelectionError(f"{lowest} is not the index of a sample; they count from 0")
    return samples


def _as_interval(index: int) -> Interval:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise SelectionError(f"{index!r} is not the index of a sample; give whole numbers")
    number = operator.index(index)
    return Interval(number, number + 1)


def take(param_set: Movable, choice: Choice) -> IntervalSet:
    """Move the samples of a choice into its split, and return which they are."""

    def assign(current: Ledger, operation: str) -> tuple[Ledger, IntervalSet]:
        samples, drawn = choice.plan(param_set, current, operation)
        if not samples:
            return current, samples
        return current.assign(samples, choice.split, operation, drawn), samples

    return change_ledger(param_set.paths, assign)


def _check_number(n: int) -> int:
    n = whole_number("n", n)
    if n < 1:
        raise SplitError(f"cannot move {n} samples; move at least one")
    if n > MOST_SAMPLES:
        raise SplitError("no parameter set has 2**63 samples or more; move fewer")
    return n


def _check_fraction(fraction: float) -> Fraction:
    """Return a fraction as it is written: 0.07 of 100 samples is 7."""
    try:
        exact = Fraction(str(fraction))
    except (ValueError, ZeroDivisionError):
        exact = Fraction(0)
    if isinstance(fraction, bool) or not 0 < exact <= 1:
        raise SplitError(f"the fraction is {fraction}; give one above 0, at most 1, such as 0.8")
    return exact


def check_progress(param_sets: Sequence[Movable], choice: Choice) -> None:
    """Refuse a move in several sets of which some may have been done by a call before.

    Raises
    ------
    SplitError
        When the split has samples of some sets and not, or not as many, of others.
    """
    if choice.total or choice.indices is not None or len(param_sets) < 2:
        return
    counts = [each.counts.get(choice.split, 0) for each in param_sets]
    if len(set(counts)) > 1:
        most = sum(count == max(counts) for count in counts)
        raise SplitError(
            f"{choice.split} has {max(counts)} samples in {most} of {len(counts)} sets and fewer in"
            " the others, as after a call that was interrupted: give --total (total=True), so that "
            "what is there counts and the same call moves only what is missing"
        )


def redraw(current: Ledger, drawn: Draw, digest: str) -> tuple[IntervalSet, IntervalSet]:
    """Return which samples a random choice took, and which it takes when it is repeated."""
    before = drawn.assigned.get(drawn.split, 0)
    parts = current.splits[drawn.split]
    taken = IntervalSet(parts.first(before + drawn.samples)) - IntervalSet(parts.first(before))
    raw = drawn.existing
    for name, count in drawn.assigned.items():
        raw -= IntervalSet(current.splits[name].first(count))
    for each in current.exclusions[: drawn.exclusions]:
        raw -= each.samples
    count = min(drawn.samples, len(raw))
    return taken, draw(drawn.seed, digest, raw, count) if count else raw


def find_similar(split: str, known: Iterable[str]) -> Iterator[str]:
    """Yield the names that a new split may be mistyped for: but for case, or for one letter.

    Two letters that stand the other way round count as one. Digits do not count, since fold1 and
    fold2 are different on purpose, nor do names of one letter.
    """
    if is_name(split) and len(split) > 1:
        return (name for name in known if name != split and _is_near(split, name))
    return iter(())


def _is_near(left: str, right: str) -> bool:
    if left.casefold() == right.casefold():
        return True
    start = next(
        (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
        min(len(left), len(right)),
    )
    one, other = left[start:], right[start:]
    if one[:2] == other[1::-1] and one[2:] == other[2:]:
        return len(one) > 1
    edited = {(one[:1], other[:1]): one[1:] == other[1:], ("", other[:1]): one == other[1:],
              (one[:1], ""): one[1:] == other}  # fmt: skip
    return any(same and not all(map(_is_digit, pair)) for pair, same in edited.items())


def _is_digit(letter: str) -> bool:
    return letter in "0123456789"  # or nothing
