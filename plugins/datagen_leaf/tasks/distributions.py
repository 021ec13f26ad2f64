"""What LEAF's and FedProx's tasks are drawn from: their sizes, features, models and labels.

A task has a size n, a location v and a model W. Its features are x ~ N(v, Sigma) with the diagonal
covariance Sigma_jj = j^-1.2, and its labels the class of highest score, argmax([1, x] W + noise).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Normal = Callable[[tuple[int, ...]], Floats]
"""Draws standard normals of the given shape."""

_PRODUCTS = 2**18
"""Largest matrix product, in multiplications, for which OpenBLAS starts no threads. Its threads
make these small products slower."""


class Mixture(NamedTuple):
    """The distribution of models, which all tasks of a LEAF parameter set share.

    Attributes
    ----------
    basis
        Q, `(num_dim + 1, num_classes, K)`: a task's model is W = Q u.
    means
        `(K, K)`; row k is the mean of u in cluster k.
    """

    basis: Floats
    means: Floats


def draw_mixture(normal: Normal, num_dim: int, num_classes: int, num_clusters: int) -> Mixture:
    """Draw Q ~ N(0, 1), then for each cluster a centre c ~ N(0, 1) and its mean ~ N(c, 1)."""
    basis = normal((num_dim + 1, num_classes, num_clusters))
    means = [normal(()) + normal((num_clusters,)) for _ in range(num_clusters)]
    return Mixture(basis, np.stack(means))


def shared_stream(seed: int, purpose: int) -> Generator:
    """Return the stream for what all samples of a set share; it depends on the seed alone."""
    return Generator(SFC64(SeedSequence([seed, purpose])))


def fast_stream(rng: Generator) -> Generator:
    """Return SFC64 on a batch's seed sequence: numpy's fastest bit generator for normals."""
    return Generator(SFC64(cast(SeedSequence, rng.bit_generator.seed_seq)))


def cut_sizes(values: Floats, least: int, most: int) -> Integers:
    """Return `min(int(value) + least, most)` for each value, without overflow for large ones."""
    return np.minimum(np.minimum(values, most).astype(np.int64) + least, most)


def offsets_of(sizes: Integers) -> Integers:
    """Return where each task's rows begin, and the number of all rows at the end."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def feature_scales(num_dim: int) -> Floats:
    """Return the standard deviations of the features within a task, j^-0.6, `(num_dim,)`.

    They are computed as LEAF does, as the square root of Python's j ** -1.2, to the last bit.
    """
    return np.sqrt([(j + 1) ** -1.2 for j in range(num_dim)])


def place_features(x: Floats, offsets: Integers, locations: Floats) -> None:
    """Turn standard normals into features, in place.

    Parameters
    ----------
    x
        `(rows, num_dim)`.
    offsets
        int64 `(tasks + 1,)`, the rows of each task.
    locations
        `(tasks, num_dim)`.
    """
    x *= feature_scales(x.shape[1])
    bounds = offsets.tolist()
    for task, location in enumerate(locations):
        x[bounds[task] : bounds[task + 1]] += location


def label(x: Floats, offsets: Integers, models: Sequence[Floats], scores: Floats) -> Integers:
    """Return the class with the highest score for each row, int64 `(rows,)`.

    Parameters
    ----------
    x
        `(rows, num_dim)`.
    offsets
        int64 `(tasks + 1,)`, the rows of each task.
    models
        One `(num_dim + 1, num_classes)` per task; its first row is the bias.
    scores
        `(rows, num_classes)`: the noise on the scores; overwritten with the scores.
    """
    bounds = offsets.tolist()
    for task, model in enumerate(models):
        rows = slice(bounds[task], bounds[task + 1])
        _add_scores(x[rows], model, scores[rows])
    labels: Integers = np.argmax(scores, axis=1)
    return labels


def _add_scores(x: Floats, model: Floats, scores: Floats) -> None:
    step = max(1, _PRODUCTS // model.size)
    for low in range(0, len(x), step):
        scores[low : low + step] += x[low : low + step] @ model[1:]
    scores += model[0]
