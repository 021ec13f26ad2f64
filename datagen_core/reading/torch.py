"""Samples as a dataset of torch: the only module of the engine that imports torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, Sampler, default_collate

from datagen_core.errors import ConfigurationError
from datagen_core.generators.schema import Field, Ragged, Schema
from datagen_core.reading.epochs import Takeable, check_order, shuffle_positions


class Loadable(Takeable, Protocol):
    """Samples of which single ones can be taken, too, and whose fields are known."""

    schema: Schema

    def __getitem__(self, key: int) -> Any: ...


class RaggedBatch(NamedTuple):
    """A ragged field of several samples.

    Attributes
    ----------
    values
        The rows of all samples, one after the other: a tensor `(rows, *shape)`, or a list of texts
        or bytes.
    lengths
        The number of rows of each sample, int64 `(samples,)`.
    """

    values: Any
    lengths: Tensor

    def parts(self) -> list[Any]:
        """Return the rows of each sample, which are views of `values`."""
        if isinstance(self.values, Tensor):
            return list(torch.split(self.values, self.lengths.tolist()))
        stops = self.lengths.cumsum(0).tolist()
        starts = [0, *stops[:-1]]
        return [self.values[start:stop] for start, stop in zip(starts, stops, strict=True)]

    def padded(self, fill: float = 0) -> Tensor:
        """Return a tensor `(samples, longest, *shape)`, in which rows that are lacking are `fill`.

        Raises
        ------
        ConfigurationError
            For texts and bytes, which torch does not have in tensors.
        """
        if not isinstance(self.values, Tensor):
            raise ConfigurationError("texts and bytes cannot be padded; parts() returns them")
        return pad_sequence(self.parts(), batch_first=True, padding_value=fill)


class EpochSampler(Sampler[int]):
    """The positions of samples in one epoch after the other, each in an order of its own.

    The order follows from the seed and the number of the epoch alone. Of several processes, each
    takes every `world`-th position from its `rank` on, so that each sample comes once an epoch.
    Numbers of samples of processes may then differ by one. An iteration is the next epoch, also
    when the one before was cut short; `set_epoch` chooses another one.

    `state_dict` says where an iteration is, and `load_state_dict` of a sampler with the same
    arguments goes on there, in any process: the form that torchdata's `StatefulDataLoader` uses.
    """

    def __init__(self, count: int, *, shuffle: bool, seed: int, rank: int, world: int) -> None:
        self._world = check_order("world", world, least=1)
        self._rank = check_order("rank", rank)
        if self._rank >= self._world:
            raise ConfigurationError(f"rank is {rank} of {world}; ranks are 0 to {world - 1}")
        self._count, self._shuffle = count, shuffle
        self._seed = check_order("seed", seed)
        self._next = self._now = (0, 0)

    def __len__(self) -> int:
        """Return the number of samples of this process in a whole epoch."""
        return len(range(self._rank, self._count, self._world))

    def __iter__(self) -> Iterator[int]:
        epoch, start = self._next
        self._next, self._now = (epoch + 1, 0), (epoch, start)
        order = self._order(epoch)
        for position in range(start, len(self)):
            self._now = self._place(epoch, position + 1)
            yield int(order[position])

    def _place(self, epoch: int, position: int) -> tuple[int, int]:
        """Return an epoch and a position in it; behind its end is the beginning of the next one."""
        is_end = position > 0 and position >= len(self)
        return (epoch + 1, 0) if is_end else (epoch, position)

    def _order(self, epoch: int) -> NDArray[np.int64] | range:
        if not self._shuffle:
            return range(self._rank, self._count, self._world)
        return shuffle_positions(self._count, self._seed, epoch)[self._rank :: self._world]

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch."""
        self._next = self._now = (check_order("epoch", epoch), 0)

    def state_dict(self) -> dict[str, int]:
        """Return the epoch and the number of positions that were taken of it."""
        epoch, position = self._now
        return {"epoch": epoch, "position": position, **self._identity}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Let the next iteration go on where another one was.

        `epoch` and `position` are enough: with workers, which are ahead, a position is the number
        of batches that were used times their size. At the end of an epoch, the next one follows.

        Raises
        ------
        ConfigurationError
            For the state of a sampler of other samples, or with other arguments, or of none.
        """
        if not {"epoch", "position"} & state.keys():
            raise ConfigurationError("the state has no epoch and no position of a sampler")
        for name, value in self._identity.items():
            if state.get(name, value) != value:
                raise ConfigurationError(
                    f"the state is of a sampler with {name} {state[name]}, and this one has "
                    f"{value}; make it with the same arguments and samples"
                )
        epoch, position = (check_order(name, state.get(name, 0)) for name in ("epoch", "position"))
        self._next = self._now = self._place(epoch, position)

    @property
    def _identity(self) -> dict[str, int]:
        return {
            "samples": self._count, "shuffle": int(self._shuffle), "seed": self._seed,
            "rank": self._rank, "world": self._world,
        }  # fmt: skip


class TorchDataset(Dataset[Any]):
    """A map-style dataset; each sample is as `samples[i]` gives it, in numpy arrays.

    What has no tensors is given in a form that torch collates: a record as a dict of its members,
    dates and differences as int64 in their unit (NaT is the lowest number), bytes as `bytes`.

    Safe with any number of workers and any start method: every process opens the files by itself.
    A `DataLoader` fetches a minibatch with one read. Samples of ragged fields differ in length, so
    a loader of them needs `collate_fn=dataset.collate`; `dataset.sampler()` gives each epoch an
    order of its own, for one process or several. With no workers it is fastest, since files are
    memory-mapped; workers pay off when samples are decoded or augmented.

    Raises
    ------
    ConfigurationError
        For a field of long doubles, which torch lacks.
    """

    def __init__(self, samples: Loadable) -> None:
        self.samples = samples
        fields = samples.schema.fields.items()
        kinds = [(name, dtype) for name, field in fields for dtype in _simple_types(field.dtype)]
        for name, dtype in kinds:
            if dtype.char in "gG":
                raise ConfigurationError(
                    f"{name} is {dtype}, which torch lacks; read it with get(), or store it as "
                    "float64 or complex128"
                )
        self._is_plain = all(
            dtype.kind in "biufcO" and dtype != np.uint64 for _, dtype in kinds
        ) and not any(field.dtype.names for _, field in fields)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> Any:
        return self._convert(self.samples[position])

    def __getitems__(self, positions: list[int]) -> list[Any]:
        """Return a minibatch as a list of samples, which is what torch's collation takes."""
        columns = self.samples.take(np.asarray(positions, np.int64))
        if isinstance(columns, tuple):
            return _Fetched(map(self._convert, zip(*columns, strict=True)), columns)
        rows = zip(*columns.values(), strict=True)
        samples = (self._convert(dict(zip(columns, values, strict=True))) for values in rows)
        return _Fetched(samples, columns)

    def sampler(
        self,
        *,
        shuffle: bool = True,
        seed: int = 0,
        rank: int | None = None,
        world: int | None = None,
    ) -> EpochSampler:
        """Return the `sampler` of a `DataLoader`, which must not be told to shuffle itself.

        Parameters
        ----------
        shuffle
            Whether each epoch has an order of its own, or the samples theirs.
        seed
            What orders follow from.
        rank, world
            The number of this process, from 0, and the number of processes; None for those of
            `torch.distributed` if it is initialized, else one process.
        """
        together = distributed.is_available() and distributed.is_initialized()
        if rank is None:
            rank = distributed.get_rank() if together else 0
        if world is None:
            world = distributed.get_world_size() if together else 1
        return EpochSampler(len(self), shuffle=shuffle, seed=seed, rank=rank, world=world)

    def collate(self, items: Sequence[Any]) -> Any:
        """Return samples as one minibatch; the `collate_fn` for ragged fields.

        It is torch's own form, but that a ragged field is a `RaggedBatch`, or, if it has records, a
        dict with one for each member. It can be pickled, and works in any worker.
        """
        if isinstance(items, _Fetched):
            return items.as_minibatch()
        first = items[0]  # what somebody has made of the samples
        if isinstance(first, Mapping):
            columns = {name: [item[name] for item in items] for name in first}
            return {name: self._collate_column(name, each) for name, each in columns.items()}
        pairs = zip(self.samples.schema.fields, zip(*items, strict=True), strict=True)
        return [self._collate_column(name, column) for name, column in pairs]

    def _collate_column(self, name: str, column: Sequence[Any]) -> Any:
        field: Field | None = self.samples.schema.fields.get(name)
        is_ragged = field is not None and field.ragged
        return _collate_rows(column) if is_ragged else default_collate(list(column))

    def _convert(self, sample: Any) -> Any:
        if self._is_plain:
            return sample
        if isinstance(sample, tuple):
            return tuple(map(_collatable, sample))
        return {name: _collatable(value) for name, value in sample.items()}


