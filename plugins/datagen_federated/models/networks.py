"""Models in torch: functions from flat weights and samples to outputs.

Activations are channels-last in memory, with which torch's convolutions are several times faster on
a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from datagen_federated.models.architecture import STAGES, WeightSpec
from datagen_federated.models.params import TrainingParams

GROUPS = 8
"""Number of groups of channels that the ResNet normalises."""

_Weights = Iterator[Tensor]
_Drop = Callable[[Tensor], Tensor]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "linear": lambda x: x,
}


class Network:
    """A model without weights.

    Parameters
    ----------
    params
        `model_type`, `activation`, `dropout` and `precision` count.
    specs
        The weights of the model, from `list_weights`.
    """

    def __init__(self, params: TrainingParams, specs: Sequence[WeightSpec]) -> None:
        self.specs = specs
        self._body = _BODIES[params.model_type]
        self._activation = _ACTIVATIONS[params.activation]
        self._hidden = sum(spec.name.startswith("dense") for spec in specs) // 2
        self._keep = 1 - params.dropout
        self._is_half = params.precision == "bfloat16"

    def view(self, flat: Tensor) -> list[Tensor]:
        """Return the weights as views of their flat vector `(P,)`."""
        parts = torch.split(flat, [spec.size for spec in self.specs])
        return [part.view(spec.shape) for part, spec in zip(parts, self.specs, strict=True)]

    def run(
        self, weights: Sequence[Tensor], x: Tensor, dropping: torch.Generator | None = None
    ) -> Tensor:
        """Return outputs `(n, outputs)`, float32; logits for classes.

        Parameters
        ----------
        weights
            The views of a flat vector.
        x
            Samples, from `to_tensor`.
        dropping
            Source of dropout; None for a model that is not in training.
        """
        if not self._is_half:
            return self._run(iter(weights), x, dropping)
        with torch.autocast("cpu", torch.bfloat16):
            return self._run(iter(weights), x, dropping).float()

    def _run(self, weights: _Weights, x: Tensor, dropping: torch.Generator | None) -> Tensor:
        x = self._body(weights, x)
        for _ in range(self._hidden):
            x = self._activation(F.linear(x, next(weights), next(weights)))
            if dropping is not None and self._keep < 1:
                x = x * torch.empty_like(x).bernoulli_(self._keep, generator=dropping) / self._keep
        return F.linear(x, next(weights), next(weights))


def to_tensor(x: NDArray[Any]) -> Tensor:
    """Return samples as float32: images `(n, channels, rows, columns)` in 0..1, tables as they are.

    Images are uint8 `(n, rows, columns)` or `(n, rows, columns, 3)`. The result is new memory.
    """
    if x.dtype != np.uint8:
        return torch.from_numpy(np.array(x, np.float32))
    scaled = torch.from_numpy(np.divide(x, np.float32(255), dtype=np.float32))
    # A single channel has the stride 1 only this way round; with another stride torch would take
    # the images for channels-first.
    images = scaled.unsqueeze(-1) if x.ndim == 3 else scaled
    return images.permute(0, 3, 1, 2)


def _run_cnn(weights: _Weights, x: Tensor) -> Tensor:
    for _ in range(2):
        x = F.conv2d(x, next(weights), next(weights), padding=1)
        x = F.relu(_pool(x))  # relu of the maximum is the maximum of relus, on a quarter of them
    return _flatten(x)


def _pool(x: Tensor) -> Tensor:
    """Return the maxima of 2 x 2 pixels; a last odd row or column is left out."""
    if torch.is_grad_enabled():
        return F.max_pool2d(x, 2)
    # Without the places of the maxima, which torch would keep, this is three times as fast.
    rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = torch.maximum(x[:, :, 0:rows:2], x[:, :, 1:rows:2])
    return torch.maximum(x[..., 0:columns:2], x[..., 1:columns:2])


def _run_resnet(weights: _Weights, x: Tensor) -> Tensor:
    """Run He et al. 2016 in small, with group instead of batch normalisation.

    Means of clients' batch statistics are not those of the mean model: Hsieh et al. 2020
    (arXiv:1910.00189) find that group normalisation (Wu and He 2018) works where clients differ.
    Blocks that change the number of channels also halve the sides, padding one pixel all around.
    """
    x = F.relu(_convolve(weights, x))
    for width in STAGES:
        stride = 1 if width == x.shape[1] else 2
        y = F.relu(_convolve(weights, x, stride))
        y = _convolve(weights, y)
        x = F.relu(y + (x if stride == 1 else F.conv2d(x, next(weights), stride=2)))
    return x.mean((2, 3))


def _convolve(weights: _Weights, x: Tensor, stride: int = 1) -> Tensor:
    x = F.conv2d(x, next(weights), stride=stride, padding=1)
    return F.group_norm(x, GROUPS, next(weights), next(weights))


def _flatten(x: Tensor) -> Tensor:
    """Return vectors, channels last: the order in memory, and that of Keras."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def _run_flat(_: _Weights, x: Tensor) -> Tensor:
    return x if x.ndim == 2 else _flatten(x)


_BODIES: dict[str, Callable[[_Weights, Tensor], Tensor]] = {
    "CNN": _run_cnn,
    "ResNet": _run_resnet,
    "MLP": _run_flat,
    "LogReg": _run_flat,
}
