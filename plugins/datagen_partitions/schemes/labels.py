"""The scheme "labels" of declearn: each client has classes of its own."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.params import PartitionParams


def divide_by_labels(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Give each client all samples of its own classes, and no class to two clients.

    Classes are shuffled and dealt out in equal parts; the last client also gets the remainder.
    Every index is dealt, in the order of the data set. Scheme "labels" of declearn 2.9, to the last
    index.

    Parameters
    ----------
    labels
        Classes, `(n,)`, any values.
    params
        `clients`.

    Raises
    ------
    PartitionError
        When there are more clients than classes.
    """
    classes = np.unique(labels)
    if params.clients > classes.size:
        message = (
            f"cannot divide {classes.size} classes among {params.clients} clients; ask for fewer"
        )
        raise PartitionError(message)
    each = classes.size // params.clients
    parts = np.split(rng.permutation(classes), each * np.arange(1, params.clients))
    return [np.flatnonzero(np.isin(labels, part)) for part in parts]
