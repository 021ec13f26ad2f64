"""Latents of images: the half of the autoencoder that candidates do without."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_pate.decoder.modules import MEAN, STD, Encoder

_BATCH = 512


def encode(
    encoder: Encoder, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the latents of images.

    Parameters
    ----------
    encoder
        On any device.
    images
        uint8 `(n, 28, 28)`.

    Returns
    -------
    means, variances
        float64 `(n, latent_dim)`.
    """
    means, variances = (np.empty((len(images), encoder.latent_dim)) for _ in range(2))
    device = encoder.conv1.weight.device
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            part = slice(start, start + _BATCH)
            pixels = torch.from_numpy(images[part])[:, None].to(device).float() / 255
            mean, logvar = encoder((pixels - MEAN) / STD)
            means[part], variances[part] = mean.cpu().numpy(), logvar.exp().cpu().numpy()
    return means, variances
