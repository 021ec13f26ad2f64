"""Files of decoders: a state_dict, as the original writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from datagen_pate.classifier.devices import lay_out
from datagen_pate.decoder.modules import Decoder
from datagen_pate.errors import PateError
from datagen_pate.files.torch_files import read_tensors, save_tensors

_MAX_LATENTS = 4096  # beyond any use


def load_decoder(path: Path, device: str = "cpu") -> Decoder:
    """Return the decoder in a file, ready to decode: in evaluation mode, its weights frozen.

    Parameters
    ----------
    path
        A state_dict with the names `fc`, `conv_t1`, `conv_t2` and `conv_final`. Its `latent_dim` is
        that of `fc.weight`.
    device
        Where it is to compute.

    Raises
    ------
    PateError
        When the file cannot be read, holds another architecture, or weights that are not finite.
    """
    weights = read_tensors(path, "a decoder")
    decoder = Decoder(_find_latent_dim(weights, path))
    _check_names(weights, decoder, path)
    _check_values(weights, path)
    decoder.load_state_dict(weights)
    return lay_out(decoder.to(device)).requires_grad_(requires_grad=False).eval()


def save_decoder(decoder: Decoder, path: Path) -> None:
    """Write a decoder's weights; the same weights give the same bytes."""
    state = decoder.state_dict()
    weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    save_tensors(weights, path)


def _find_latent_dim(weights: Any, path: Path) -> int:
    first = weights.get("fc.weight") if isinstance(weights, dict) else None
    if isinstance(first, torch.Tensor) and first.ndim == 2 and 0 < first.shape[1] <= _MAX_LATENTS:
        return int(first.shape[1])
    raise PateError(
        f"{path} is not a decoder: it has no matrix fc.weight; "
        "make one with: datagen pate pretrain-decoder"
    )


def _check_names(weights: dict[str, Any], decoder: Decoder, path: Path) -> None:
    expected = {name: tuple(value.shape) for name, value in decoder.state_dict().items()}
    found = {name: tuple(getattr(value, "shape", ())) for name, value in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            have, want = (_tell(shapes.get(name)) for shapes in (found, expected))
            raise PateError(
                f"{path} is not a decoder of this architecture: {name} is {have}, not {want}; "
                "make one with: datagen pate pretrain-decoder"
            )


def _tell(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else f"of shape {shape}"


def _check_values(weights: dict[str, torch.Tensor], path: Path) -> None:
    for name, value in weights.items():
        if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
            raise PateError(
                f"{path} cannot decode: {name} has numbers that are not finite; make it again"
            )
