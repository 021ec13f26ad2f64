"""Random rotation, shift and noise of batches of public images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample

_SIDE = 28


@dataclass(frozen=True)
class Augmentation:
    """How images are varied in every epoch.

    Attributes
    ----------
    rotation
        The largest angle in degrees, to either side.
    translation
        The largest shift in pixels, along both axes.
    noise
        Standard deviation of the noise of a pixel, of values from 0 to 1.
    noise_in_target
        Whether the autoencoder must reproduce the noise, as in the original: it then learns a grey
        background. Otherwise only the encoder's input is noisy.
    """

    rotation: float = 10.0
    translation: float = 2.0
    noise: float = 0.03
    noise_in_target: bool = False


def augment(
    images: Tensor, augmentation: Augmentation, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return the encoder's input, not yet normalised, and the images to reproduce.

    Parameters
    ----------
    images
        float32 `(n, 1, 28, 28)` in [0, 1], on any device.
    augmentation
        How much they are varied.
    generator
        The source of all randomness, on the processor: every device gets the same numbers.
    """
    count = len(images)
    maps = _draw_maps(count, augmentation, generator).to(images.device)
    grid = affine_grid(maps, list(images.shape), align_corners=False)
    moved = grid_sample(images, grid, align_corners=False).clamp(0, 1)
    if not augmentation.noise:
        return moved, moved
    noise = torch.randn(images.shape, generator=generator).to(images.device)
    noisy = (moved + augmentation.noise * noise).clamp(0, 1)
    return noisy, noisy if augmentation.noise_in_target else moved


def _draw_maps(count: int, augmentation: Augmentation, generator: Generator) -> Tensor:
    """Return maps `(n, 2, 3)` that turn around the middle and shift."""
    angle, right, down = torch.rand((3, count), generator=generator) * 2 - 1
    angle = torch.deg2rad(angle * augmentation.rotation)
    shift = augmentation.translation * 2 / _SIDE  # half the side is 1
    first = torch.stack([angle.cos(), -angle.sin(), right * shift], dim=1)
    second = torch.stack([angle.sin(), angle.cos(), down * shift], dim=1)
    return torch.stack([first, second], dim=1)
