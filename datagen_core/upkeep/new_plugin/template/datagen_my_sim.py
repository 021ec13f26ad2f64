"""The generator my_sim: a plugin of datagen."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

import datagen_core


class MySimParams(datagen_core.Params):
    """Parameters of my_sim."""

    rate: Annotated[float, Field(gt=0)] = 1.0
    """Mean number of events per second."""

    noise: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of a measurement, in seconds."""


SCHEMA = datagen_core.Schema(
    {"time": datagen_core.Field("float64"), "measured": datagen_core.Field("float64")}
)


# Batches of 100 samples share a random stream; a job publishes whole batches.
@datagen_core.generator(100, MySimParams, schema=SCHEMA, version=1)
def my_sim(size: int, params: MySimParams, rng: np.random.Generator) -> Iterator[dict[str, float]]:
    """Draw waiting times of random events, and measure them with noise."""
    for time in rng.exponential(1 / params.rate, size):
        yield {"time": time, "measured": time + rng.normal(scale=params.noise)}


@datagen_core.hookimpl
def datagen_generator() -> datagen_core.DatasetGenerator:
    """Provide the generator."""
    return my_sim
