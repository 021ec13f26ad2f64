"""A split, and the derived data that preprocessors made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datagen_core.errors import SelectionError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.reading.insufficiency import insufficient
from datagen_core.reading.samples import Samples
from datagen_core.store.derived import DerivedPaths, list_derived, newest_derived

if TYPE_CHECKING:
    from datagen_core.reading.cache import ParamSet


class Split(Samples):
    """The samples of one split; what preprocessors made of it is found by their names."""

    def __init__(self, param_set: ParamSet, name: str, intervals: Sequence[Interval]) -> None:
        self.param_set = param_set
        self.name = name
        paths = param_set.paths
        title = f"{param_set} {name}"
        super().__init__(title, (paths.packs, paths.shards), param_set.schema, intervals)

    @property
    def derived(self) -> list[str]:
        """The names of the preprocessors that this split was put through."""
        return sorted({item.name for item in list_derived(self.param_set.paths, self.name)})

    def _insufficient(self, n: int) -> Exception:
        return insufficient(self.param_set, self.name, len(self), n)

    def __getitem__(self, key: Any) -> Any:
        """Return samples, or for a preprocessor's name its results: `split["square_both"]`."""
        return Derived(self, key) if isinstance(key, str) else super().__getitem__(key)


class Derived(Samples):
    """What one version of a preprocessor made of a split, in the split's order.

    Raises
    ------
    SelectionError
        When the split was not put through that preprocessor.
    """

    def __init__(self, split: Split, name: str) -> None:
        self.split = split
        paths = _newest(split, name)
        done = paths.existing()
        intervals = [
            part
            for interval in split._intervals  # noqa: SLF001 (its own kind)
            for part in IntervalSet([interval]) & done
        ]
        self.name = paths.name
        super().__init__(f"{split._title} {paths.name}", (paths.root,), paths.schema(), intervals)  # noqa: SLF001

    def _insufficient(self, n: int) -> Exception:
        split = self.split
        if n > len(split):
            return split._insufficient(n)  # noqa: SLF001
        words = (
            f"{split.param_set.generator} {self.name} {split.name} {n} -p {split.param_set.number}"
        )
        message = f"{self._title} has {len(self)} samples; make more: datagen preprocess {words}"
        return SelectionError(message)


def _newest(split: Split, name: str) -> DerivedPaths:
    found = newest_derived(split.param_set.paths, split.name, name)
    if found is None:
        words = f"{split.param_set.generator} {name} {split.name} {len(split)}"
        made = ", ".join(split.derived) or "nothing"
        message = (
            f"{split.param_set} {split.name} has nothing made by {name!r}, it has {made}; "
            f"make it: datagen preprocess {words} -p {split.param_set.number}"
        )
        raise SelectionError(message)
    return found
