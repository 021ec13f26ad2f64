"""The order of samples in the epochs of a training: a function of a seed and the epoch alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from datagen_core.checks import whole_number
from datagen_core.errors import ConfigurationError


class Takeable(Protocol):
    """Samples in a fixed order, of which some can be taken at once, as `Samples` are."""

    def __len__(self) -> int: ...
    def take(self, positions: Any) -> Any:
        """Return the samples at some positions."""
        ...


def shuffle_positions(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the positions 0 to `count - 1` in the order that they have in an epoch."""
    order = np.arange(count, dtype=np.int64)
    # Epoch 0 has the order that a seed had before there were epochs.
    sequence = np.random.SeedSequence(seed, spawn_key=(epoch,)) if epoch else seed
    np.random.default_rng(sequence).shuffle(order)
    return order


def check_order(name: str, value: SupportsIndex, least: int = 0) -> int:
    """Return a whole number that says something about an order.

    Raises
    ------
    ConfigurationError
        For what is not a whole number, or below `least`.
    """
    number = whole_number(name, value)
    if number < least:
        raise ConfigurationError(f"{name} is {number}; it is {least} or more")
    return number


class Batches(Iterable[Any]):
    """The batches of samples, anew by each `iter()`; `len()` is the number of batches.

    Shuffled ones are in another order by each `iter()`, which is the next epoch of the samples.

    Parameters
    ----------
    samples
        The samples.
    size
        Number of samples in a batch; the last one may have fewer.
    seed
        What orders follow from; None for the order of the samples.
    epoch
        The epoch that each `iter()` is; None for one epoch after the other.
    counts
        How many epochs of each seed have begun already, for those that come.
    """

    def __init__(
        self,
        samples: Takeable,
        size: int,
        seed: int | None,
        epoch: int | None,
        counts: Counter[int],
    ) -> None:
        self._samples, self._counts = samples, counts
        self._size = check_order("size", size, least=1)
        self._seed = None if seed is None else check_order("seed", seed)
        self._epoch = None if epoch is None else check_order("epoch", epoch)
        self._running: Iterator[Any] | None = None

    def __len__(self) -> int:
        return math.ceil(len(self._samples) / self._size)

    def __iter__(self) -> Iterator[Any]:
        return self._read(None if self._seed is None else self._next_order(self._seed))

    def __next__(self) -> Any:
        """Return the next batch of one epoch, without `iter()`."""
        if self._running is None:
            self._running = iter(self)
        return next(self._running)

    def _next_order(self, seed: int) -> NDArray[np.int64]:
        epoch = self._epoch
        if epoch is None:
            epoch = self._counts[seed]
            self._counts[seed] += 1
        return shuffle_positions(len(self._samples), seed, epoch)

    def _read(self, order: NDArray[np.int64] | None) -> Iterator[Any]:
        count = len(self._samples)
        for start in range(0, count, self._size):
            stop = min(start + self._size, count)
            yield self._samples.take(np.arange(start, stop) if order is None else order[start:stop])
