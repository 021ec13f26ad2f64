"""The generator `leaf_synthetic`: LEAF's synthetic classification tasks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.random import Generator

from datagen_core import DatasetGenerator, Ragged, generator, hookimpl
from datagen_leaf.compat.legacy import check_seed, legacy_stream
from datagen_leaf.tasks.distributions import (
    Floats,
    Integers,
    Mixture,
    draw_mixture,
    fast_stream,
    label,
    place_features,
    shared_stream,
)
from datagen_leaf.tasks.draws import Draws, draw_batch
from datagen_leaf.tasks.params import LeafSyntheticParams

BATCH_SIZE = 32
_PURPOSE = 1  # its shared stream differs from that of fedprox_synthetic


def count_sizes(params: LeafSyntheticParams) -> int | None:
    """Return the number of explicit sizes, to which the number of tasks is limited, or None."""
    return None if params.sizes is None else len(params.sizes)


def refuse_seed(params: LeafSyntheticParams, seed: int) -> tuple[str, ...]:
    """Refuse a seed that the stream cannot take, before any run; there are no notes."""
    if params.stream == "leaf":
        check_seed(seed)
    return ()


@generator(BATCH_SIZE, LeafSyntheticParams, limit=count_sizes, preflight=refuse_seed)
def leaf_synthetic(
    size: int, params: LeafSyntheticParams, rng: Generator, start: int, seed: int
) -> dict[str, Any]:
    r"""Draw LEAF's synthetic classification tasks; one sample is one task (user).

    Returns
    -------
    columns
        `x` float64 `(n, num_dim)` and `y` int64 `(n,)`, ragged; `cluster` int64 and `model_info`
        float64 `(K,)`, from which `true_model` gives a task's model.

    Notes
    -----
    For a task of cluster k, with Q and :math:`\mu` shared by all (Caldas et al., LEAF, 2018; from
    its program, data/synthetic/data_generator.py):

    .. math::
        n &= \min(\lfloor e^{N(3, 2^2)} \rfloor + 5, 1000) \\
        v &\sim N(B, 1), \quad B \sim N(0, 1) \\
        x &\sim N(v, \mathrm{diag}(j^{-1.2})) \\
        W &= Q u, \quad u \sim N(\mu_k, 0.1^2) \\
        y &= \mathrm{argmax}([1, x] W + N(0, 0.1^2))
    """
    if params.stream == "leaf":
        draws = legacy_stream(params, seed).draw(start, size)
    else:
        draws = draw_batch(params, start, size, fast_stream(rng))
    return _make_tasks(params, mixture_of(params, seed), draws)


def _make_tasks(params: LeafSyntheticParams, mixture: Mixture, draws: Draws) -> dict[str, Any]:
    clusters = _choose_clusters(params, draws.clusters)
    infos = mixture.means[clusters] + params.model_sigma * draws.models
    x, scores = draws.features, draws.scores
    place_features(x, draws.offsets, draws.locations[:, :1] + draws.locations[:, 1:])
    scores *= params.noise
    y = label(x, draws.offsets, [mixture.basis @ info for info in infos], scores)
    return {
        "x": Ragged(x, draws.offsets),
        "y": Ragged(y, draws.offsets),
        "cluster": clusters,
        "model_info": infos,
    }


def _choose_clusters(params: LeafSyntheticParams, uniforms: Floats) -> Integers:
    """Return each task's cluster; `numpy.random.choice` turns a uniform number into the same."""
    sums = list(accumulate(params.prob_clusters))
    cumulative = [part / sums[-1] for part in sums]
    return np.array([bisect_right(cumulative, value) for value in uniforms.tolist()], np.int64)


def mixture_of(params: LeafSyntheticParams, seed: int) -> Mixture:
    """Return Q and the means of the clusters, which all tasks of a parameter set share."""
    if params.stream == "leaf":
        return legacy_stream(params, seed).mixture
    return _mixture(seed, params.num_dim, params.num_classes, params.num_clusters)


@lru_cache(maxsize=2)
def _mixture(seed: int, num_dim: int, num_classes: int, num_clusters: int) -> Mixture:
    stream = shared_stream(seed, _PURPOSE)
    return draw_mixture(stream.standard_normal, num_dim, num_classes, num_clusters)


def true_model(
    params: LeafSyntheticParams | Mapping[str, Any], seed: int, model_info: Floats
) -> Floats:
    """Return the model of a task, W = Q u.

    Parameters
    ----------
    params, seed
        Those of the task's parameter set.
    model_info
        The task's u, `(K,)`.

    Returns
    -------
    W
        `(num_dim + 1, num_classes)`; its first row is the bias. Without noise, the labels are
        `(x @ W[1:] + W[0]).argmax(axis=1)`.
    """
    if not isinstance(params, LeafSyntheticParams):
        params = LeafSyntheticParams(**params)
    return np.asarray(mixture_of(params, seed).basis @ model_info)


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `leaf_synthetic`."""
    return leaf_synthetic
