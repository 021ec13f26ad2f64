"""Comparing splits with a digest that was published: whether they are what somebody has used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from datagen_core.errors import DatagenError, SelectionError, count_of
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.schema import Field
from datagen_core.ranges import Interval, IntervalList, IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.samples import Samples
from datagen_core.store.access import fault_of
from datagen_core.store.assignments import RAW
from datagen_core.store.frozen import FrozenSplit
from datagen_core.store.ledger import read_ledger

OTHER = "it has another digest"
"""The problem of a split that was never frozen with the digest."""


class Comparison(NamedTuple):
    """What was found of one split, or of all samples of a set (`split` is None).

    Attributes
    ----------
    set
        The number of the set.
    samples
        How many samples were compared, the first ones of the split.
    digest
        Their digest; empty if they cannot be read.
    problems
        Why they are not what the digest was made of, a line each.
    frozen
        The record that they were compared with; None where there is none of that digest.
    grown
        How many samples have come to the split since it was frozen.
    """

    generator: str
    set: int
    split: str | None
    samples: int
    digest: str
    problems: tuple[str, ...] = ()
    frozen: FrozenSplit | None = None
    grown: int = 0

    @property
    def title(self) -> str:
        """What messages call the samples."""
        name = f"{self.generator} {self.set}"
        return f"{name} {self.split}" if self.split else f"all of {name}"


def compare_with_digest(
    param_sets: Sequence[ParamSet], digest: str, problems: list[DatagenError]
) -> list[Comparison]:
    """Compare splits with a digest, or with the beginning of one.

    Splits that were frozen with that digest are compared with their records. Where there are none,
    all splits are compared as they are now; what has another digest is a problem of that one only.

    Parameters
    ----------
    problems
        A list that gets the errors of sets that are left out.

    Raises
    ------
    SelectionError
        If several digests were frozen that begin like that.
    """
    found: list[tuple[ParamSet, FrozenSplit]] = []
    for param_set in param_sets:
        try:
            found += [(param_set, each) for each in param_set.frozen if each.begins(digest)]
        except Exception as error:
            problems.append(fault_of(param_set, error))
    known = sorted({record.digest for _, record in found})
    if len(known) > 1:
        raise SelectionError(f"{digest} is the beginning of several digests: {', '.join(known)}")
    if found:
        return [_compare_frozen(*each) for each in found]
    return list(_compare_all(param_sets, digest, problems))


def _compare_all(
    param_sets: Iterable[ParamSet], digest: str, problems: list[DatagenError]
) -> Iterator[Comparison]:
    for param_set in param_sets:
        try:
            yield from _compare_now(param_set, digest)
        except Exception as error:
            problems.append(fault_of(param_set, error))


def _compare_now(param_set: ParamSet, digest: str) -> Iterator[Comparison]:
    """Compare all that has samples; a set that has them in one split only is that split."""
    if not param_set.existing:
        return
    parts: list[tuple[str | None, Samples]] = [
        (name, split) for name, split in param_set.items() if split.intervals or split.excluded
    ]
    if len(parts) > 1:
        parts.append((None, param_set.samples))
    for name, samples in parts:
        compared = Comparison(param_set.generator, param_set.number, name, len(samples), "")
        try:
            problems = tuple(_explain(param_set, name, samples, digest))
            yield compared._replace(digest=samples.digest, problems=problems)
        except Exception as error:
            yield compared._replace(problems=(str(fault_of(compared.title, error)),))


def _explain(
    param_set: ParamSet, split: str | None, samples: Samples, digest: str
) -> Iterator[str]:
    """Yield why samples have another digest, if so: they had it before some were excluded."""
    if samples.digest.startswith(digest):
        return
    if samples.excluded:
        ledger, existing = read_ledger(param_set.paths), param_set.existing
        rest = existing if split is None else existing - ledger.assigned
        known = IntervalList(rest) if split in {None, RAW} else ledger.splits[split or RAW]
        if _samples_of(param_set, known).digest.startswith(digest):
            yield _say_excluded(samples.excluded, known.size)
            return
    yield OTHER


def _say_excluded(excluded: IntervalSet, size: int) -> str:
    verb = "was" if len(excluded) == 1 else "were"
    return (
        f"{len(excluded)} of its {count_of(size, 'sample')} ({excluded.brief()}) {verb} "
        "excluded since"
    )


def _samples_of(param_set: ParamSet, intervals: Sequence[Interval]) -> Samples:
    """Return samples of a set in some order, also those that are excluded."""
    paths = param_set.paths
    return Samples(str(param_set), paths.folders, param_set.schema, intervals)


def _compare_frozen(param_set: ParamSet, record: FrozenSplit) -> Comparison:
    """Compare the samples that were frozen, and see what has become of their split."""
    name = param_set.generator, param_set.number
    compared = Comparison(*name, record.split, record.size, "", (), record)
    try:
        content = _samples_of(param_set, record.samples).content
        ledger = read_ledger(param_set.paths)
        members, _ = ledger.members(record.split, param_set.existing)
    except Exception as error:
        return compared._replace(problems=(str(fault_of(compared.title, error)),))
    kept, excluded = record.samples.without(ledger.excluded), record.within(ledger.excluded)
    count, left = members.size, kept.size
    problems = list(_find_changes(record.content, content))
    if excluded:
        problems.append(_say_excluded(excluded, record.size))
    if count < left:
        problems.append(f"it has {count_of(count, 'sample')} now, fewer than were frozen")
    elif members.first(left) != kept:
        problems.append("it has other samples in front now, or another order")
    return compared._replace(
        digest=sha256_of(content), problems=tuple(problems), grown=max(0, count - left)
    )


def _find_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs between two contents of as many samples."""
    before = {field["name"]: field for field in then["fields"]}
    after = {field["name"]: field for field in now["fields"]}
    if list(before) != list(after):
        yield f"its fields were {', '.join(before)} and are {', '.join(after)}"
    for name in (name for name in before if name in after):
        types = [str(Field.from_json(fields[name])) for fields in (before, after)]
        if types[0] != types[1]:
            yield f"its field {name} was {types[0]} and is {types[1]}"
        elif before[name] != after[name]:
            yield f"values of its field {name} are others; `datagen verify` finds damaged files"
