"""Optimizers on one flat vector of weights, in place, as Keras defines them.

They agree with torch.optim but for the place of the small constant, which is Keras's. The first
object of torch.optim imports torch's compiler, which takes one to two seconds; a few operations on
one vector do without, and are faster than one operation per weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from datagen_federated.models.params import TrainingParams

EPSILON = 1e-7
"""Keras's default for every optimizer that has an epsilon."""


class Optimizer(Protocol):
    """Moves weights along a gradient; both are flat float32 `(P,)`."""

    def step(self, weights: Tensor, gradient: Tensor) -> None:
        """Update the weights in place; the gradient stays as it is."""


class Sgd:
    """Gradient descent without momentum: w <- w - rate g."""

    def __init__(self, _: Tensor, rate: float) -> None:
        self._rate = rate

    def step(self, weights: Tensor, gradient: Tensor) -> None:
        """Update the weights in place."""
        weights.sub_(gradient, alpha=self._rate)


class Adam:
    """Kingma and Ba 2015, the form before section 2.1, with Keras's defaults, and AdamW.

    At step t, m and v are means of g and g^2 that forget by 0.9 and 0.999::

        w <- w - rate sqrt(1 - 0.999^t) / (1 - 0.9^t)  m / (sqrt(v) + 1e-7)

    With a decay, w <- (1 - rate decay) w comes first: AdamW, Loshchilov and Hutter 2019.
    """

    BETAS = (0.9, 0.999)

    def __init__(self, weights: Tensor, rate: float, decay: float = 0.0) -> None:
        self._rate, self._decay, self._steps = rate, decay, 0
        self._first, self._second = torch.zeros_like(weights), torch.zeros_like(weights)
        self._scratch = torch.empty_like(weights)

    def step(self, weights: Tensor, gradient: Tensor) -> None:
        """Update the weights in place."""
        self._steps += 1
        first, second = self.BETAS
        self._first.lerp_(gradient, 1 - first)
        self._second.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        if self._decay:
            weights.mul_(1 - self._rate * self._decay)
        size = (1 - second**self._steps) ** 0.5 / (1 - first**self._steps)
        weights.addcdiv_(self._first, self._root(), value=-self._rate * size)

    def _root(self) -> Tensor:
        # Many of the numbers are 0, for which torch's root takes ten times as long as NumPy's.
        scratch = self._scratch.numpy()
        np.add(np.sqrt(self._second.numpy(), out=scratch), EPSILON, out=scratch)
        return self._scratch


class RmsProp:
    """Tieleman and Hinton 2012: w <- w - rate g / sqrt(v + 1e-7).

    v is a mean of g^2 that forgets by 0.9.
    """

    RHO = 0.9

    def __init__(self, weights: Tensor, rate: float) -> None:
        self._rate, self._second = rate, torch.zeros_like(weights)

    def step(self, weights: Tensor, gradient: Tensor) -> None:
        """Update the weights in place."""
        self._second.mul_(self.RHO).addcmul_(gradient, gradient, value=1 - self.RHO)
        weights.addcdiv_(gradient, (self._second + EPSILON).sqrt_(), value=-self._rate)


class Adagrad:
    """Duchi et al. 2011: a is 0.1 and the sum of all g^2; w <- w - rate g / sqrt(a + 1e-7)."""

    BEGIN = 0.1

    def __init__(self, weights: Tensor, rate: float) -> None:
        self._rate, self._sum = rate, torch.full_like(weights, self.BEGIN)

    def step(self, weights: Tensor, gradient: Tensor) -> None:
        """Update the weights in place."""
        self._sum.addcmul_(gradient, gradient)
        weights.addcdiv_(gradient, (self._sum + EPSILON).sqrt_(), value=-self._rate)


_OPTIMIZERS: dict[str, Callable[[Tensor, float], Optimizer]] = {
    "adam": Adam,
    "sgd": Sgd,
    "rmsprop": RmsProp,
    "adagrad": Adagrad,
}


def start_optimizer(params: TrainingParams, weights: Tensor) -> Optimizer:
    """Return a new optimizer for weights of this shape."""
    if params.optimizer == "adamw":
        return Adam(weights, params.learning_rate, params.weight_decay)
    return _OPTIMIZERS[params.optimizer](weights, params.learning_rate)
