"""Many different images of a few shapes: jitter as of handwriting, then MNIST's own normalisation.

MNIST's makers fitted each digit into a box of 20 pixels and moved its centre of mass to the middle
of 28 x 28 pixels (LeCun et al., 1998, "Gradient-based learning applied to document recognition",
section III A). So are the images here, after rotation, shear, stretching and an elastic deformation
(Simard et al., 2003, "Best practices for convolutional neural networks", section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

SIDE, BOX = 28, 20
"""Pixels of the side of an image, and of the longer side of the shape in it."""

_BATCH = 512
_COARSE = 5  # points along a side whose random shifts make an elastic deformation
_SUPERSAMPLING = 2
_VISIBLE = 0.2  # grey values above are part of the shape
_MAX_SHIFT = (SIDE - BOX) / 2  # pixels; then the shape's box touches the border


@dataclass(frozen=True)
class Jitter:
    """How much images of one shape differ.

    Attributes
    ----------
    rotation
        Standard deviation in degrees.
    shear
        Standard deviation of the slant.
    stretch
        Standard deviation of the logarithm of the ratio of width to height.
    elastic
        Standard deviation of the shifts of 5 x 5 points, in shares of half the side.
    threshold
        The range of grey values at which a stroke ends: low ones make thick strokes.
    softness
        The width of a stroke's edge, in grey values.
    """

    rotation: float = 9.0
    shear: float = 0.15
    stretch: float = 0.15
    elastic: float = 0.05
    threshold: tuple[float, float] = (0.25, 0.55)
    softness: float = 0.06


def draw_shapes(
    shapes: NDArray[np.uint8],
    picks: NDArray[np.int64],
    rng: np.random.Generator,
    jitter: Jitter,
) -> NDArray[np.uint8]:
    """Return one jittered image of each picked shape.

    Parameters
    ----------
    shapes
        uint8 `(m, side, side)`, white on black, in the middle of a margin.
    picks
        int64 `(n,)`: the index of each image's shape.
    rng
        The source of all randomness.
    jitter
        How much the images differ.

    Returns
    -------
    images
        uint8 `(n, 28, 28)`.
    """
    import torch  # here, since it takes seconds that a command's start must not pay

    images = np.empty((len(picks), SIDE, SIDE), np.uint8)
    for start in range(0, len(picks), _BATCH):
        part = slice(start, start + _BATCH)
        canvas = torch.from_numpy(shapes[picks[part]].astype(np.float32) / 255)[:, None]
        warped = _vary_strokes(_warp(canvas, rng, jitter), rng, jitter)
        images[part] = (_normalise(warped) * 255).round().to(torch.uint8).numpy()[:, 0]
    return images


def _warp(canvas: Tensor, rng: np.random.Generator, jitter: Jitter) -> Tensor:
    """Return images `(n, 1, side, side)`, moved by a map of their own each."""
    import torch
    from torch.nn.functional import grid_sample, interpolate

    count, side = len(canvas), canvas.shape[-1]
    grid = _make_grid(_as_tensor(_draw_maps(count, rng, jitter)), (count, 1, side, side))
    coarse = rng.normal(scale=jitter.elastic, size=(count, 2, _COARSE, _COARSE))
    shifts = interpolate(_as_tensor(coarse), (side, side), mode="bicubic", align_corners=True)
    grid = grid + torch.movedim(shifts, 1, -1)
    return grid_sample(canvas, grid, align_corners=False)


def _draw_maps(count: int, rng: np.random.Generator, jitter: Jitter) -> NDArray[np.float64]:
    """Return affine maps `(count, 2, 3)` that turn, slant and stretch around the middle."""
    angle = np.deg2rad(rng.normal(scale=jitter.rotation, size=count))
    slant = rng.normal(scale=jitter.shear, size=count)
    stretch = np.exp(rng.normal(scale=jitter.stretch / 2, size=count))
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros(count)
    first = np.stack([stretch * cos, -sin + slant, zero], axis=-1)
    second = np.stack([sin, cos / stretch, zero], axis=-1)
    return np.stack([first, second], axis=1)


def _vary_strokes(canvas: Tensor, rng: np.random.Generator, jitter: Jitter) -> Tensor:
    """Return images with strokes of another width each: blurred, and cut at a grey value."""
    import torch
    from torch.nn.functional import avg_pool2d

    blurred = avg_pool2d(avg_pool2d(canvas, 3, stride=1, padding=1), 3, stride=1, padding=1)
    blurred = blurred / blurred.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    cut = _as_tensor(rng.uniform(*jitter.threshold, size=(len(canvas), 1, 1, 1)))
    return torch.sigmoid((blurred - cut) / jitter.softness)


def _normalise(canvas: Tensor) -> Tensor:
    """Return shapes in a box of 20 pixels, with the centre of mass in the middle of 28 x 28."""
    import torch
    from torch.nn.functional import avg_pool2d, grid_sample

    canvas = canvas / canvas.amax(dim=(1, 2, 3), keepdim=True).clamp(min=_VISIBLE)
    canvas = torch.where(canvas > _VISIBLE / 2, canvas, 0)
    half, middle, mass = zip(*(_measure(canvas, axis) for axis in (3, 2)), strict=True)
    scale = torch.maximum(*half) * (SIDE / BOX)  # of the input, along half the output's side
    limit = scale * (2 * _MAX_SHIFT / SIDE)
    maps = torch.zeros(len(canvas), 2, 3)
    for row in (0, 1):
        maps[:, row, row] = scale
        maps[:, row, 2] = torch.clamp(mass[row], middle[row] - limit, middle[row] + limit)
    fine = SIDE * _SUPERSAMPLING
    grid = _make_grid(maps, (len(canvas), 1, fine, fine))
    return avg_pool2d(grid_sample(canvas, grid, align_corners=False), _SUPERSAMPLING)


def _measure(canvas: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return half the extent, the middle and the centre of mass along one axis, within -1 to 1."""
    import torch

    side = canvas.shape[axis]
    places = (torch.arange(side) + 0.5) * (2 / side) - 1
    profile = canvas.sum(dim=(1, 5 - axis))
    seen = canvas.amax(dim=(1, 5 - axis)) > _VISIBLE
    low = torch.where(seen, places, 1.0).amin(dim=1) - 1 / side
    high = torch.where(seen, places, -1.0).amax(dim=1) + 1 / side
    half = ((high - low) / 2).clamp(min=2 / side)
    mass = (profile * places).sum(dim=1) / profile.sum(dim=1).clamp(min=1e-6)
    return half, (high + low) / 2, mass


def _make_grid(maps: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Return the places `(n, height, width, 2)` that affine maps send the pixels of images to."""
    from torch.nn.functional import affine_grid

    return affine_grid(maps, list(shape), align_corners=False)


def _as_tensor(values: NDArray[Any]) -> Tensor:
    import torch

    return torch.from_numpy(values.astype(np.float32))
