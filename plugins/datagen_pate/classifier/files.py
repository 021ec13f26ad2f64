"""Weights of the classifier: files of the original, and one flat row of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_pate.classifier.network import Classifier
from datagen_pate.errors import PateError
from datagen_pate.files.torch_files import read_tensors, save_tensors

with torch.device("meta"):
    _SHAPES = {name: tuple(value.shape) for name, value in Classifier().state_dict().items()}

WEIGHT_COUNT = sum(int(np.prod(shape)) for shape in _SHAPES.values())
"""The number of weights of the classifier: 1,199,882."""


def load_classifier(source: str | Path | NDArray[np.float32], device: str = "cpu") -> Classifier:
    """Return a classifier, ready to predict, from its file or its flat weights.

    Parameters
    ----------
    source
        A file of a state_dict, as `torch.save` writes it (`model.pth` of the original), or the
        weights as `flatten_weights` gives them.

    Raises
    ------
    PateError
        When the file cannot be read, or the weights are of another network or not finite.
    """
    if not isinstance(source, str | Path):
        return restore_weights(source, device)
    path = Path(source)
    return _build(_read_state(path), str(path), device)


def save_classifier(model: Classifier, path: str | Path) -> None:
    """Write the state_dict, as the original's class loads it; the file appears whole or not at all.

    The same weights give the same bytes.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_tensors(state, Path(path))


def flatten_weights(model: Classifier) -> NDArray[np.float32]:
    """Return all weights `(1199882,)` in the order of the state_dict, each in C order."""
    values = [value.detach().cpu().contiguous() for value in model.state_dict().values()]
    return np.concatenate([value.numpy().ravel() for value in values]).astype(np.float32)


def restore_weights(flat: NDArray[np.float32], device: str = "cpu") -> Classifier:
    """Return the classifier, ready to predict, whose weights `flatten_weights` gave.

    Raises
    ------
    PateError
        When there are not as many as the classifier has, or some are not finite.
    """
    flat = np.asarray(flat)
    if flat.shape != (WEIGHT_COUNT,) or flat.dtype != np.float32:
        raise PateError(
            f"weights {flat.dtype} {flat.shape} are not those of a classifier, which has "
            f"float32 ({WEIGHT_COUNT},)"
        )
    state, start = {}, 0
    for name, shape in _SHAPES.items():
        stop = start + int(np.prod(shape))
        state[name] = torch.tensor(flat[start:stop]).view(shape)  # a copy: `flat` may be a file
        start = stop
    return _build(state, "these weights", device)


def _read_state(path: Path) -> dict[str, Any]:
    state = read_tensors(path, "a classifier's state_dict")
    if not isinstance(state, dict) or not all(torch.is_tensor(part) for part in state.values()):
        raise PateError(
            f"{path} does not hold a state_dict; save model.state_dict() with torch.save"
        )
    return state


def _build(state: dict[str, Any], origin: str, device: str) -> Classifier:
    _check(state, origin)
    with torch.device("meta"):  # no weights are drawn to be thrown away
        model = Classifier()
    model.load_state_dict({name: state[name].float() for name in _SHAPES}, assign=True)
    return model.requires_grad_(requires_grad=True).to(device).eval()


def _check(state: dict[str, Any], origin: str) -> None:
    found = {name: tuple(value.shape) for name, value in state.items()}
    wrong = [name for name in {**_SHAPES, **found} if _SHAPES.get(name) != found.get(name)]
    if wrong:
        raise PateError(
            f"{origin} is of another network: {wrong[0]} is {found.get(wrong[0], 'missing')}, "
            f"not {_SHAPES.get(wrong[0], 'there')}; a classifier has {', '.join(_SHAPES)}"
        )
    broken = [name for name, value in state.items() if not torch.isfinite(value).all()]
    if broken:
        raise PateError(f"{origin} has weights of {broken[0]} that are not finite; train it again")
