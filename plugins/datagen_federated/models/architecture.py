"""The weights of every model by name and shape, and their forms.

All weights of a model are one flat vector: each weight in C order, in the order of `list_weights`,
which is that of torch's `parameters()`. Shapes are torch's: convolutions `(out, in, rows, columns)`
and dense layers `(out, in)`. Images become vectors channels-last, as in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_federated.errors import SimulationError
from datagen_federated.models.params import TrainingParams

FILTERS = (32, 64)
"""Filters of the CNN's two convolutions, each 3 x 3 and followed by 2 x 2 max pooling."""

STAGES = (16, 32, 64)
"""Channels of the ResNet's stages, one block of two convolutions each."""

LEAST_SIDE = 4
"""The least side of images for CNN and ResNet: two halvings leave a pixel."""

_MOST_WEIGHTS = 2**31
"""A model of so many takes 8 GB, and its gradients as many."""


class WeightSpec(NamedTuple):
    """The name and the shape of one weight."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of its elements."""
        return math.prod(self.shape)

    @property
    def is_kernel(self) -> bool:
        """Whether it multiplies inputs: neither a bias nor a scale."""
        return len(self.shape) > 1


def list_weights(
    params: TrainingParams, input_shape: tuple[int, ...], outputs: int
) -> tuple[WeightSpec, ...]:
    """Return name and shape of every weight of a model.

    Parameters
    ----------
    params
        `model_type` and `hidden_layers` count.
    input_shape
        Shape of one sample: `(rows, columns)`, `(rows, columns, 3)` or `(features,)`.
    outputs
        The number of classes, or 1 for a regression.

    Raises
    ------
    SimulationError
        When the model cannot take such samples, or has 2**31 weights or more.
    """
    _check(params, input_shape)
    body, features = _BODIES[params.model_type](input_shape)
    hidden = () if params.model_type == "LogReg" else params.hidden_layers
    specs = (*body, *_list_dense((features, *hidden), outputs))
    if (count := count_weights(specs)) >= _MOST_WEIGHTS:
        raise SimulationError(f"this model has {count:,} weights; give smaller hidden_layers")
    return specs


def count_weights(specs: Sequence[WeightSpec]) -> int:
    """Return the length of the flat vector, P."""
    return sum(spec.size for spec in specs)


def _check(params: TrainingParams, input_shape: tuple[int, ...]) -> None:
    if params.model_type in ("MLP", "LogReg"):
        return
    if len(input_shape) == 1:
        message = f"{params.model_type} needs images, these are tables; choose MLP or LogReg"
        raise SimulationError(message)
    rows, columns = input_shape[:2]
    if min(rows, columns) < LEAST_SIDE:
        raise SimulationError(
            f"{params.model_type} needs images of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, not "
            f"{rows} x {columns}; choose MLP or LogReg"
        )


_Body = tuple[tuple[WeightSpec, ...], int]
"""The weights before the dense layers, and the number of features that they give."""


def _list_nothing(input_shape: tuple[int, ...]) -> _Body:
    return (), int(np.prod(input_shape))


def _list_cnn(input_shape: tuple[int, ...]) -> _Body:
    rows, columns, channels = (*input_shape, 1)[:3]
    sizes = (channels, *FILTERS)
    specs = [
        spec
        for number, (before, after) in enumerate(pairwise(sizes), 1)
        for spec in _with_bias(f"conv{number}", (after, before, 3, 3))
    ]
    return tuple(specs), rows // 4 * (columns // 4) * sizes[-1]


def _list_resnet(input_shape: tuple[int, ...]) -> _Body:
    channels = (*input_shape, 1)[2]
    specs = [*_normed("stem", (STAGES[0], channels, 3, 3))]
    before = STAGES[0]
    for number, width in enumerate(STAGES, 1):
        specs += _normed(f"block{number}.conv1", (width, before, 3, 3))
        specs += _normed(f"block{number}.conv2", (width, width, 3, 3))
        if width != before:
            specs.append(WeightSpec(f"block{number}.shortcut.weight", (width, before, 1, 1)))
        before = width
    return tuple(specs), STAGES[-1]


_BODIES = {
    "CNN": _list_cnn,
    "ResNet": _list_resnet,
    "MLP": _list_nothing,
    "LogReg": _list_nothing,
}


def _list_dense(sizes: Sequence[int], outputs: int) -> Iterator[WeightSpec]:
    for number, (before, after) in enumerate(pairwise(sizes), 1):
        yield from _with_bias(f"dense{number}", (after, before))
    yield from _with_bias("output", (outputs, sizes[-1]))


def _with_bias(name: str, shape: tuple[int, ...]) -> tuple[WeightSpec, WeightSpec]:
    return WeightSpec(f"{name}.weight", shape), WeightSpec(f"{name}.bias", shape[:1])


def _normed(name: str, shape: tuple[int, ...]) -> tuple[WeightSpec, ...]:
    """Return a convolution without bias and the group normalisation after it."""
    norm = _with_bias(f"{name}.norm", shape[:1])
    return WeightSpec(f"{name}.weight", shape), WeightSpec(norm[0].name, shape[:1]), norm[1]


def draw_weights(specs: Sequence[WeightSpec], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the flat vector `(P,)` as Keras does: Glorot-uniform kernels, biases 0, scales 1.

    A kernel is uniform in +-sqrt(6 / (fan_in + fan_out)), Glorot and Bengio 2010, equation 16.
    """
    return np.concatenate([_draw(spec, rng).ravel() for spec in specs])


def _draw(spec: WeightSpec, rng: np.random.Generator) -> NDArray[np.float32]:
    if not spec.is_kernel:
        return np.full(spec.shape, spec.name.endswith("norm.weight"), np.float32)
    after, before, *window = spec.shape
    limit = np.sqrt(6 / ((after + before) * np.prod(window)))
    return (rng.uniform(-limit, limit, spec.shape)).astype(np.float32)


def to_keras_layers(
    flat: NDArray[np.float32], specs: Sequence[WeightSpec]
) -> list[NDArray[np.float32]]:
    """Return weights in the order and the layout of Keras's `get_weights`.

    Parameters
    ----------
    flat
        float32 `(P,)`, one row of a run's weights.
    specs
        The weights of the model, from `list_weights`.

    Returns
    -------
    layers
        Kernels of convolutions `(rows, columns, in, out)`, of dense layers `(in, out)`; the inputs
        of the first dense layer are in the order of Keras's Flatten, channels last.
    """
    borders = np.cumsum([spec.size for spec in specs])[:-1]
    parts = np.split(flat, borders)
    return [_turn(part.reshape(spec.shape)) for part, spec in zip(parts, specs, strict=True)]


def _turn(weight: NDArray[Any]) -> NDArray[Any]:
    if weight.ndim == 4:
        return weight.transpose(2, 3, 1, 0)
    return weight.T
