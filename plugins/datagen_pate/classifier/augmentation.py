"""Random deformations and random contrast of whole batches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

_SIDE = 28
_COARSE = 6


@dataclass(frozen=True)
class Deformation:
    """How far images are deformed. Each number is drawn per image, uniformly unless stated.

    Attributes
    ----------
    rotation
        The largest angle in degrees, either way.
    translation
        The largest shift in pixels, along each axis.
    scale
        Both axes by one factor from 1 / (1 + scale) to 1 + scale, and the horizontal one by another
        with half of it; log-uniform.
    shear
        The largest tangent, either way.
    elastic
        Standard deviation, in pixels, of normal displacements on a grid of 6 x 6 points, between
        which they are cubic (after Simard et al., 2003, "Best practices for convolutional neural
        networks").
    """

    rotation: float = 0.0
    translation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """Return deformed copies of images `(n, 1, 28, 28)` whose background is 0.

        Random numbers are drawn on the CPU, so they are the same on any device.
        """
        count, size = len(images), [len(images), 1, _SIDE, _SIDE]
        grid = functional.affine_grid(self._draw_maps(count, generator), size, align_corners=False)
        if self.elastic:
            grid = grid + self._draw_displacements(count, generator)
        return functional.grid_sample(images, grid.to(images.device), align_corners=False)

    def _draw_maps(self, count: int, generator: Generator) -> Tensor:
        """Return maps `(n, 2, 3)` from places in the result to places in the image, in [-1, 1]."""

        def draw(limit: float, *shape: int) -> Tensor:
            return (torch.rand(count, *shape, generator=generator) * 2 - 1) * limit

        angle, shear = draw(math.radians(self.rotation)), draw(self.shear)
        height = torch.exp(draw(math.log1p(self.scale)))
        width = height * torch.exp(draw(math.log1p(self.scale / 2)))
        cos, sin = angle.cos(), angle.sin()
        upper = torch.stack([cos, cos * shear - sin], dim=1) / width[:, None]
        lower = torch.stack([sin, sin * shear + cos], dim=1) / height[:, None]
        linear = torch.stack([upper, lower], dim=1)
        return torch.cat([linear, draw(2 * self.translation / _SIDE, 2, 1)], dim=2)

    def _draw_displacements(self, count: int, generator: Generator) -> Tensor:
        coarse = torch.randn(count, 2, _COARSE, _COARSE, generator=generator)
        fine = functional.interpolate(coarse, (_SIDE, _SIDE), mode="bicubic", align_corners=True)
        return fine.permute(0, 2, 3, 1) * (2 * self.elastic / _SIDE)


@dataclass(frozen=True)
class Contrast:
    """How much the contrast of images is raised. Each number is drawn per image.

    Strokes of a decoder are blurred at their edges, those of a pen are not. About a grey level,
    pixels are spread by a factor and then cut off: strokes become sharp, and thinner or thicker as
    the level is high or low.

    Attributes
    ----------
    factor
        From 1 to this, log-uniform.
    middle
        The grey level is at least this share of the way from black to white, at most 1 less it.
    """

    factor: float
    middle: float

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """Return images `(n, 1, 28, 28)` between the same extremes.

        Random numbers are drawn on the CPU, so they are the same on any device.
        """
        draws = torch.rand(2, len(images), 1, 1, 1, generator=generator).to(images.device)
        factors = torch.exp(draws[0] * math.log(self.factor))
        low, high = images.amin(), images.amax()
        middles = low + (high - low) * (self.middle + draws[1] * (1 - 2 * self.middle))
        return (middles + (images - middles) * factors).clamp(low, high)
