"""Which clients train in a round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.records import FAIL_REASONS

REASONS = {name: code for code, name in enumerate(FAIL_REASONS)}
"""The code of every reason for not taking part."""


def draw_participation(
    sizes: NDArray[np.int64], params: TrainingParams, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return for each client the code of why it does not train in a round, 0 for those that do.

    The server selects max(1, C K) of K clients without replacement (McMahan et al. 2017,
    Algorithm 1); each of them drops out with `client_dropout_rate`.

    Parameters
    ----------
    sizes
        `(K,)`: how many samples each client has.
    params
        `participation` C and `client_dropout_rate` count.
    rng
        What is drawn from it depends on K, C and nothing else.
    """
    clients = len(sizes)
    selected = rng.choice(clients, max(1, round(params.participation * clients)), replace=False)
    drops = rng.random(clients) < params.client_dropout_rate
    reasons = np.full(clients, REASONS["not_selected"], np.uint8)
    reasons[selected] = REASONS[""]
    reasons[selected[sizes[selected] == 0]] = REASONS["no_samples"]
    reasons[selected[drops[selected]]] = REASONS["dropped_out"]
    return reasons
