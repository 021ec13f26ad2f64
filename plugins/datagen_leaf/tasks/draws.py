"""The random numbers of a batch of tasks, before they are scaled, and the stream `counter`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from datagen_leaf.tasks.distributions import Floats, Integers, cut_sizes, offsets_of
from datagen_leaf.tasks.params import LeafSyntheticParams


@dataclass(frozen=True)
class Draws:
    """Independent draws for a batch of tasks: uniforms for clusters, standard normals otherwise.

    Attributes
    ----------
    offsets
        int64 `(tasks + 1,)`: the rows of each task.
    clusters
        `(tasks,)`, uniform in [0, 1).
    locations
        `(tasks, 1 + num_dim)`: for a task's centre, then for its location around that centre.
    features
        `(rows, num_dim)`.
    models
        `(tasks, K)`.
    scores
        `(rows, num_classes)`.
    """

    offsets: Integers
    clusters: Floats
    locations: Floats
    features: Floats
    models: Floats
    scores: Floats

    @classmethod
    def allocate(cls, params: LeafSyntheticParams, sizes: Integers) -> Draws:
        """Return arrays for tasks of these sizes, for a stream to fill."""
        tasks, rows = len(sizes), int(sizes.sum())
        return cls(
            offsets_of(sizes),
            np.empty(tasks),
            np.empty((tasks, 1 + params.num_dim)),
            np.empty((rows, params.num_dim)),
            np.empty((tasks, params.num_clusters)),
            np.empty((rows, params.num_classes)),
        )


def draw_batch(params: LeafSyntheticParams, start: int, size: int, rng: Generator) -> Draws:
    """Draw tasks `start` to `start + size` from their batch's own stream `rng`."""
    if params.sizes is None:
        values = rng.lognormal(params.size_mu, params.size_sigma, size)
        sizes = cut_sizes(values, params.min_samples, params.max_samples)
    else:
        sizes = np.array(params.sizes[start : start + size], np.int64)
    draws = Draws.allocate(params, sizes)
    rng.random(out=draws.clusters)
    for array in (draws.locations, draws.models, draws.features, draws.scores):
        rng.standard_normal(out=array)
    return draws