def _simple_types(dtype: np.dtype[Any]) -> Iterator[np.dtype[Any]]:
    """Yield the types of a dtype's numbers, those of all members of a record."""
    if dtype.subdtype is not None:
        dtype = dtype.subdtype[0]
    if dtype.names is None:
        yield dtype
    for name in dtype.names or ():
        yield from _simple_types(dtype[name])


def _collatable(value: Any) -> Any:
    dtype = getattr(value, "dtype", np.dtype(object))
    if dtype.names:  # copied, since torch refuses the strides of some members
        return {name: _collatable(value[name].copy()) for name in dtype.names}
    if dtype.kind in "Mm":
        return value.view(np.int64)
    if dtype.kind in "SV":
        return value.tolist()
    # As a scalar it would become a Python int, which torch takes for an int64.
    return np.asarray(value) if dtype == np.uint64 else value


class _Fetched(list[Any]):
    """Samples that were read together, with their columns, which need not be put together again."""

    def __init__(self, items: Iterable[Any], columns: tuple[Any, ...] | dict[str, Any]) -> None:
        super().__init__(items)
        self._columns = columns

    def as_minibatch(self) -> Any:
        """Return the columns in the form of torch's collation."""
        if isinstance(self._columns, tuple):
            return [_convert_column(column) for column in self._columns]
        return {name: _convert_column(column) for name, column in self._columns.items()}


