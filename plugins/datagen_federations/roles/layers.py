"""Models made from plain data: sequences of layers of torch.nn."""

from __future__ import annotations

import inspect
import io
import pickle
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from datagen_federations.errors import TrainingError


def build_module(
    layers: Sequence[Mapping[str, Any]], shape: Sequence[int], classes: int
) -> nn.Sequential:
    """Return the model, its weights drawn from torch's random numbers.

    Parameters
    ----------
    layers
        Each `{"type": name of a class of torch.nn, …its arguments}`. Lazy layers find their sizes
        themselves.
    shape
        Shape of one input.
    classes
        Number of outputs: logits for the cross-entropy.

    Raises
    ------
    TrainingError
        When there is no such layer, it has other arguments, shapes do not fit, a layer has running
        statistics, or clients would refuse the model.
    """
    module = nn.Sequential(*(_build(place, layer) for place, layer in enumerate(layers)))
    try:
        with torch.no_grad():
            output = module.eval()(torch.zeros(2, *shape))
    except Exception as error:  # of any layer, with any arguments
        message = f"the layers do not fit inputs of shape {list(shape)}: {_first_line(error)}"
        raise TrainingError(message) from None
    if not isinstance(output, torch.Tensor) or tuple(output.shape) != (2, classes):
        got = list(output.shape[1:]) if isinstance(output, torch.Tensor) else type(output).__name__
        message = f"the last layer gives {got} for an input; {classes} classes need [{classes}]"
        raise TrainingError(message)
    _check_buffers(module)
    _check_trusted(module)
    return module.train()


def find_layers() -> dict[str, type[nn.Module]]:
    """Return the classes of torch.nn by name: the layers of models."""
    found = {name: getattr(nn, name) for name in dir(nn)}
    return {
        name: each
        for name, each in found.items()
        if inspect.isclass(each) and issubclass(each, nn.Module)
    }


def find_trusted() -> list[Any]:
    """Return all that a client loads of a server's model besides tensors."""
    plain = [set, nn.Parameter, NonDynamicallyQuantizableLinear, functional.relu, functional.gelu]
    return [*find_layers().values(), *plain]


def _check_buffers(module: nn.Sequential) -> None:
    """Refuse running statistics: updates hold parameters only, so they would not be shared."""
    for place, layer in enumerate(module):
        names = [name for name, _ in layer.named_buffers()]
        if names:
            message = f"layer {place}, {type(layer).__name__}: clients do not send its {names[0]}"
            advice = "take GroupNorm, or track_running_stats = false"
            raise TrainingError(f"{message}; {advice}")


def _check_trusted(module: nn.Module) -> None:
    with io.BytesIO() as file, torch.serialization.safe_globals(find_trusted()):
        torch.save(module, file)
        file.seek(0)
        try:
            torch.load(file, weights_only=True)
        except pickle.UnpicklingError as error:
            message = f"clients would refuse these layers: {explain_refusal(error)}"
            raise TrainingError(message) from None


def explain_refusal(error: pickle.UnpicklingError) -> str:
    """Return what torch refuses to load in a model, without its advice to trust it."""
    name = re.search(r"GLOBAL (\S+)", str(error))
    return f"there is {name[1]} in them" if name else _first_line(error)


def _build(place: int, layer: Mapping[str, Any]) -> nn.Module:
    arguments = {key: value for key, value in layer.items() if key != "type"}
    known = find_layers()
    if layer["type"] not in known:
        raise TrainingError(f"layer {place}: torch.nn has no layer {layer['type']!r}")
    try:
        return known[layer["type"]](**arguments)
    except Exception as error:  # of any layer, with any arguments
        reason = _first_line(error)
        raise TrainingError(f"layer {place}, {layer['type']}: {reason}") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
