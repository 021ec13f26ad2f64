"""A client's training: minibatches of its samples, gradients, steps of an optimizer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from datagen_federated.data import Data
from datagen_federated.models.networks import Network, to_tensor
from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.inputs import loss_unit, training_targets
from datagen_federated.simulation.optimizers import start_optimizer

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Streams:
    """Sources of randomness in a client's training.

    Attributes
    ----------
    shuffling
        For the order of samples, anew each epoch.
    dropping
        For dropout.
    """

    shuffling: np.random.Generator
    dropping: torch.Generator


class Fit(NamedTuple):
    """Loss and times of a training.

    Attributes
    ----------
    loss
        Mean over the samples of the last epoch, each with the weights before its step; without
        penalties, in the target's units.
    wall, cpu
        Wall-clock seconds and processor seconds.
    """

    loss: float
    wall: float
    cpu: float


class Trainer:
    """Trains one model after another in the same memory.

    Attributes
    ----------
    weights
        float32 `(P,)`: the model trained last. The next training overwrites it.
    """

    def __init__(self, network: Network, params: TrainingParams, data: Data) -> None:
        self._network, self._params = network, params
        self._x, self._targets = data.x, training_targets(data)
        self._loss, self._unit = _LOSSES[data.task], loss_unit(data)
        size = sum(spec.size for spec in network.specs)
        self.weights, self._gradient = torch.zeros(size), torch.zeros(size)
        # The leaves share the memory of two vectors: torch adds gradients to one, and optimizers
        # change the other as a whole.
        self._views = [view.requires_grad_() for view in network.view(self.weights)]
        for leaf, gradient in zip(self._views, network.view(self._gradient), strict=True):
            leaf.grad = gradient
        self._penalties = _list_penalties(network, params)
        self._clock = time.thread_time if params.threads == 1 else time.process_time

    def fit(self, begin: Tensor, share: Indices, streams: Streams, epochs: int) -> Fit:
        """Train from weights `begin` `(P,)` on the samples of one client."""
        started, used = time.perf_counter(), self._clock()
        self.weights.copy_(begin)
        optimizer = start_optimizer(self._params, self.weights)
        loss = float("nan")
        for _ in range(epochs):
            loss = 0.0
            for batch in self._shuffle(share, streams.shuffling):
                loss += len(batch) / len(share) * self._descend(batch, streams.dropping)
                for penalize in self._penalties:
                    penalize(self._gradient, self.weights, begin)
                optimizer.step(self.weights, self._gradient)
        return Fit(self._unit * loss, time.perf_counter() - started, self._clock() - used)

    def _shuffle(self, share: Indices, rng: np.random.Generator) -> list[Indices]:
        order, size = rng.permutation(share), self._params.batch_size
        return [order[start : start + size] for start in range(0, len(order), size)]

    def _descend(self, batch: Indices, dropping: torch.Generator) -> float:
        """Compute loss and gradient of a minibatch."""
        self._gradient.zero_()
        outputs = self._network.run(self._views, to_tensor(self._x[batch]), dropping)
        loss = self._loss(outputs, torch.from_numpy(self._targets[batch]))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.mse_loss(outputs.squeeze(1), targets)


_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classification": F.cross_entropy,
    "regression": _squared_error,
}

_Penalty = Callable[[Tensor, Tensor, Tensor], object]
"""Adds to a gradient, given the weights and those at the beginning of training."""


def _list_penalties(network: Network, params: TrainingParams) -> list[_Penalty]:
    penalties: list[_Penalty] = []
    if params.weight_decay and params.optimizer != "adamw":
        sizes = [torch.full(spec.shape, float(spec.is_kernel)).ravel() for spec in network.specs]
        slope = 2 * params.weight_decay * torch.cat(sizes)
        penalties.append(lambda gradient, weights, _: gradient.addcmul_(slope, weights))
    if params.aggregation == "fedprox" and params.proximal_mu:
        penalties.append(_Proximal(params.proximal_mu))
    return penalties


class _Proximal:
    """The gradient of mu / 2 ||w - w_t||^2: Li et al. 2020 (FedProx), equation 2."""

    def __init__(self, mu: float) -> None:
        self._mu = mu

    def __call__(self, gradient: Tensor, weights: Tensor, begin: Tensor) -> None:
        gradient.add_(weights, alpha=self._mu).sub_(begin, alpha=self._mu)