def _convert_column(column: NDArray[Any] | Ragged) -> Any:
    if not isinstance(column, Ragged):
        return _as_tensors(column)
    return _with_lengths(_as_tensors(column.rows()), torch.from_numpy(column.lengths))


def _with_lengths(rows: Any, lengths: Tensor) -> Any:
    if isinstance(rows, dict):
        return {name: _with_lengths(values, lengths) for name, values in rows.items()}
    return RaggedBatch(rows, lengths)


def _as_tensors(column: NDArray[Any]) -> Any:
    """Return a tensor, a dict of those of a record's members, or a list of texts or bytes."""
    if column.dtype.names:
        # Copied, since numpy takes a single one for contiguous, whose stride torch may refuse.
        return {name: _as_tensors(column[name].copy()) for name in column.dtype.names}
    if column.dtype.kind in "SVO":
        return column.tolist()
    is_time = column.dtype.kind in "Mm"
    return torch.from_numpy(np.ascontiguousarray(column.view(np.int64) if is_time else column))


def _collate_rows(column: Sequence[Any]) -> Any:
    if isinstance(column[0], Mapping):
        return {name: _collate_rows([each[name] for each in column]) for name in column[0]}
    lengths = torch.tensor([len(each) for each in column])
    if isinstance(column[0], np.ndarray) and column[0].dtype != object:
        return RaggedBatch(torch.from_numpy(np.concatenate(column)), lengths)
    if isinstance(column[0], Tensor):
        return RaggedBatch(torch.cat(list(column)), lengths)
    return RaggedBatch(list(chain.from_iterable(column)), lengths)
