"""One parameter set of another cache: what is to be done with it, and its doing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from datagen_core.errors import CacheError
from datagen_core.generators.schema import Schema
from datagen_core.ranges import IntervalSet
from datagen_core.store.assignments import Ledger
from datagen_core.store.codes import find_origins
from datagen_core.store.documents import copy_document
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger
from datagen_core.store.origins import Origin
from datagen_core.store.overlaps import list_pieces
from datagen_core.store.probes import is_mixed
from datagen_core.store.runs import RunRecord, list_runs
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import existing_samples, grow_set, read_schema, read_set
from datagen_core.upkeep.merging.belongings import (
    import_frozen,
    import_inputs,
    import_results,
    import_views,
)
from datagen_core.upkeep.merging.codes import find_strange, import_codes, keep_probes
from datagen_core.upkeep.merging.files import Carrier, Choice, Counter, Kind, Refusal, choose_files
from datagen_core.upkeep.merging.history import (
    find_lost_runs,
    find_runs,
    import_runs,
    is_alive,
)
from datagen_core.upkeep.merging.ledgers import (
    Contradiction,
    foresee_ledger,
    hold,
    join_ledgers,
    read_branches,
)


class Found(NamedTuple):
    """A parameter set of another cache; it has no number where nothing lists it."""

    paths: SetPaths
    record: SetRecord
    number: int | None


@dataclass
class ImportedSet:
    """What became of a set of another cache, or would become of it.

    Attributes
    ----------
    there
        Its generator, and its number there, or its folder where it has none.
    paths
        Where it lies here, or would lie; None where that is not known.
    number
        Its number here; None before it has one.
    is_new
        Whether it was not here.
    samples
        How many samples are here that were not.
    files, linked
        How many files came, and how many of them as hard links.
    runs
        How many runs came.
    splits
        How many samples came to be in which split.
    mixed
        Whether it holds samples of codes whose samples nobody knows to be equal.
    alive
        Whether samples of it are being made there right now.
    refused
        What was not imported, and why.
    """

    there: str
    paths: SetPaths | None = None
    number: int | None = None
    is_new: bool = False
    samples: int = 0
    files: int = 0
    linked: int = 0
    runs: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    mixed: bool = False
    alive: bool = False
    refused: list[Refusal] = field(default_factory=list)

    @property
    def generator(self) -> str:
        """The name of its generator."""
        return self.there.partition(" ")[0]


@dataclass
class Import:
    """What is to be done with a set of another cache; nothing is written before `carry_out`.

    The ledgers are read before the files are listed, so that what they say is of files that are
    there.
    """

    found: Found
    target: SetPaths
    origin: str
    ledgers: Sequence[Ledger]
    runs: Sequence[RunRecord]
    kind: Kind | None
    choice: Choice
    strange: Sequence[str]
    before: IntervalSet

    @property
    def is_alive(self) -> bool:
        """Whether samples that are missing there are being made."""
        return is_alive(self.found.paths, self.runs, existing_samples(self.found.paths))

    @property
    def _coming(self) -> list[Origin]:
        return [origin for _, look in self.choice.taken for origin in look.origins]

    @property
    def _origins(self) -> list[Origin]:
        return [origin for _, look in self.choice.seen for origin in look.origins]

    def foresee(self, outcome: ImportedSet) -> None:
        """Say what would become of it."""
        coming = IntervalSet(piece.file for piece, _ in self.choice.taken)
        outcome.samples = len(coming - self.before)
        outcome.files = len(self.choice.taken)
        known = {run.maker for run in list_runs(self.target)}
        outcome.runs = sum(run.maker not in known for run in self.runs)
        outcome.mixed = bool(self.strange) or is_mixed(self.target)
        outcome.refused += self.choice.damaged
        joined, refused = foresee_ledger(self.target, self.ledgers, self.before | coming)
        _tell_splits(outcome, read_ledger(self.target), joined, refused)

    def carry_out(self, outcome: ImportedSet, observe: Counter) -> None:
        """Bring all of it here, in the order that the package's docstring explains."""
        source, target, record = self.found.paths, self.target, self.found.record
        outcome.refused += [*import_inputs(source, target, record), *self.choice.damaged]
        import_codes(source, target, self._origins)
        self._begin()
        outcome.runs = import_runs(source, target, self.runs)
        keep_probes(source, target, self._coming, self.strange, self.choice.proofs)
        hold(target, self.ledgers, self.origin)
        carrier = Carrier(source.root.parent, target.root.parent, observe)
        for folder, here in zip(source.folders, target.folders, strict=True):
            files = [each for each in self.choice.taken if each[0].folder == folder]
            if files and self.kind is not None:
                outcome.refused += carrier.carry(files, here, self.kind)
        earlier = read_ledger(target)
        refused = join_ledgers(target, self.ledgers, self.origin)
        _tell_splits(outcome, earlier, read_ledger(target), refused)
        for step in (
            partial(import_results, source, target, record, carrier),
            partial(import_views, source, target, record, carrier),
            partial(import_frozen, source, target),
        ):
            outcome.refused += _refuse_unreadable(step)
        outcome.files, outcome.linked = carrier.linked + carrier.copied, carrier.linked
        outcome.samples = len(existing_samples(target) - self.before)
        outcome.mixed = is_mixed(target)

    def _begin(self) -> None:
        source, target, record = self.found.paths, self.target, self.found.record
        copy_document(source.params, target.params, target.temporary, begins=True)
        grow_set(target, read_set(target, strict=True), record.params, record.renamed)
        if source.schema.exists():
            copy_document(source.schema, target.schema, target.temporary)


