"""Samples as a dataset of torch: the only module of the engine that imports torch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from torch.utils.data import Dataset


class Takeable(Protocol):
    """Samples in a fixed order, as `datagen_core.reading.samples.Samples` has them."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: int) -> Any: ...
    def take(self, positions: Any) -> Any:
        """Return the samples at some positions."""
        ...


class TorchDataset(Dataset[Any]):
    """A map-style dataset; each sample is as `samples[i]` gives it, in numpy arrays.

    Safe with any number of workers and any start method: every process opens the files by itself.
    A `DataLoader` fetches a minibatch with one read. With no workers it is fastest, since files are
    memory-mapped; workers pay off when samples are decoded or augmented.
    """

    def __init__(self, samples: Takeable) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> Any:
        return self.samples[position]

    def __getitems__(self, positions: list[int]) -> list[Any]:
        """Return a minibatch as a list of samples, which is what torch's collation takes."""
        columns = self.samples.take(np.asarray(positions, np.int64))
        if isinstance(columns, tuple):
            return list(zip(*columns, strict=True))
        names = list(columns)
        return [
            dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
