"""The choice of clients that train in a round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.records import FAIL_REASONS

REASONS = {name: code for code, name in enumerate(FAIL_REASONS)}
"""Codes of the reasons for not taking part; 0 for taking part."""


def draw_participation(
    sizes: NDArray[np.int64], params: TrainingParams, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return for each client the code of its reason not to train in a round; 0 if it trains.

    The server selects max(1, C K) of K clients without replacement (McMahan et al. 2017,
    Algorithm 1); each of them drops out with `client_dropout_rate`.

    Parameters
    ----------
    sizes
        `(K,)`: number of samples per client.
    params
        `participation` C and `client_dropout_rate` count.
    rng
        The draws depend on K and C only.
    """
    clients = len(sizes)
    selected = rng.choice(clients, max(1, round(params.participation * clients)), replace=False)
    drops = rng.random(clients) < params.client_dropout_rate
    reasons = np.full(clients, REASONS["not_selected"], np.uint8)
    reasons[selected] = REASONS[""]
    reasons[selected[sizes[selected] == 0]] = REASONS["no_samples"]
    reasons[selected[drops[selected]]] = REASONS["dropped_out"]
    return reasons
