"""Label skew: each class is spread over the clients by a draw of the Dirichlet distribution."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import (
    Classes,
    Floats,
    Indices,
    Labels,
    apportion,
    cut,
    deal,
    fill_first,
    group_by_value,
    join,
)
from datagen_partitions.schemes.params import PartitionParams


def divide_by_dirichlet(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Spread each class over the clients in proportions that are Dirichlet(alpha).

    Yurochkin et al. 2019 (arXiv:1905.12022), section 4: p_k ~ Dir(alpha) for each class k. Every
    sample is dealt. `self_balancing` follows their code: a client above the mean size gets nothing
    of the classes that follow. With compat "declearn" each sample draws its client from p_k; with
    "original" the first clients get the samples that rounding leaves, and classes are 0, 1, 2, ...
    without a gap, so that samples with larger labels are dropped.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, `alpha`, one for all clients or one for each, and `self_balancing`.
    """
    if params.compat == "original":
        return _divide_as_original(labels, params, rng)
    classes = group_by_value(labels)
    proportions = draw_proportions(params.alpha, params.clients, len(classes.values), rng)
    if params.compat == "declearn":
        return _assign_each(classes, proportions, rng)
    counts = _count(classes.sizes, proportions, rng, balanced=params.self_balancing)
    return deal(classes.members, counts, rng)


def draw_proportions(
    alpha: float | tuple[float, ...] | None, width: int, rows: int, rng: Generator
) -> Floats:
    """Draw `rows` times from Dirichlet(alpha).

    Parameters
    ----------
    alpha
        One for all places, or one per place.
    width
        Number of places: clients, or classes.
    rows
        Number of draws.
    rng
        The source of the draws.

    Returns
    -------
    proportions
        float64 `(rows, width)`; each row sums to 1.

    Raises
    ------
    PartitionError
        When the number of alphas is not that of places, or they are too small for floating point.
    """
    alphas = np.atleast_1d(np.asarray(alpha, np.float64))
    if alphas.size not in {1, width} or (isinstance(alpha, tuple) and alphas.size != width):
        message = f"there are {alphas.size} alphas for {width} parts; give one number, or {width}"
        raise PartitionError(message)
    drawn: Floats = rng.dirichlet(np.broadcast_to(alphas, width), size=rows)
    if not np.isfinite(drawn).all():
        raise PartitionError(f"alpha {alpha} is too small to draw from; 0.001 is extreme already")
    return drawn


def _count(sizes: Indices, proportions: Floats, rng: Generator, *, balanced: bool) -> Indices:
    """Return the numbers of samples per client and class, `(clients, C)`."""
    counts = np.zeros(proportions.T.shape, np.int64)
    mean = sizes.sum() / len(counts)
    for place, (size, weights) in enumerate(zip(sizes, proportions, strict=True)):
        is_open = counts.sum(axis=1) <= mean if balanced else np.full(len(counts), fill_value=True)
        kept = weights * is_open
        # With a small alpha, all of the weight may lie with clients that are closed.
        counts[:, place] = apportion(int(size), kept if kept.any() else is_open * 1.0, rng)
    return counts


def _assign_each(classes: Classes, proportions: Floats, rng: Generator) -> list[Indices]:
    clients = proportions.shape[1]
    pieces = []
    for member, row in zip(classes.members, proportions, strict=True):
        drawn = rng.choice(clients, size=member.size, p=row)
        pieces.append([member[drawn == client] for client in range(clients)])
    return join(zip(*pieces, strict=True))


def _divide_as_original(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    pieces = []
    for value in range(len(np.unique(labels))):
        member = rng.permutation(np.flatnonzero(labels == value))
        proportions = draw_proportions(params.alpha, params.clients, 1, rng)[0]
        pieces.append(cut(member, fill_first(member.size, proportions)))
    return join(zip(*pieces, strict=True))
