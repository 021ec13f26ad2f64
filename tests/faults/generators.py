"""Generators for fault tests: fixed and ragged fields, and every batch is published by itself."""

import time

import datagen_core
from datagen_core.store import shard_writer

# Faults strike between publishes, so there must be many. Only processes that load this file
# publish so often.
shard_writer.PUBLISH_SECONDS = 0.0


def _samples(size, rng):
    for length in rng.integers(0, 4, size):
        yield {"x": rng.normal(size=3), "notes": rng.integers(0, 100, length)}


@datagen_core.generator(5)
def quick(size, params, rng):
    """Make samples at once."""
    yield from _samples(size, rng)


@datagen_core.generator(5)
def slow(size, params, rng):
    """Make samples in the time that faults need to strike."""
    time.sleep(0.03)
    yield from _samples(size, rng)


@datagen_core.generator(5)
def wide(size, params, rng):
    """Make samples that fill a disk: 16 kB each."""
    yield {"x": rng.normal(size=(size, 2000))}


class Scale(datagen_core.Params):
    """What a sweep is over."""

    scale: float = 1.0


@datagen_core.generator(5, Scale)
def scaled(size, params, rng):
    """Make samples of many parameter sets."""
    yield {"x": rng.normal(scale=params.scale, size=size)}


@datagen_core.generator(5, private=True)
def votes(size, params, rng, secret):
    """Make samples that nobody may make a second time."""
    yield {"x": rng.normal(size=size) + secret[0]}


@quick.preprocessor
def total(columns):
    """Sum up each sample."""
    return {"total": columns["x"].sum(axis=1)}
