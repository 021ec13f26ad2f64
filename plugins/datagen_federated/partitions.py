"""Ways to divide a labelled data set among clients: pure functions of (labels, clients, rng).

Each returns one array of indices for each client, int64. An index is in at most one of them; what
a scheme leaves out, its docstring says. With `numpy.random.default_rng(seed)` they give, order
included, what declearn 2.9 gives for that seed before it sets validation data apart: its function
`split_multi_classif_dataset`, its command `declearn-split`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatagenError

Indices = NDArray[np.int64]
Scheme = Callable[[NDArray[np.int64], int, np.random.Generator], list[Indices]]


class PartitionError(DatagenError):
    """A data set that cannot be divided as asked; one line that says why."""


def divide_iid(labels: Indices, clients: int, rng: np.random.Generator) -> list[Indices]:
    """Shuffle the data set and deal it out in equal parts.

    Every index is dealt: the last client also gets the remainder of the division, so that its part
    is larger by up to `clients - 1`. McMahan et al. 2017 (arXiv:1602.05629), section 3, "IID".

    Parameters
    ----------
    labels
        int64 `(n,)`; only their number counts.
    clients
        How many parts to make.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When there are more clients than samples.
    """
    _check(clients, labels.size, "samples")
    return _cut(rng.permutation(labels.size), clients)


def divide_by_labels(labels: Indices, clients: int, rng: np.random.Generator) -> list[Indices]:
    """Give each client all samples of its own classes, and no class to two clients.

    Classes are shuffled and dealt out in equal parts; the last client also gets the remainder.
    Every index is dealt, in the order of the data set. Scheme "labels" of declearn.

    Parameters
    ----------
    labels
        int64 `(n,)`, any values.
    clients
        How many parts to make.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When there are more clients than classes.
    """
    classes = np.unique(labels)
    _check(clients, classes.size, "classes")
    parts = _cut(rng.permutation(classes), clients)
    return [np.flatnonzero(np.isin(labels, part)) for part in parts]


SCHEMES: Mapping[str, Scheme] = MappingProxyType({"iid": divide_iid, "labels": divide_by_labels})
"""Every scheme by the name that parameters give it."""


def _cut(items: Indices, parts: int) -> list[Indices]:
    """Cut into runs of equal length; the last one is longer where it does not come out even."""
    return np.split(items, items.size // parts * np.arange(1, parts))


def _check(clients: int, available: int, things: str) -> None:
    if not 1 <= clients <= available:
        message = f"cannot divide {available} {things} among {clients} clients; ask for fewer"
        raise PartitionError(message)
