"""A cache as Python sees it: `Cache → Dataset → ParamSet → Split`, read-only mappings, and `move`.

Names of files answer every question about what there is; nothing here opens a shard, and numpy is
imported only when somebody asks for samples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_core.errors import CacheError, ConfigurationError, SelectionError, SplitError
from datagen_core.generators.inputs import look_in
from datagen_core.ranges import IntervalSet
from datagen_core.reading.notebooks import html_table
from datagen_core.reading.selection import describe, select
from datagen_core.store import ledger
from datagen_core.store.layout import SetPaths, inputs_folder
from datagen_core.store.runs import list_reservations
from datagen_core.store.sets import (
    SetRecord,
    existing_samples,
    list_generators,
    list_sets,
    read_schema,
    read_set,
)

if TYPE_CHECKING:
    from datagen_core.generators.params import Params
    from datagen_core.generators.schema import Schema
    from datagen_core.reading.samples import Samples
    from datagen_core.reading.splits import Split
    from datagen_core.reading.views import View

VARIABLE = "DATAGEN_CACHE"
DEFAULT = "datagen-cache"


class Cache(Mapping[str, "Dataset"]):
    """All data sets in a folder, by the name of their generator.

    Parameters
    ----------
    path
        The folder; None for `$DATAGEN_CACHE`, else `./datagen-cache`. It need not exist.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or os.environ.get(VARIABLE) or DEFAULT).absolute()
        if self.path.exists() and not self.path.is_dir():
            raise ConfigurationError(f"{self.path} is no folder; name another one with --cache")
        look_in(inputs_folder(self.path))  # `input_path` finds what its parameter sets refer to

    def __getitem__(self, name: str) -> Dataset:
        if name not in list_generators(self.path):
            known = ", ".join(self) or "nothing yet"
            message = f"there is no data set {name!r} in {self.path}; it holds {known}"
            raise SelectionError(message)
        return Dataset(self.path / name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in list_generators(self.path) if list_sets(self.path / name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Cache {self.path}: {', '.join(self) or 'empty'}>"

    def _repr_html_(self) -> str:
        rows = [(name, len(dataset)) for name, dataset in self.items()]
        return html_table(f"Cache {self.path}", ("data set", "parameter sets"), rows)


class Dataset(Mapping[int, "ParamSet"]):
    """The parameter sets of one generator, by number.

    Also indexed by parameters, `dataset[{"left": 0}]` or `dataset[NoisySineParams(left=0)]`, and by
    text: a number, `"left=0,std_dev=0.5"`, or the beginning of a digest.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder

    @cached_property
    def _sets(self) -> dict[int, SetPaths]:
        return list_sets(self._folder)

    @cached_property
    def _records(self) -> dict[int, SetRecord]:
        return {number: read_set(paths) for number, paths in self._sets.items()}

    def __getitem__(self, key: int | str | Mapping[str, Any] | Params) -> ParamSet:
        if isinstance(key, int) and key in self._sets:
            return ParamSet(self._sets[key], key)
        number = select(
            self._records, key if isinstance(key, int | str | Mapping) else key.canonical()
        )
        return ParamSet(self._sets[number], number)

    def __iter__(self) -> Iterator[int]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]  # whatever it is
        except (SelectionError, AttributeError):
            return False
        return True

    def __repr__(self) -> str:
        lines = [f"  {number}: {set_.describe()}" for number, set_ in self.items()]
        return "\n".join([f"<Dataset {self.name}: {len(self)} parameter sets", *lines]) + ">"

    def _repr_html_(self) -> str:
        rows = [(number, set_.describe(), set_.counts) for number, set_ in self.items()]
        return html_table(self.name, ("number", "parameters", "samples"), rows)


class ParamSet(Mapping[str, "Split"]):
    """One parameter set: its splits by name, with `raw` for the samples in none."""

    def __init__(self, paths: SetPaths, number: int) -> None:
        self.paths = paths
        self.number = number

    @cached_property
    def record(self) -> SetRecord:
        """Identity, batch size and provenance."""
        return read_set(self.paths)

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
        from datagen_core.generators.schema import Schema  # imports numpy

        fields = read_schema(self.paths)
        if fields is None:
            message = f"{self} has no samples yet; `datagen status` tells what becomes of its runs"
            raise SelectionError(message)
        return Schema.from_json(fields)

    @property
    def existing(self) -> IntervalSet:
        """The indices of all samples that exist, in whatever split."""
        return existing_samples(self.paths)

    @property
    def reserved(self) -> int:
        """How many samples were ever asked for; those that do not exist are holes."""
        return sum(reservation.interval.size for reservation in list_reservations(self.paths))

    @property
    def counts(self) -> dict[str, int]:
        """The number of samples in each split, `raw` first. Opens no shard."""
        current = ledger.read_ledger(self.paths)
        sizes = {name: sum(i.size for i in parts) for name, parts in current.splits.items()}
        return {ledger.RAW: len(current.raw(self.existing)), **sizes}

    @property
    def bytes(self) -> int:
        """The size of its files on disk."""
        folders = [self.paths.root / name for name in ("shards", "packs", "derived", "views")]
        files = (file for folder in folders if folder.exists() for file in folder.rglob("*.h5"))
        return sum(file.stat().st_size for file in files)

    def move(self, n: int, split: str) -> IntervalSet:
        """Move the `n` raw samples of lowest index into `split`, and return which they are.

        There is no way back. A move that is refused changes nothing; moves of several processes
        at once take different samples.

        Raises
        ------
        SplitError
            For the split `raw`, or a number below one.
        InsufficientSamplesError
            When there are fewer raw samples.
        """
        ledger.check_split(split)
        if n < 1:
            message = f"cannot move {n} samples; move at least one"
            raise SplitError(message)
        operation = ledger.new_operation()
        with ledger.courtesy_lock(self.paths):
            while True:
                current = ledger.read_ledger(self.paths)
                samples = self._lowest_raw(current, n)
                if ledger.publish_ledger(self.paths, current.assign(samples, split, operation)):
                    break
        self._confirm(operation)
        return samples

    def _lowest_raw(self, current: ledger.Ledger, n: int) -> IntervalSet:
        raw = current.raw(self.existing)
        if len(raw) < n:
            from datagen_core.reading.insufficiency import insufficient  # rarely needed

            raise insufficient(self, ledger.RAW, len(raw), n)
        return raw.lowest(n)

    def _confirm(self, operation: str) -> None:
        """Be sure that no other generation was written over ours by a file system that lies."""
        if not ledger.is_recorded(self.paths, operation):
            message = f"the move was lost: {self.paths.splits} was changed by something else; retry"
            raise CacheError(message)

    @property
    def samples(self) -> Samples:
        """All samples that exist, in whatever split, by index."""
        from datagen_core.reading.samples import Samples  # imports numpy and h5py

        folders = (self.paths.packs, self.paths.shards)
        return Samples(str(self), folders, self.schema, self.existing.intervals)

    @property
    def views(self) -> list[str]:
        """The names of its views, each with the beginning of its digest behind."""
        from datagen_core.store.views import list_views  # imports numpy and h5py

        return list_views(self.paths)

    def view(self, name: str) -> View:
        """Return a view by its name, or by `name-digest` where several have that name."""
        from datagen_core.reading.views import find_view  # imports numpy and h5py

        return find_view(self, name)

    def publish_view(self, name: str, recipe: Mapping[str, Any], parts: Mapping[str, Any]) -> View:
        """Keep rows of samples, regrouped into users; see `reading.views.publish_view`."""
        from datagen_core.reading.views import publish_view  # imports numpy and h5py

        return publish_view(self, name, recipe, parts)

    def __getitem__(self, split: str) -> Split:
        from datagen_core.reading.splits import Split  # imports numpy and h5py

        current = ledger.read_ledger(self.paths)
        if split == ledger.RAW:
            return Split(self, split, current.raw(self.existing).intervals)
        if split not in current.splits:
            known = ", ".join(self)
            message = f"{self} has no split {split!r}; it has {known}"
            raise SelectionError(message)
        return Split(self, split, current.splits[split])

    def __iter__(self) -> Iterator[str]:
        return iter([ledger.RAW, *ledger.read_ledger(self.paths).splits])

    def __len__(self) -> int:
        return 1 + len(ledger.read_ledger(self.paths).splits)

    def describe(self) -> str:
        """Return the parameters that differ from the defaults, and the seed when it is not 0."""
        return describe(self.record)

    def __str__(self) -> str:
        return f"{self.paths.root.parent.name} {self.number}"

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in self.counts.items())
        return f"<ParamSet {self}: {self.describe()}; {counts}>"

    def _repr_html_(self) -> str:
        return html_table(
            f"{self}: {self.describe()}", ("split", "samples"), list(self.counts.items())
        )
