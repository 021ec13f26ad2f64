"""Small labelled data for simulated federated runs, and runs on them."""

from __future__ import annotations

import numpy as np

from datagen_federated.data import Data
from datagen_federated.simulation import Run, TrainingParams, simulate

NO_VALIDATION = np.arange(0)


def make_images(size: int = 60, side: int = 8, channels: int = 1, classes: int = 3) -> Data:
    """Return images that are brighter in the row of their class."""
    rng = np.random.default_rng(5)
    shape = (2 * size, side, side) if channels == 1 else (2 * size, side, side, channels)
    x, y = rng.integers(0, 60, shape, np.uint8), rng.integers(0, classes, 2 * size)
    x[np.arange(2 * size), y] += 150
    names = tuple("abcdefghij"[:classes])
    return Data("images", "classification", x[:size], y[:size], x[size:], y[size:], names)


def make_table(size: int = 80, noise: float = 0.0) -> Data:
    """Return a linear regression in large units."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(2 * size, 3)).astype(np.float32)
    targets = 1000 + 50 * (x @ [1.0, -2.0, 0.5] + noise * rng.normal(size=2 * size))
    y = targets.astype(np.float32)
    scale = (float(y[:size].mean()), float(y[:size].std()))
    return Data("table", "regression", x[:size], y[:size], x[size:], y[size:], target_scale=scale)


def quick(**values: object) -> TrainingParams:
    """Return parameters of a run that takes a moment."""
    small = {"rounds": 2, "hidden_layers": (4,), "epochs_per_round": 1, "batch_size": 8}
    return TrainingParams(**(small | values))


def run(data: Data, seed: int = 0, clients: int = 3, shares=None, **values: object) -> Run:
    """Simulate a short run."""
    shares = np.array_split(np.arange(len(data.y)), clients) if shares is None else shares
    params = quick(**values)
    return simulate(data, shares, NO_VALIDATION, params, np.random.default_rng(seed))