def _refuse_unreadable(step: Callable[[], Iterable[Refusal] | None]) -> Iterator[Refusal]:
    """Yield what a step refuses; what it cannot read stays there, and the samples are here."""
    try:
        yield from step() or ()
    except CacheError as error:
        yield Refusal(IntervalSet(), str(error))


def _tell_splits(
    outcome: ImportedSet, before: Ledger, after: Ledger, refused: Iterable[Contradiction]
) -> None:
    earlier = {after.current_name(name): parts for name, parts in before.splits.items()}
    gained = {
        name: len(IntervalSet(parts) - IntervalSet(earlier.get(name, ())))
        for name, parts in after.splits.items()
    }
    outcome.splits = {name: count for name, count in gained.items() if count}
    outcome.refused += [Refusal(each.samples, each.reason) for each in refused]


def prepare(found: Found, target: SetPaths, origin: str) -> Import:
    """Find out what is to be done with a set of another cache; nothing is written.

    Raises
    ------
    CacheError
        If it cannot be read, or does not fit the set that is here.
    """
    source, record = found.paths, found.record
    ledgers = read_branches(source)
    schema = _check_fit(found, target)
    choice, kind = Choice(), None
    if schema is not None:
        kind = Kind(schema, record.generator, record.digest)
        there, here = (partial(list_pieces, each) for each in (source, target))
        choice = choose_files(source.root.parent, kind, there, here)
    if choice.unequal:
        raise UnequalError(choice.unequal)
    runs = find_runs(source, (origin for _, look in choice.seen for origin in look.origins))
    coming = [origin for _, look in choice.taken for origin in look.origins]
    strange = find_strange(source, target, coming, choice.proofs) if coming else []
    before = existing_samples(target)
    return Import(found, target, origin, ledgers, runs, kind, choice, strange, before)


class UnequalError(CacheError):
    """Samples that have the same index in two caches, and different values."""

    def __init__(self, samples: IntervalSet) -> None:
        super().__init__(
            "differ from those here with the same indices, so that nothing of the set is imported: "
            "the generator is not deterministic, or other code made them"
        )
        self.samples = samples


def _check_fit(found: Found, target: SetPaths) -> Schema | None:
    """Return the schema of a set; refuse one that cannot be joined with what is here."""
    schema = read_schema(found.paths)
    if target.params.exists():
        here = read_set(target, strict=True)
        if here.digest != found.record.digest:
            raise CacheError(f"{target.root} belongs to another parameter set; import into another")
        _check_growth(here, found.record, target)
    with suppress(FileNotFoundError):
        known = read_schema(target)
        if known and schema and known.to_json() != schema.to_json():
            raise CacheError(f"{found.paths.schema} and {target.schema} have different fields")
    if schema is None and existing_samples(found.paths):
        raise CacheError(f"{found.paths.schema} is missing; restore it from a backup")
    return schema


def _check_growth(here: SetRecord, there: SetRecord, target: SetPaths) -> None:
    """Refuse a set that goes on with other values of parameters that were added to it."""
    for name, value in _named(there, here).items():
        if name in here.params and here.params[name] != value:
            raise CacheError(
                f"{target.root} goes on with {name}={here.params[name]!r}, not {value!r}, as the "
                "other cache does"
            )


def _named(record: SetRecord, like: SetRecord) -> dict[str, Any]:
    """Return the parameters of a record by the present names that another one has for them."""
    return {like.renamed.get(name, name): value for name, value in record.params.items()}


def mend(paths: SetPaths, outcome: ImportedSet, *, dry_run: bool) -> None:
    """Mend a set over which that of another cache was copied; nothing is held back any more.

    Runs that only samples tell of get records, and ledgers of which both were copied are joined.
    """
    lost = list(find_lost_runs(list_runs(paths), find_origins(paths)))
    outcome.runs, outcome.mixed = len(lost), is_mixed(paths)
    earlier = read_ledger(paths)
    later, refused = foresee_ledger(paths, [], existing_samples(paths))
    if not dry_run:
        import_runs(paths, paths, lost)
        refused = join_ledgers(paths, [], None)
        later = read_ledger(paths)
    _tell_splits(outcome, earlier, later, refused)
