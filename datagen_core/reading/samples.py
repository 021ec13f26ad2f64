"""Reading samples in a fixed order: all, some, rows, batches, as torch sees them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datagen_core.checks import whole_number
from datagen_core.errors import DamagedFileError, SelectionError, count_of
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.schema import Columns, Ragged, Schema
from datagen_core.ranges import MOST_SAMPLES, Interval, IntervalList, IntervalSet
from datagen_core.reading.content import describe_content
from datagen_core.reading.conversions import Convertible
from datagen_core.reading.epochs import Batches
from datagen_core.reading.notebooks import html_samples
from datagen_core.store.advice import command_for
from datagen_core.store.checking import refuse_damage
from datagen_core.store.columns import own
from datagen_core.store.layout import look_again, removed_set
from datagen_core.store.row_reader import PartReader

if TYPE_CHECKING:
    from datagen_core.reading.torch import TorchDataset

_Arrays: TypeAlias = dict[str, NDArray[Any]]

_BATCH, _FEW, _MOST_GATHERED = 1024, 8, 64 * 2**20
"""After this many requests, samples of several files are read into memory if they take at most this
many bytes. Then a random minibatch costs as much as from one file, a twentieth of before."""


class Samples(Convertible):
    """Samples in a fixed order, read from files when they are asked for.

    A snapshot: what is generated or moved later shows in a new one. Pickles to a few hundred bytes
    and reads the same samples in any process.

    Attributes
    ----------
    title
        What messages call them.
    schema
        Their fields.
    intervals
        Their index ranges, in their order.
    excluded
        The samples that are left out, though they belong to these, since they are excluded.
    """

    excluded = IntervalSet()  # also those of a pickle of an earlier version

    def __init__(
        self,
        title: str,
        folders: Sequence[Path],
        schema: Schema,
        intervals: Sequence[Interval],
        excluded: IntervalSet = excluded,
    ) -> None:
        self.title = title
        self.excluded = excluded
        self._folders = tuple(folders)
        self.intervals = IntervalList(intervals)
        self.schema = schema
        self._length = self.intervals.size
        self._requests = 0

    @cached_property
    def _reader(self) -> PartReader:
        return PartReader(self._folders, self.schema, IntervalSet(self.intervals))

    @cached_property
    def _mapped(self) -> _Arrays | None:
        """Arrays over all samples, when they are fixed-shape rows of one mapped file."""
        if any(field.ragged for field in self.schema.fields.values()):
            return None
        mapped: _Arrays | None = self._read(lambda: self._reader.map(self.intervals))
        return mapped

    @cached_property
    def _gathered(self) -> _Arrays | None:
        """The arrays of samples that lie in several files, in memory, when they are small."""
        fields = self.schema.fields.values()
        if any(field.ragged or field.element for field in fields):
            return None
        row = sum(field.dtype.itemsize * math.prod(field.shape) for field in fields)
        if row * len(self) > _MOST_GATHERED:
            return None
        with suppress(DamagedFileError):  # as long as it is not asked for the damaged samples
            gathered: _Arrays = self._read(lambda: self._reader.read(self.intervals))
            return gathered
        return None

    def _whole(self) -> _Arrays | None:
        """Return arrays over all samples, to be indexed by position; None to ask the reader."""
        refuse_damage()
        if self._mapped is not None or self._requests >= _FEW:
            return self._mapped or self._gathered
        self._requests += 1
        return None

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.cumsum(np.diff(self.intervals.bounds).reshape(-1), dtype=np.int64)

    @cached_property
    def _shifts(self) -> NDArray[np.int64]:
        """What to add to a position to get the index of its sample, for each interval."""
        shifts: NDArray[np.int64] = self.intervals.bounds[:, 1] - self._ends
        return shifts

    def __len__(self) -> int:
        return self._length

    @property
    def indices(self) -> NDArray[np.int64]:
        """The index of each sample, int64 `(len(self),)`: its identity in the parameter set."""
        return self.indices_at(np.arange(len(self), dtype=np.int64))

    def indices_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the indices of the samples at some positions from 0, as int64."""
        if len(self._shifts) == 1:
            return positions + int(self._shifts[0])
        return positions + self._shifts[np.searchsorted(self._ends, positions, side="right")]

    @property
    def digest(self) -> str:
        """The SHA-256 of their content, in 64 hexadecimal digits: values, order and schema.

        It is the same however they are stored, and on every machine; measured members count, too.
        All samples are read, a MiB at a time, once for each of these objects.

        Raises
        ------
        DamagedFileError
            When a file cannot be read; it is named.
        """
        return sha256_of(self.content)

    @cached_property
    def content(self) -> dict[str, Any]:
        """What `digest` is of, in plain JSON types: see `datagen_core.reading.content`."""
        content: dict[str, Any] = self._read(
            lambda: describe_content(self.schema, len(self), self._reader.stream(self.intervals))
        )
        return content

    def get(self, n: int | None = None, *, copy: bool = True, verify: bool = False) -> Any:
        """Return the first `n` samples, or all.

        Parameters
        ----------
        n
            Number of samples; the first n stay the same when the split grows. When one of them is
            excluded, those after it move up.
        copy
            True for new arrays; False for read-only views into the file, memory-mapped, when one
            file holds all these samples (as after `datagen compact`).
        verify
            True to check the files first, as `verify` does, before any value of them is returned.

        Returns
        -------
        tuple or dict
            `X, y` for pair samples, else a dict of columns by field: an array `(n, *shape)`, or a
            `Ragged` for a ragged field.

        Raises
        ------
        InsufficientSamplesError
            When there are fewer than `n`.
        DamagedFileError
            When a file cannot be read, or a check has found damage; the file is named.
        """
        parts = self._first(len(self) if n is None else n)
        return self._present(self._read(lambda: self._get(parts, copy=copy, verify=verify)))

    def _get(self, parts: IntervalList, *, copy: bool, verify: bool) -> Any:
        if verify:
            self._check(parts)
        mapped = None if copy else self._reader.map(parts)
        return self._reader.read(parts) if mapped is None else mapped

    def verify(self, n: int | None = None) -> None:
        """Check the files that hold the first `n` samples, or all, by their checksums.

        Each is read whole, whatever part of it these samples are: the files of the samples, or of a
        preprocessor's results; for a view its own and those of the samples of its rows. A flipped
        bit is found in any value, and in labels, shapes and offsets.

        Raises
        ------
        InsufficientSamplesError
            When there are fewer than `n`.
        DamagedFileError
            When a file does not hold what was written, or a sample is in no file; it is named.
        """
        self._read(lambda: self._check(self._first(len(self) if n is None else n)))

    def _check(self, parts: IntervalList) -> None:
        """Check files, and read from now on what was checked: damage may have been repaired."""
        self.__dict__ = self.__getstate__()
        self._reader.verify(parts)

    def take(self, positions: ArrayLike) -> Any:
        """Return the samples at some positions, in that order, in the form of `get`."""
        return self._present(self._take(np.asarray(positions)))

    def rows(self, *fields: str, n: int | None = None) -> dict[str, NDArray[Any]]:
        """Return ragged fields flattened to rows, with the `sample` index of each row.

        Parameters
        ----------
        fields
            Ragged fields of equal lengths; all ragged fields when none is named.
        n
            The first n samples; None for all.

        Raises
        ------
        SelectionError
            When there is no ragged field of that name, or their lengths differ.
        """
        names = fields or tuple(name for name, field in self.schema.fields.items() if field.ragged)
        parts = self._first(len(self) if n is None else n)
        columns = self._read(lambda: self._reader.read(parts))
        ragged = {name: self._ragged(columns, name) for name in names}
        lengths = [column.lengths for column in ragged.values()]
        if not lengths or any(not np.array_equal(lengths[0], other) for other in lengths[1:]):
            raise SelectionError(
                f"{', '.join(names) or 'no field'}: rows() needs ragged fields of one length"
            )
        samples = np.repeat(self.indices_at(np.arange(len(lengths[0]))), lengths[0])
        return {"sample": samples, **{name: column.rows() for name, column in ragged.items()}}

    def lengths(self, field: str | None = None) -> NDArray[np.int64]:
        """Return how many rows each sample has, int64 `(len(self),)`, without reading the rows.

        Parameters
        ----------
        field
            A ragged field; None for the first one.

        Raises
        ------
        SelectionError
            When there is no ragged field of that name.
        """
        ragged = [name for name, item in self.schema.fields.items() if item.ragged]
        name = ragged[0] if field is None and ragged else field
        if name not in ragged:
            raise SelectionError(f"{self.title} has no ragged field{f' {name!r}' if name else ''}")
        lengths: NDArray[np.int64] = self._read(lambda: self._reader.lengths(name, self.intervals))
        return lengths

    def batches(
        self, size: int, *, shuffle: bool = False, seed: int = 0, epoch: int | None = None
    ) -> Batches:
        """Return all samples in batches of `size`, the last one maybe smaller, each as by `get`.

        With `shuffle`, each iteration over batches of these samples is the next epoch, or `epoch`,
        in an order of its own, which follows from `seed` and the number of the epoch.
        """
        counts = self.__dict__.setdefault("_epochs", Counter[int]())
        return Batches(self, size, seed if shuffle else None, epoch, counts)

    def as_torch(self) -> TorchDataset:
        """Return a `torch.utils.data.Dataset` of these samples, with a sampler and `collate`."""
        from datagen_core.reading.torch import TorchDataset  # imports torch

        return TorchDataset(self)

    @overload
    def __getitem__(self, key: int) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        """Return one sample for an integer, else several in the form of `get`."""
        if isinstance(key, slice):
            return self.take(np.arange(*key.indices(len(self)), dtype=np.int64))
        if not isinstance(key, int | np.integer) and np.ndim(key):
            return self.take(key)
        position = range(self._length)[key]
        whole = self._whole()
        if whole is None:
            place = int(np.searchsorted(self._ends, position, side="right"))
            index = position + int(self._shifts[place])
            return self._present(self._read(lambda: self._reader.sample(index)))
        return self._present({name: own(col[position]) for name, col in whole.items()})

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), _BATCH):
            columns = self._take(np.arange(start, min(start + _BATCH, len(self)), dtype=np.int64))
            for place in range(len(next(iter(columns.values())))):
                yield self._present({name: col[place] for name, col in columns.items()})

    def _first(self, n: int) -> IntervalList:
        n = whole_number("n", n)
        if n < 0:
            raise SelectionError(f"cannot get {n} samples of {self.title}")
        if n > MOST_SAMPLES:
            raise SelectionError(f"{self.title} has {len(self)} samples; no set has 2**63 or more")
        if n > len(self):
            raise self._insufficient(n)
        return self.intervals.first(n)

    def _present(self, columns: dict[str, Any]) -> Any:
        return self.schema.present(columns)

    def _insufficient(self, n: int) -> Exception:
        return SelectionError(f"{self.title} has {self._count()}, not {n}")

    def _count(self) -> str:
        left_out = f" (and {len(self.excluded)} excluded)" if self.excluded else ""
        return f"{len(self)} samples{left_out}"

    def _take(self, positions: NDArray[Any]) -> Columns:
        if positions.ndim != 1:
            raise IndexError(f"positions are a list of integers, not {positions.ndim}-dimensional")
        whole = self._whole()
        if whole is not None and positions.dtype == np.int64:
            return self._take_from(whole, positions)
        indices = self.indices_at(self._checked(positions))
        return dict(self._read(lambda: self._reader.take(indices)))

    def _take_from(self, whole: _Arrays, positions: NDArray[np.int64]) -> Columns:
        """Let numpy check the positions, which costs a random minibatch half as much."""
        try:
            return {name: column[positions] for name, column in whole.items()}
        except IndexError:
            self._checked(positions)
            raise

    def _checked(self, positions: NDArray[Any]) -> NDArray[np.int64]:
        if positions.dtype == bool and len(positions) == len(self):
            positions = np.flatnonzero(positions)
        if positions.size and positions.dtype.kind not in "iu":
            raise IndexError(f"positions are integers, or one bool for each of {len(self)} samples")
        if positions.size and not -len(self) <= positions.min() <= positions.max() < len(self):
            raise IndexError(
                f"{self.title} has {count_of(len(self), 'sample')}; a position lies outside of them"
            )
        return np.where(positions < 0, positions + len(self), positions).astype(np.int64)

    def _ragged(self, columns: Columns, name: str) -> Ragged:
        column = columns.get(name)
        if not isinstance(column, Ragged):
            raise SelectionError(f"{self.title} has no ragged field {name!r}")
        return column

    def _read(self, read: Any) -> Any:
        """Read; when a file was compacted away meanwhile, list the folders again."""
        refuse_damage()
        try:
            return look_again(read, lambda: self.__dict__.pop("_reader", None))
        except (FileNotFoundError, KeyError) as error:
            if not self._paths.root.exists():
                raise removed_set(self._paths) from error
            if isinstance(error, FileNotFoundError):
                raise
            raise DamagedFileError(
                f"sample {error} of {self.title} is in no file; make it again: {self._remedy()}"
            ) from error

    def _remedy(self) -> str:
        """Return the command that makes missing samples again."""
        return command_for(self._paths, "resume")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take also what version 0.1 pickled, whose intervals are a tuple."""
        self.__dict__.update(state, intervals=IntervalList(state["intervals"]))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is cached: a copy in another process opens the files by itself."""
        kind = type(self)
        return {
            name: value
            for name, value in self.__dict__.items()
            if not isinstance(getattr(kind, name, None), cached_property)
        }

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}: {field}" for name, field in self.schema.fields.items())
        return f"<{self.title}: {self._count()} of {fields}>"

    def _repr_html_(self) -> str:
        return html_samples(f"{self.title}: {self._count()}", self)
