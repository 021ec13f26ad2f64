"""Generators that tests make samples with. Workers load them from this file, as a user's."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pydantic

import datagen_core
from datagen_core import Field, Ragged, Schema


class SineParams(datagen_core.Params):
    """Parameters of the sine wave."""

    left: float = -1
    """Leftmost value of x."""

    right: float = 1
    noise: Annotated[float, pydantic.Field(ge=0)] = 0.1
    label: str = "none"

    def check(self):
        if self.left > self.right:
            message = "left must not be above right"
            raise ValueError(message)


@datagen_core.generator(10, SineParams, "1GB", "--qos=test --exclusive")
def sine(size, params, rng):
    """Draw pairs from a noisy sine wave."""
    for x in rng.uniform(params.left, params.right, size):
        yield x, np.sin(x) + rng.normal(scale=params.noise)


def square_both(X, y):
    return X**2, y**2


def describe(values):
    counts = values.pop("count") if "count" in values else np.zeros(len(values["value"]))
    return {"twice": 2 * counts}


sine.preprocessor(square_both)


@datagen_core.generator(4)
def walks(size, rng, start):
    """Walk at random for a random time: ragged, text and fixed fields."""
    for index in range(start, start + size):
        steps = rng.normal(size=(rng.integers(0, 6), 2))
        yield {"path": steps.cumsum(axis=0), "name": f"walk {index}", "index": index}


@datagen_core.generator(
    8, schema=Schema({"image": Field("uint8", (4, 4)), "bits": Field("bool", ragged=True)})
)
def images(size, rng):
    """Make whole batches of arrays at once."""
    lengths = rng.integers(0, 3, size)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    bits = Ragged(rng.random(offsets[-1]) < 0.5, offsets)
    return {"image": rng.integers(0, 256, (size, 4, 4), np.uint8), "bits": bits}


@datagen_core.generator(7, compress=True)
def squeezed(size, rng):
    """Make compressed pairs."""
    yield rng.normal(size=(size, 3)), rng.integers(0, 9, size)


@datagen_core.generator(10)
def choosy(size, rng, start):
    """Refuse a batch by its nature."""
    if start == 10:
        raise datagen_core.RefusedSampleError("no root")
    return {"x": rng.random(size)}


class CountParams(datagen_core.Params):
    """Parameters of the counters."""

    stop: int = 25


@datagen_core.generator(10, CountParams, limit=lambda params: params.stop)
def count(size, start):
    """Count, as far as a limit."""
    for index in range(start, start + size):
        yield {"value": index}


@datagen_core.generator(5)
def broken(size, start):
    """Fail at the samples 10 to 14."""
    if start == 10:
        message = "there is no sample 10"
        raise RuntimeError(message)
    for index in range(start, start + size):
        yield {"value": index}


@datagen_core.generator(5)
def unsteady(size, rng):
    """Draw from the clock of the process, which is not deterministic."""
    for _ in range(size):
        yield {"value": np.random.default_rng().normal()}


class FileParams(datagen_core.Params):
    """Parameters that name files."""

    text: datagen_core.InputFile | None = None
    nested: dict[str, datagen_core.InputFile] = {}  # noqa: RUF012 (pydantic copies it)


@datagen_core.generator(2, FileParams)
def lengths(size, params, start):
    """Count the characters of a file."""
    length = len(datagen_core.input_path(params.text).read_text())
    return [(float(start + place), float(length)) for place in range(size)]


walks.preprocessor(describe)
count.preprocessor(describe)
