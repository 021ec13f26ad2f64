"""Models from plain data: a sequence of layers of torch.nn."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from datagen_federated.training.errors import TrainingError


def build_module(
    layers: Sequence[Mapping[str, Any]], shape: Sequence[int], classes: int
) -> nn.Sequential:
    """Return the model, its weights drawn from torch's random numbers.

    Parameters
    ----------
    layers
        Each `{"type": name of a class of torch.nn, …its arguments}`. Lazy layers find out their
        sizes themselves.
    shape
        The shape of one input.
    classes
        How many outputs there are: logits for the cross-entropy.

    Raises
    ------
    TrainingError
        When there is no such layer, its arguments are others, or the shapes do not fit.
    """
    module = nn.Sequential(*(_build(place, layer) for place, layer in enumerate(layers)))
    try:
        with torch.no_grad():
            output = module.eval()(torch.zeros(2, *shape))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"the layers do not fit inputs of shape {list(shape)}: {reason}"
        ) from None
    if tuple(output.shape) != (2, classes):
        got = list(output.shape)[1:]
        message = f"the last layer gives {got} for an input; {classes} classes need [{classes}]"
        raise TrainingError(message)
    return module.train()


def find_layers() -> dict[str, type[nn.Module]]:
    """Return the classes of torch.nn by name: what models may consist of."""
    found = {name: getattr(nn, name) for name in dir(nn)}
    return {
        name: each
        for name, each in found.items()
        if inspect.isclass(each) and issubclass(each, nn.Module)
    }


def _build(place: int, layer: Mapping[str, Any]) -> nn.Module:
    arguments = {key: value for key, value in layer.items() if key != "type"}
    known = find_layers()
    if layer["type"] not in known:
        message = f"layer {place}: torch.nn has no layer {layer['type']!r}"
        raise TrainingError(message)
    try:
        return known[layer["type"]](**arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"layer {place}, {layer['type']}: {reason}") from None
