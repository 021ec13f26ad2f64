"""Images of latents, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_pate.decoder.modules import Decoder
from datagen_pate.errors import ArgumentError, PateError

Precision = Literal["float32", "bfloat16"]


def decode(
    decoder: Decoder,
    latents: NDArray[np.float32],
    *,
    precision: str = "float32",
    batch: int = 256,
) -> NDArray[np.float32]:
    """Return the images of latents.

    Parameters
    ----------
    decoder
        On any device.
    latents
        float32 `(n, latent_dim)`.
    precision
        `bfloat16` is about twice as fast on processors that support it; pixels differ by rounding.
    batch
        Latents per step. Another number can change the last bits of the values.

    Returns
    -------
    images
        float32 `(n, 28, 28)` in [0, 1].

    Raises
    ------
    PateError
        When the latents have another dimension than the decoder.
    """
    if latents.ndim != 2 or latents.shape[1] != decoder.latent_dim:
        raise PateError(
            f"latents of shape {latents.shape} do not fit a decoder of {decoder.latent_dim} "
            f"latents; give (n, {decoder.latent_dim})"
        )
    images = np.empty((len(latents), 28, 28), np.float32)
    device = decoder.fc.weight.device
    with torch.inference_mode(), compute_in(precision, device.type):
        for start in range(0, len(latents), batch):
            part = torch.from_numpy(np.ascontiguousarray(latents[start : start + batch]))
            decoded = decoder(part.to(device)).float().cpu()
            images[start : start + len(part)] = decoded.numpy()[:, 0]
    return images


@contextmanager
def compute_in(precision: str, device_type: str) -> Iterator[None]:
    """Compute in float32, or let torch choose where bfloat16 is good enough.

    Raises
    ------
    PateError
        When the precision is neither.
    """
    if precision not in {"float32", "bfloat16"}:
        raise ArgumentError(f"the precision {precision!r} is unknown; use float32 or bfloat16")
    with torch.autocast(device_type, torch.bfloat16, enabled=precision == "bfloat16"):
        yield
