"""Combinations of clients' weights by the server: pure NumPy on flat vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.params import TrainingParams

Weights = NDArray[np.float32]


class WeightedMean:
    """The running mean of clients' weights, in double precision.

    McMahan et al. 2017, equation 1 and Algorithm 1: the sum of n_k / n w_k over the participants,
    with n_k samples each; `uniform` takes n_k = 1 for all.
    """

    def __init__(self, size: int) -> None:
        self._sum = np.zeros(size)
        self._total = 0.0

    def add(self, weights: Weights, share: float) -> None:
        """Add a client's weights with its share; shares need not sum to 1."""
        self._sum += share * weights.astype(np.float64)
        self._total += share

    def result(self) -> NDArray[np.float64] | None:
        """Return the mean `(P,)`; None if nothing was added."""
        return self._sum / self._total if self._total else None


class FedAdam:
    """Adam on the server: Reddi et al. 2021 (arXiv:2003.00295), Algorithm 2, FedAdam.

    D is the mean change of the participants, weighted by samples as in FedAvg::

        m <- b1 m + (1 - b1) D
        v <- b2 v + (1 - b2) D^2         which begins at tau^2
        w <- w + rate m / (sqrt(v) + tau)
    """

    def __init__(self, size: int, params: TrainingParams) -> None:
        self._params = params
        self._first = np.zeros(size)
        self._second = np.full(size, params.server_tau**2)

    def combine(self, weights: Weights, mean: NDArray[np.float64]) -> Weights:
        """Return the next global weights."""
        params, change = self._params, mean - weights
        self._first += (1 - params.server_beta1) * (change - self._first)
        self._second += (1 - params.server_beta2) * (change**2 - self._second)
        step = self._first / (np.sqrt(self._second) + params.server_tau)
        moved: NDArray[np.float64] = weights + params.server_learning_rate * step
        return moved.astype(np.float32)


class Server:
    """Keeps the global weights and moves them once per round.

    Attributes
    ----------
    weights
        float32 `(P,)`, the global model.
    """

    def __init__(self, weights: Weights, params: TrainingParams) -> None:
        self.weights = weights
        self._is_uniform = params.aggregation == "uniform"
        is_adaptive = params.aggregation == "fedadam"
        self._adam = FedAdam(len(weights), params) if is_adaptive else None
        self.begin_round()

    def begin_round(self) -> None:
        """Forget the clients of the previous round."""
        self._mean = WeightedMean(len(self.weights))

    def receive(self, weights: Weights, samples: int) -> None:
        """Receive the weights of a participant."""
        self._mean.add(weights, 1 if self._is_uniform else samples)

    def finish_round(self) -> None:
        """Combine the weights received; without participants the global weights stay."""
        mean = self._mean.result()
        if mean is not None and self._adam is not None:
            self.weights = self._adam.combine(self.weights, mean)
        elif mean is not None:
            self.weights = mean.astype(np.float32)
