"""Samples that cost little to make: generators of them, and the same draws for peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import Field, Params, Schema, generator

BATCH = 50

Batch = tuple[NDArray[Any], NDArray[Any]]
"""Rows `x, y` of equal number."""

Draw = Callable[[int, np.random.Generator], Batch]


def draw_pairs(size: int, rng: np.random.Generator) -> Batch:
    """Return pairs of float64."""
    x = rng.uniform(-1, 1, size)
    return x, np.sin(x) + rng.normal(scale=0.1, size=size)


def draw_images(size: int, rng: np.random.Generator) -> Batch:
    """Return random images of 28 x 28 bytes with labels."""
    return rng.integers(0, 256, (size, 28, 28), np.uint8), rng.integers(0, 10, size)


def draw_batches(draw: Draw, size: int) -> Iterator[Batch]:
    """Yield batches of samples, as a loop without datagen would make them."""
    rng = np.random.default_rng(0)
    for start in range(0, size, BATCH):
        yield draw(min(BATCH, size - start), rng)


class PairsParams(Params):
    """A parameter, of which there can be many values."""

    value: float = 0.0
    """Has no influence."""


@generator(BATCH, PairsParams)
def pairs(size: int, params: PairsParams, rng: np.random.Generator) -> Batch:  # noqa: ARG001
    """Draw pairs."""
    return draw_pairs(size, rng)


@generator(BATCH)
def images(size: int, rng: np.random.Generator) -> Batch:
    """Draw images."""
    return draw_images(size, rng)


@generator(1_000_000, schema=Schema({"x": Field("float64")}))
def numbers(size: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Draw many numbers at once."""
    return {"x": rng.random(size)}
