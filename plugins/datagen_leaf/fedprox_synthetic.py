"""The generator `fedprox_synthetic`: synthetic(alpha, beta) of FedProx."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import Generator
from pydantic import NonNegativeFloat

from datagen_core import DatasetGenerator, Params, Ragged, generator, hookimpl
from datagen_leaf.tasks.distributions import (
    Floats,
    cut_sizes,
    fast_stream,
    label,
    offsets_of,
    place_features,
    shared_stream,
)
from datagen_leaf.tasks.params import Count, PositiveCount, check_tasks

BATCH_SIZE = 8
_PURPOSE = 2  # its shared stream differs from that of leaf_synthetic


class FedproxSyntheticParams(Params):
    """How far devices differ, and their sizes; the defaults are those of synthetic(0, 0).

    alpha and beta are standard deviations, as in the program that made the published data sets. The
    paper writes N(0, alpha), which could also mean a variance; for 0 and 1 both are the same.
    """

    alpha: NonNegativeFloat = 0.0
    """How far the models of devices differ: standard deviation of the mean of their weights."""

    beta: NonNegativeFloat = 0.0
    """How far the features of devices differ: standard deviation of the mean of their locations."""

    iid: bool = False
    """One model and one distribution of features for all devices; needs alpha = beta = 0."""

    num_classes: PositiveCount = 10
    """Number of classes."""

    num_dim: PositiveCount = 60
    """Length of x."""

    min_samples: Count = 50
    """Smallest size of a device; the log-normal draw is added to it."""

    max_samples: PositiveCount = 1_000_000
    """Largest size of a device. FedProx has no such limit; the default cuts one size in two
    million."""

    size_mu: float = 4.0
    """Mean of the logarithm of sizes."""

    size_sigma: NonNegativeFloat = 2.0
    """Standard deviation of the logarithm of sizes."""

    def check(self) -> None:
        """Refuse sizes that contradict each other, and differences between identical devices."""
        weights = (self.num_dim + 1) * self.num_classes
        check_tasks(least=self.min_samples, most=self.max_samples, weights=weights)
        if self.iid and (self.alpha or self.beta):
            raise ValueError(f"iid needs alpha=0 and beta=0, not {self.alpha} and {self.beta}")


@generator(BATCH_SIZE, FedproxSyntheticParams)
def fedprox_synthetic(
    size: int, params: FedproxSyntheticParams, rng: Generator, seed: int
) -> dict[str, Any]:
    r"""Draw FedProx's synthetic(alpha, beta); one sample is one device.

    The published data sets have 30 devices. Devices here have their distribution, but not their
    numbers, since the program that made them sets no seed.

    Returns
    -------
    columns
        `x` float64 `(n, num_dim)` and `y` int64 `(n,)`, ragged, and the device's `model` float64
        `(num_dim + 1, num_classes)`, whose first row is the bias b: `y` is
        `(x @ model[1:] + model[0]).argmax(axis=1)`.

    Notes
    -----
    For device k (Li et al., Federated Optimization in Heterogeneous Networks, MLSys 2020, section
    5.1; sizes from its program, data/synthetic_1_1/generate_synthetic.py):

    .. math::
        n_k &= \lfloor e^{N(4, 2^2)} \rfloor + 50 \\
        W_k, b_k &\sim N(u_k, 1), \quad u_k \sim N(0, \alpha^2) \\
        v_k &\sim N(B_k, 1), \quad B_k \sim N(0, \beta^2) \\
        x &\sim N(v_k, \mathrm{diag}(j^{-1.2})) \\
        y &= \mathrm{argmax}(W_k x + b_k)

    With `iid`, all devices share W, b ~ N(0, 1), and v = 0.
    """
    stream = fast_stream(rng)
    lognormal = stream.lognormal(params.size_mu, params.size_sigma, size)
    offsets = offsets_of(cut_sizes(lognormal, params.min_samples, params.max_samples))
    models = _draw_models(params, size, stream, seed)
    locations = _draw_locations(params, size, stream)
    x = stream.standard_normal((offsets[-1], params.num_dim))
    place_features(x, offsets, locations)
    y = label(x, offsets, list(models), np.zeros((len(x), params.num_classes)))
    return {"x": Ragged(x, offsets), "y": Ragged(y, offsets), "model": models}


def _draw_models(params: FedproxSyntheticParams, size: int, stream: Generator, seed: int) -> Floats:
    """Return `(size, num_dim + 1, num_classes)`: for each device b, then W."""
    shape = (params.num_dim + 1, params.num_classes)
    if params.iid:
        return np.tile(_shared_model(seed, shape), (size, 1, 1))
    means = params.alpha * stream.standard_normal((size, 1, 1))
    return np.asarray(means + stream.standard_normal((size, *shape)))


@lru_cache(maxsize=2)
def _shared_model(seed: int, shape: tuple[int, int]) -> Floats:
    return shared_stream(seed, _PURPOSE).standard_normal(shape)


def _draw_locations(params: FedproxSyntheticParams, size: int, stream: Generator) -> Floats:
    """Return v, `(size, num_dim)`."""
    if params.iid:
        return np.zeros((size, params.num_dim))
    means = params.beta * stream.standard_normal((size, 1))
    return np.asarray(means + stream.standard_normal((size, params.num_dim)))


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `fedprox_synthetic`."""
    return fedprox_synthetic
