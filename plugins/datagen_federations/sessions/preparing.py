"""The clients' data of a run on one machine: divided, written as folders, and described."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federations.errors import TrainingError
from datagen_partitions.client_files import (
    ImagePartitionParams,
    divide_clients,
    load_rows,
    write_client,
)

_MOST_CLASSES = 10**6
"""A model has an output for each; what is greater is no class."""


@dataclass(frozen=True, eq=False)
class PreparedClients:
    """Data of clients, as folders.

    Attributes
    ----------
    folder
        Holds a folder for each client.
    names
        The clients' names.
    shape
        Of one input.
    classes
        How many classes there are: labels are 0 to `classes` - 1.
    counts
        How many training samples of each class a client has, int64 `(clients, classes)`.
    """

    folder: Path
    names: tuple[str, ...]
    shape: tuple[int, ...]
    classes: int
    counts: NDArray[np.int64]


def prepare_clients(folder: Path, params: ImagePartitionParams, seed: int) -> PreparedClients:
    """Divide a data set, and write each client's part as `folder/client_<i>/`.

    Raises
    ------
    TrainingError
        When labels are no numbers from 0.
    DatagenError
        When the data set cannot be had, or cannot be divided so.
    """
    rows = load_rows(params)
    classes = count_classes(rows.labels)
    names, counts = [], []
    for number, data in enumerate(divide_clients(params, seed)):
        names.append(f"client_{number}")
        counts.append(np.bincount(as_classes(data.train[1]), minlength=classes))
        write_client(folder / names[-1], data)
    return PreparedClients(folder, tuple(names), rows.x.shape[1:], classes, np.array(counts))


def count_classes(labels: NDArray[Any]) -> int:
    """Return how many classes there are, 2 at the least: the greatest label and one.

    Raises
    ------
    TrainingError
        When labels are no numbers from 0.
    """
    return max(2, int(as_classes(labels).max(initial=0)) + 1)


def as_classes(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return labels as int64 `(n,)`, as the cross-entropy wants them.

    Raises
    ------
    TrainingError
        When they are no whole numbers from 0.
    """
    flat = labels.ravel()
    if flat.dtype.kind not in "biuf":
        is_class = np.zeros(len(flat), bool)
    else:
        is_class = (flat >= 0) & (flat == np.floor(flat)) & (flat < _MOST_CLASSES)
    if not is_class.all():
        message = f"labels are classes, numbers from 0; there is {flat[~is_class][0].item()!r}"
        raise TrainingError(message)
    return flat.astype(np.int64)


def as_inputs(data: NDArray[Any]) -> NDArray[np.float32]:
    """Return inputs as float32, which models compute in."""
    return np.ascontiguousarray(data, np.float32)
