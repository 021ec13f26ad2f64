"""The generators of the kept caches: each stores samples of another form.

What stands here stays, since caches were made of it; a cache of a later version may need more.
"""

import os
import signal
from pathlib import Path
from typing import Literal

import numpy as np

import datagen_core
from datagen_core import Field, Schema


class NoisySineParams(datagen_core.Params):
    left: float = -1
    right: float = 1
    std_dev: float = 0.1


@datagen_core.generator(10, NoisySineParams, memory="1GB")
def noisy_sine(size, params, rng):
    """Draw pairs from a noisy sine wave."""
    for x in rng.uniform(params.left, params.right, size):
        yield x, np.sin(x) + rng.normal(scale=params.std_dev)


@noisy_sine.preprocessor
def square_both(X, y):
    """Square inputs and outputs."""
    return X**2, y**2


@datagen_core.generator(4)
def walks(size, rng, start):
    """Walk at random for a random time: ragged, text and fixed fields."""
    for index in range(start, start + size):
        steps = rng.normal(size=(rng.integers(0, 6), 2))
        yield {"path": steps.cumsum(axis=0), "name": f"walk {index}", "index": index}


ROUNDS = np.dtype([("round", "i4"), ("loss", "f8"), ("seconds", "f8")])


@datagen_core.generator(
    3,
    schema=Schema(
        {
            "image": Field("uint8", (4, 4)),
            "masks": Field("bool", (2,), ragged=True),
            "rounds": Field(ROUNDS, ragged=True, measured=("seconds",)),
        }
    ),
)
def scans(size, rng):
    """Draw images with masks, and records with a member that is measured."""
    for _ in range(size):
        rounds = np.zeros(rng.integers(1, 4), ROUNDS)
        rounds["round"] = np.arange(len(rounds))
        rounds["loss"] = rng.random(len(rounds))
        rounds["seconds"] = os.times().elapsed
        masks = rng.random((rng.integers(0, 3), 2)) < 0.5
        yield {"image": rng.integers(0, 256, (4, 4), np.uint8), "masks": masks, "rounds": rounds}


@datagen_core.generator(7, compress=True)
def squeezed(size, rng):
    """Make compressed pairs."""
    yield rng.normal(size=(size, 3)), rng.integers(0, 9, size)


class TroubledParams(datagen_core.Params):
    how: Literal["raise", "kill"] = "raise"


@datagen_core.generator(5, TroubledParams)
def troubled(size, params, rng, start):
    """Draw numbers, but fail at the second batch while a file `trouble` is beside this one."""
    if start == 5 and Path(__file__).with_name("trouble").exists():
        if params.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError("no luck")
    for value in rng.normal(size=(size, 2)):
        yield {"value": value}
