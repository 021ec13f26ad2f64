"""The scheme "biased" of declearn: equal sizes, a drawn mixture of labels for each client."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.params import PartitionParams


def divide_with_bias(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Let each client draw its share from the samples left, with random weights of the labels.

    Scheme "biased" of declearn 2.9, to the last index: client i draws w = exp(z), z ~ N(0, 1) for
    each class, and n // clients samples without replacement with probabilities proportional to the
    weights of their classes. The last client gets all samples left. Labels other than 0, 1, 2, ...,
    on which declearn fails, are numbered in ascending order.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`.
    """
    values, numbers = np.unique(labels, return_inverse=True)
    left = np.arange(labels.size)
    shares = []
    for _ in range(params.clients - 1):
        weights = np.exp(rng.normal(size=values.size))[numbers[left]]
        size = labels.size // params.clients
        share = rng.choice(left, size=size, replace=False, p=weights / weights.sum())
        left = left[~np.isin(left, share)]
        shares.append(share)
    return [*shares, left]


def describe_renumbering(labels: Labels) -> tuple[str, ...]:
    """Return a note if labels had to be numbered."""
    values = np.unique(labels)
    if np.array_equal(values, np.arange(values.size)):
        return ()
    return (f"biased: the {values.size} labels are numbered from 0 in ascending order",)
