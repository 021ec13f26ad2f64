"""Shares of different sizes, with the same mixture of labels."""

from __future__ import annotations

from numpy.random import Generator

from datagen_partitions.schemes.dealing import Indices, Labels, apportion, cut, fill_first
from datagen_partitions.schemes.dirichlet import draw_proportions
from datagen_partitions.schemes.params import PartitionParams


def divide_with_quantity_skew(
    labels: Labels, params: PartitionParams, rng: Generator
) -> list[Indices]:
    """Deal out the shuffled data set in parts whose proportions are Dirichlet(alpha).

    Li et al. 2022, "Federated learning on non-IID data silos" (arXiv:2102.02079):
    quantity skew, q ~ Dir(alpha). With compat "original" the samples that rounding leaves go to
    the first clients.

    Parameters
    ----------
    labels
        `(n,)`; only their number counts.
    params
        `clients` and `alpha`, one for all clients or one per client.
    """
    proportions = draw_proportions(params.alpha, params.clients, 1, rng)[0]
    if params.compat == "original":
        sizes = fill_first(labels.size, proportions)
    else:
        sizes = apportion(labels.size, proportions, rng)
    return cut(rng.permutation(labels.size), sizes)
