"""Given sizes, and for each client a mixture of labels drawn from the Dirichlet distribution."""

from __future__ import annotations

from bisect import bisect

import numpy as np
from numpy.random import Generator

from datagen_partitions.schemes.dealing import (
    Floats,
    Indices,
    Labels,
    deal,
    group_by_value,
    spread,
)
from datagen_partitions.schemes.dirichlet import draw_proportions
from datagen_partitions.schemes.params import PartitionParams
from datagen_partitions.schemes.sizes import check_sizes


def divide_by_inner_dirichlet(
    labels: Labels, params: PartitionParams, rng: Generator
) -> list[Indices]:
    """Fill shares of given sizes with labels drawn from each client's own Dirichlet(alpha).

    Acar et al. 2021 (FedDyn, arXiv:2111.04263) and flwr-datasets'
    InnerDirichletPartitioner: a client that is not full is drawn, then a class of its mixture; a
    class that is used up is left out of all mixtures. A client whose mixture has nothing left draws
    from all samples left.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `alpha`, one for all classes or one per class; `sizes`, or else `clients` equal parts.

    Raises
    ------
    PartitionError
        When sizes sum to more samples than there are.
    """
    classes = group_by_value(labels)
    clients = len(params.sizes) if params.sizes else params.clients
    mixtures = draw_proportions(params.alpha, len(classes.values), clients, rng)
    if params.sizes:
        sizes = list(check_sizes(params, labels.size))
    else:
        sizes = spread(labels.size, clients, rng).tolist()
    return deal(classes.members, _draw_counts(mixtures, sizes, classes.sizes, rng), rng)


def _draw_counts(mixtures: Floats, sizes: list[int], available: Indices, rng: Generator) -> Indices:
    """Return the numbers of samples per client and class, `(clients, C)`."""
    counts = np.zeros(mixtures.shape, np.int64)
    missing, left = list(sizes), available.tolist()
    waiting = [client for client, size in enumerate(sizes) if size]
    cumulative = _accumulate(mixtures, left)
    # Plain lists: one sample at a time, numpy's scalars would cost ten times as much.
    for lot, level in rng.random((sum(sizes), 2)).tolist():
        place = int(lot * len(waiting))
        client = waiting[place]
        drawn = bisect(cumulative[client], level)
        counts[client, drawn] += 1
        missing[client] -= 1
        left[drawn] -= 1
        if not missing[client]:
            waiting[place] = waiting[-1]
            waiting.pop()
        if not left[drawn] and waiting:
            cumulative = _accumulate(mixtures, left)
    return counts


def _accumulate(mixtures: Floats, left: list[int]) -> list[list[float]]:
    """Return the distribution function of each mixture over the classes that are left."""
    weights = mixtures * (np.array(left) > 0)
    weights[weights.sum(axis=1) == 0] = left
    sums = weights.cumsum(axis=1)
    scaled: list[list[float]] = (sums / sums[:, -1:]).tolist()
    return scaled
