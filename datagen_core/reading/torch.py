"""Samples as a dataset of torch: the only module of the engine that imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from torch.utils.data import Dataset

from datagen_core.errors import ConfigurationError
from datagen_core.generators.schema import Schema


class Takeable(Protocol):
    """Samples in a fixed order, as `datagen_core.reading.samples.Samples` has them."""

    schema: Schema

    def __len__(self) -> int: ...
    def __getitem__(self, key: int) -> Any: ...
    def take(self, positions: Any) -> Any:
        """Return the samples at some positions."""
        ...


class TorchDataset(Dataset[Any]):
    """A map-style dataset; each sample is as `samples[i]` gives it, in numpy arrays.

    What has no tensors is given in a form that torch collates: a record as a dict of its members,
    dates and differences as int64 in their unit (NaT is the lowest number), bytes as `bytes`.

    Safe with any number of workers and any start method: every process opens the files by itself.
    A `DataLoader` fetches a minibatch with one read. With no workers it is fastest, since files are
    memory-mapped; workers pay off when samples are decoded or augmented.

    Raises
    ------
    ConfigurationError
        For a field of long doubles, which torch lacks.
    """

    def __init__(self, samples: Takeable) -> None:
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
            return list(map(self._convert, zip(*columns, strict=True)))
        names = list(columns)
        return [
            self._convert(dict(zip(names, values, strict=True)))
            for values in zip(*columns.values(), strict=True)
        ]

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
    if dtype.names:
        return {name: _collatable(value[name]) for name in dtype.names}
    if dtype.kind in "Mm":
        return value.view(np.int64)
    if dtype.kind in "SV":
        return value.tolist()
    # As a scalar it would become a Python int, which torch takes for an int64.
    return np.asarray(value) if dtype == np.uint64 else value
