"""The samples of one split, and what preprocessors made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_core.errors import SelectionError, SplitError, count_of
from datagen_core.generators.schema import Schema
from datagen_core.ranges import Interval, IntervalList, IntervalSet
from datagen_core.reading.insufficiency import insufficient
from datagen_core.reading.samples import Samples
from datagen_core.store.advice import command_for
from datagen_core.store.assignments import RAW
from datagen_core.store.derived import DerivedPaths, list_derived, newest_derived
from datagen_core.store.folders import open_folder
from datagen_core.store.frozen import FrozenSplit, list_frozen, publish_frozen
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger


class Split(Samples):
    """The samples of one split; what preprocessors made of it is found by their names."""

    def __init__(
        self,
        paths: SetPaths,
        number: int,
        name: str,
        schema: Schema,
        intervals: Sequence[Interval],
        excluded: IntervalSet,
    ) -> None:
        self.name = name
        self._set, self._number = paths, number
        title = f"{paths.root.parent.name} {number} {name}"
        super().__init__(title, paths.folders, schema, intervals, excluded)

    def freeze(self, note: str = "") -> FrozenSplit:
        """Keep the digest of these samples, so that a later reader can tell that they are the same.

        Their files are checked first, so that damage is not frozen. A split that was frozen as it
        is now has its record already, which is returned and keeps its note.

        Parameters
        ----------
        note
            What it is frozen for, in any words.

        Raises
        ------
        SplitError
            For `raw`, which samples leave, and when there are no samples.
        DamagedFileError
            When a file is damaged or missing; it is named.
        """
        if self.name == RAW:
            command = command_for(self._set, "move", len(self) or "N", "train")
            raise SplitError(
                f"{self.title} cannot be frozen, since samples leave it; move them into a split "
                f"first: {command}"
            )
        if not len(self):
            raise SplitError(f"{self.title} has {self._count()}; there is nothing to freeze")
        # Fails before all is read, where nothing can be kept.
        with open_folder(self._set.root.parent, self._set.frozen):
            pass
        self.verify()
        content = (self.digest, self.content)
        for record in list_frozen(self._set):  # perhaps by a name that the split had
            if record.split == self.name and record.digest == self.digest:
                return record
        return publish_frozen(self._set, self.name, self.intervals, content, note)

    @property
    def derived(self) -> list[str]:
        """The names of the preprocessors that this split was put through."""
        return sorted({item.name for item in list_derived(self._set, self._folder_name)})

    @property
    def _folder_name(self) -> str:
        """The name under which its results lie, which stays what it was when it is relabelled."""
        return read_ledger(self._set).first_name(self.name)

    def _insufficient(self, n: int) -> Exception:
        return insufficient(self._set, self._number, self.name, len(self), n)

    def __getitem__(self, key: Any) -> Any:
        """Return samples, or for a preprocessor's name its results: `split["square_both"]`.

        Raises
        ------
        SelectionError
            When the split was not put through that preprocessor.
        """
        return self._find_derived(key) if isinstance(key, str) else super().__getitem__(key)

    def _find_derived(self, name: str) -> Derived:
        found = newest_derived(self._set, self._folder_name, name)
        if found is None:
            made = ", ".join(self.derived) or "nothing"
            raise SelectionError(
                f"{self.title} has nothing made by {name!r}, it has {made}; "
                f"make it: {self.command_for(name, len(self))}"
            )
        return Derived(self, found)

    def command_for(self, preprocessor: str, n: int) -> str:
        """Return the command that puts the first `n` samples through a preprocessor."""
        return command_for(self._set, "preprocess", preprocessor, self.name, n)


class Derived(Samples):
    """What one version of a preprocessor made of a split, in the split's order."""

    def __init__(self, split: Split, paths: DerivedPaths) -> None:
        self.split = split
        self.name = paths.name
        done = paths.existing()
        parts = IntervalList.of(part & done for part in split.intervals.parts)
        title, excluded = f"{split.title} {self.name}", split.excluded & done
        super().__init__(title, (paths.root,), paths.schema(), parts, excluded)

    @property
    def _paths(self) -> SetPaths:
        return self.split._paths  # noqa: SLF001 (its own kind)

    def _remedy(self) -> str:
        return self.split.command_for(self.name, len(self.split))

    def _insufficient(self, n: int) -> Exception:
        if n > len(self.split):
            return self.split._insufficient(n)  # noqa: SLF001 (its own kind)
        command = self.split.command_for(self.name, n)
        return SelectionError(
            f"{self.title} has {count_of(len(self), 'sample')}; make more: {command}"
        )
