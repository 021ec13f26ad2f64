"""One parameter set as Python sees it: its splits and views, read-only, `move` and `exclude`.

Names of files answer every question about what there is; nothing here opens a shard, and numpy is
imported only when somebody asks for samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from datagen_core.checks import check_kind
from datagen_core.errors import SelectionError, SplitError, count_of, printable
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.reading.notebooks import html_set, html_table
from datagen_core.reading.siblings import Siblings
from datagen_core.store.advice import command_for, command_to_make
from datagen_core.store.assignments import RAW, Exclusion, Ledger, Relabel
from datagen_core.store.documents import signature
from datagen_core.store.frozen import FrozenSplit, list_frozen
from datagen_core.store.layout import SetPaths, removed_set
from datagen_core.store.ledger import change_ledger, read_ledger
from datagen_core.store.probes import is_mixed
from datagen_core.store.reservations import latest_run, reserved_by
from datagen_core.store.runs import list_runs
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import existing_samples, read_schema, size_on_disk

if TYPE_CHECKING:
    from datagen_core.generators.schema import Schema
    from datagen_core.reading.moving import MoveWords
    from datagen_core.reading.samples import Samples
    from datagen_core.reading.splits import Split
    from datagen_core.reading.views import View


class ParamSet(Mapping[str, "Split"]):
    """One parameter set: its splits by name, with `raw` for the samples in none."""

    def __init__(self, paths: SetPaths, number: int, siblings: Siblings | None = None) -> None:
        self.paths = paths
        self.number = number
        self._siblings = siblings or Siblings({number: paths})

    @property
    def record(self) -> SetRecord:
        """Identity, batch size and provenance."""
        return self._siblings.record(self.number)

    @property
    def generator(self) -> str:
        """The name of its generator."""
        return self.record.generator

    @property
    def params(self) -> dict[str, Any]:
        """Its parameters in plain JSON types."""
        return dict(self.record.params)

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.record.seed

    @cached_property
    def schema(self) -> Schema:
        """The fields of its samples.

        Raises
        ------
        SelectionError
            Before the first sample, when the generator does not declare them.
        """
        schema = read_schema(self.paths)
        if schema is None:
            self._check_there()
            status = command_for(self.paths, "status")
            raise SelectionError(f"{self} has no samples yet; see its runs: {status}")
        return schema

    @property
    def existing(self) -> IntervalSet:
        """The indices of all samples that exist, in whatever split, also excluded ones."""
        found = existing_samples(self.paths)
        if not found:
            self._check_there()
        return found

    def _check_there(self) -> None:
        if not self.paths.root.exists():
            raise removed_set(self.paths)

    @property
    def excluded(self) -> IntervalSet:
        """The indices of all samples that are excluded, in whatever split."""
        return read_ledger(self.paths).excluded

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """What was excluded, why, by whom and when; the first exclusion comes first."""
        return read_ledger(self.paths).exclusions

    @property
    def frozen(self) -> list[FrozenSplit]:
        """The splits that were frozen (`Split.freeze`), as they were then; the oldest first.

        They have their present names.
        """
        return list_frozen(self.paths)

    @property
    def reserved(self) -> int:
        """The number of samples ever asked for; those that do not exist are holes."""
        return len(reserved_by(list_runs(self.paths)))

    @property
    def counts(self) -> dict[str, int]:
        """The number of samples in each split, `raw` first, without excluded ones."""
        return read_ledger(self.paths).count(self.existing)

    @property
    def mixed(self) -> bool:
        """Whether a user let other code add to it without equal samples, which stays true."""
        return is_mixed(self.paths)

    @property
    def bytes(self) -> int:
        """The size of its files on disk."""
        return size_on_disk(self.paths)

    def move(
        self, n: int | None = None, split: str | None = None, **words: Unpack[MoveWords]
    ) -> IntervalSet:
        """Move raw samples into `split`, by default the `n` of lowest index; return which they are.

        A move cannot be undone. A move that is refused changes nothing; moves of several processes
        at once take different samples.

        Parameters
        ----------
        words
            `fraction`, `indices`, `random`, `seed` and `total`, see `MoveWords`.

        Raises
        ------
        SplitError
            For the split `raw`, a name that is retired, a number below one, samples that are not
            raw, and words that contradict one another.
        InsufficientSamplesError
            When there are fewer raw samples.
        """
        from datagen_core.reading.moving import read_choice, take  # listing a cache needs none

        return take(self, read_choice(n, split, **words))

    def relabel(self, old: str, new: str, reason: str) -> Relabel:
        """Give a split another name, for good: no split of the set is ever called `old` again.

        Its samples, their order, its digest, what was frozen, and what preprocessors made of it
        stay. A split that was relabelled like that already stays as it is.

        Raises
        ------
        SelectionError
            When there is no such split.
        SplitError
            For `raw`, a name that a split has or had, and without a reason.
        """
        from datagen_core.reading.relabelling import relabel  # as above

        return relabel(self, old, new, reason)

    def exclude(self, indices: Iterable[int] | IntervalSet, reason: str) -> Exclusion:
        """Retract samples, which cannot be undone: from now on all that reads samples omits them.

        They stay in their files, and count as made. Samples in no split are never moved into one.
        What was read before, also a pickled `Samples`, keeps them. An exclusion that is refused
        changes nothing.

        Raises
        ------
        SelectionError
            When a sample does not exist, or something is not an index.
        SplitError
            When there are no indices or no reason, or a sample is excluded already.
        """
        from datagen_core.reading.moving import as_samples  # as above

        check_kind("indices", indices, Iterable, "a list of indices, such as [3, 5]")
        check_kind("the reason", reason, str, "it in words")
        samples = as_samples(indices)
        if not samples or not reason.strip():
            missing = "their indices" if not samples else "a reason, in any words"
            raise SplitError(f"cannot exclude samples of {self} without {missing}")

        def exclude(current: Ledger, operation: str) -> tuple[Ledger, Exclusion]:
            self._check_excludable(current, samples)
            exclusion = Exclusion(samples, reason, *signature(), operation)
            return current.exclude(exclusion), exclusion

        return change_ledger(self.paths, exclude)

    def _check_excludable(self, current: Ledger, samples: IntervalSet) -> None:
        existing = self.existing
        if missing := samples - existing:
            raise SelectionError(
                f"{self} has no samples {missing.brief()}; it has {existing.brief()}"
            )
        if again := samples & current.excluded:
            first = again.intervals[0].start
            other = next(each for each in current.exclusions if first in each.samples)
            raise SplitError(
                f"samples {again.brief()} of {self} are excluded already ({first} by {other.by} at "
                f"{other.created}: {other.line}); leave them out"
            )

    @property
    def samples(self) -> Samples:
        """All samples that exist, in whatever split, by index, without excluded ones."""
        from datagen_core.reading.samples import Samples  # imports numpy and h5py

        existing, excluded = self.existing, self.excluded
        kept = IntervalList(existing - excluded)
        return Samples(str(self), self.paths.folders, self.schema, kept, existing & excluded)

    @property
    def views(self) -> list[str]:
        """The names of its views, each with the beginning of its digest behind."""
        from datagen_core.store.view_files import list_views  # imports numpy and h5py

        return list_views(self.paths)

    def view(self, name: str) -> View:
        """Return a view by its name, or by `name-digest` where several have that name."""
        from datagen_core.reading.views import find_view  # imports numpy and h5py

        return find_view(str(self), self.paths, self.schema, name)

    def publish_view(self, name: str, recipe: Mapping[str, Any], parts: Mapping[str, Any]) -> View:
        """Keep the rows that a recipe selects under a readable name and the recipe's digest.

        Parameters
        ----------
        recipe
            What the rows follow from, in plain JSON types; `parent` is the digest of another view.
        parts
            For each part a dict of `users` (text), `sample` and `row` (`Ragged`, an array each
            user).

        Raises
        ------
        SelectionError
            When a part has no users.
        CacheError
            When a row is of an excluded sample.
        SchemaError
            When a part does not hold these fields, or a user has not as many rows as samples.
        """
        from datagen_core.reading.views import View, check_parts  # imports numpy and h5py
        from datagen_core.store import view_files  # the same

        checked = check_parts(name, parts, self.excluded)
        record = view_files.publish_view(self.paths, self.generator, (name, recipe), checked)
        return View(str(self), self.paths, self.schema, record)

    def __getitem__(self, split: str) -> Split:
        from datagen_core.reading.splits import Split  # imports numpy and h5py

        current = read_ledger(self.paths)
        if split != RAW and split not in current.splits:
            self._check_there()
            known = ", ".join([RAW, *current.splits])
            retired = f": {current.retired[split]}" if split in current.retired else ""
            raise SelectionError(f"{self} has no split {split!r}{retired}; it has {known}")
        kept, excluded = current.members(split, self.existing)
        return Split(self.paths, self.number, split, self.schema, kept, excluded)

    def __iter__(self) -> Iterator[str]:
        return iter([RAW, *read_ledger(self.paths).splits])

    def __len__(self) -> int:
        return 1 + len(read_ledger(self.paths).splits)

    def describe(self, *, with_seed: bool = True) -> str:
        """Return the parameters that differ from the defaults, or tell it from its siblings.

        The seed is among them when it is not 0, and the version when there are several. Records of
        all sets of the generator are read for it.

        Parameters
        ----------
        with_seed
            False to leave the seed out, see `has_secret`.
        """
        return self._siblings.describe(self.number, with_seed=with_seed)

    @property
    def varying(self) -> frozenset[str]:
        """The names of the parameters that are not the same in all sets of the generator."""
        return self._siblings.varying

    @property
    def has_secret(self) -> bool:
        """Whether its privacy depends on a seed or key, which pages for others do not show.

        That is so for private sets, and where a cost is counted that is finite.
        """
        return self.record.private or self.seed_is_secret

    @property
    def seed_is_secret(self) -> bool:
        """Whether noise that keeps something private follows from its seed, not from a key.

        That is so where a cost is counted that is finite, unless the set is private.
        """
        costs = [cost for run in list_runs(self.paths) for cost in run.account.values()]
        counted = any(isinstance(cost, int | float) for cost in costs)
        return counted and not self.record.private

    @property
    def public_digest(self) -> str:
        """The digest of what it is; empty where a secret seed could be found with it, by trying."""
        return "" if self.seed_is_secret else self.record.digest

    def command_to_make(self, samples: int, **changed: object) -> str:
        """Return the command line that makes samples, of this set or with changed parameters."""
        run = latest_run(list_runs(self.paths))
        record = replace(self.record, params={**self.record.params, **changed})
        return command_to_make(self.paths, record, run.source if run else "", samples)

    def __str__(self) -> str:
        return f"{self.paths.root.parent.name} {self.number}"

    def __repr__(self) -> str:
        return f"<ParamSet {self}: {printable(self.describe())}; {self.describe_counts()}>"

    def describe_counts(self) -> str:
        """Return the number of samples in each split, and of excluded ones if there are any."""
        excluded = len(self.excluded)
        counts = [f"{name} {count}" for name, count in self.counts.items()]
        return ", ".join([*counts, *([f"{excluded} excluded"] if excluded else [])])

    def _repr_html_(self) -> str:
        count = len(self.excluded)
        excluded = [f"{count_of(count, 'sample')} excluded."] if count else []
        title = f"{self}: {self.describe(with_seed=not self.has_secret)}"
        if not self.existing:
            return html_table(title, ("split", "samples"), list(self.counts.items()))
        return html_set(title, self.counts, excluded, self.samples)
