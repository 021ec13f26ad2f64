"""The data of clients for a run on one machine: divided, and written as folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_federations.roles.arrays import as_classes, count_classes
from datagen_partitions.client_files import (
    ImagePartitionParams,
    divide_clients,
    load_rows,
    write_client,
)


@dataclass(frozen=True, eq=False)
class PreparedClients:
    """Data of clients in folders.

    Attributes
    ----------
    folder
        The folder with one folder per client.
    names
        The clients' names.
    shape
        Shape of one input.
    classes
        Number of classes: labels are 0 to `classes` - 1.
    counts
        Numbers of training samples by client and class, int64 `(clients, classes)`.
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
        When labels are not whole numbers from 0.
    DatagenError
        When the data set cannot be found or read, or cannot be divided so.
    """
    rows = load_rows(params)
    classes = count_classes(rows.labels)
    names, counts = [], []
    for number, data in enumerate(divide_clients(params, seed)):
        names.append(f"client_{number}")
        counts.append(np.bincount(as_classes(data.train[1]), minlength=classes))
        write_client(folder / names[-1], data)
    return PreparedClients(folder, tuple(names), rows.x.shape[1:], classes, np.array(counts))
