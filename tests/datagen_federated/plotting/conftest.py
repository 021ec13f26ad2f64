"""Federated runs made by hand, so that what a picture must show is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from datagen_federated.plotting import METRICS, FederatedRun
from datagen_federated.simulation import client_dtype, round_dtype

REGRESSION = {"loss", "rmse", "r2"}
CLASSIFICATION = {"accuracy", "loss", "f1"}


def fill_clients(clients: int, rounds: int, classes: int, scores: set[str]) -> Any:
    """Return rows in which client 2 misses round 2, and the last client all but round 1."""
    rng = np.random.default_rng(7)
    table = np.zeros((rounds, clients), client_dtype(classes))
    table["round"] = np.arange(1, rounds + 1)[:, None]
    table["client_id"] = np.arange(1, clients + 1)
    table["participated"] = True
    table["participated"][1:2, 1:2] = table["participated"][1:, -1] = False
    table["data_Distribution"] = rng.integers(0, 30, (clients, classes))
    table["samples_count"] = table["data_Distribution"].sum(axis=-1)
    for metric in METRICS:
        values = rng.random((rounds, clients)) if metric in scores else np.nan
        table[metric] = np.where(table["participated"], values, np.nan)
    return table.reshape(-1)


def fill_rounds(rounds: int, scores: set[str], seed: int, *, validation: bool) -> Any:
    """Return rows with random scores of the global model."""
    rng = np.random.default_rng(seed)
    table = np.zeros(rounds, round_dtype())
    table["round"] = np.arange(1, rounds + 1)
    for metric in METRICS:
        known = rng.random((2, rounds)) if metric in scores else np.full((2, rounds), np.nan)
        table[f"global_{metric}"] = known[0]
        table[f"validation_{metric}"] = known[1] if validation else np.nan
    return table


@pytest.fixture
def make_run() -> Callable[..., FederatedRun]:
    """Return `make_run(clients=4, …)`."""

    def make(
        clients: int = 4,
        rounds: int = 3,
        classes: int = 3,
        *,
        regression: bool = False,
        validation: bool = True,
        seed: int = 0,
        names: list[str] | None = None,
        **described: Any,
    ) -> FederatedRun:
        scores = REGRESSION if regression else CLASSIFICATION
        sample = {
            "clients": fill_clients(clients, rounds, classes, scores),
            "rounds": fill_rounds(rounds, scores, seed, validation=validation),
            "client_names": names or [f"client_{number + 1}" for number in range(clients)],
        }
        return FederatedRun.from_sample(sample, **described)

    return make
