"""Generators with one fault each, and the check of the conformance kit that must find it."""

import sys
import time
from typing import Annotated

import numpy as np
import pydantic

import datagen_core

UNSEEDED = np.random.default_rng()
SEEDED = np.random.default_rng(0)
MADE = [0]
WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}


class Plain(datagen_core.Params):
    scale: float = 1.0


class Labelled(Plain):
    label: str = "none"
    steps: Annotated[int, pydantic.Field(ge=1, le=1)] = 1


class Raising(Plain):
    def check(self) -> None:
        if self.scale < 0:
            raise KeyError(self.scale)


class Rambling(Plain):
    def check(self) -> None:
        if self.scale < 0:
            message = "scale must\nnot be negative"
            raise ValueError(message)


def bad(check, words, params=Plain, batch_size=10, **declared):
    """Declare a generator, and which check finds its fault in which words."""

    def decorate(function):
        made = datagen_core.generator(batch_size, params, **declared)(function)
        FAULTS[made.name] = (check, words)
        return made

    return decorate


FAULTS: dict[str, tuple[str, str]] = {}


def crash(params):
    if params.scale > 1:
        raise KeyError(params.scale)


@bad("repeatable", "field x of sample 0 .* differs in another process; draw from `rng` only")
def global_generator(size, params):
    """Draw from a random generator of the module that nobody seeds."""
    for _ in range(size):
        yield {"x": UNSEEDED.normal(scale=params.scale)}


@bad("repeatable", "field x of sample 0 .* differs in another process")
def clock(size, params):
    """Look at the clock."""
    for _ in range(size):
        yield {"x": params.scale * time.time_ns()}


@bad("repeatable", "field word of sample .* and no order of a set")
def order_of_a_set(size, params, rng):
    """Depend on the order of a set of text."""
    for _ in range(size):
        yield {"word": [*WORDS][rng.integers(6)], "x": rng.normal(scale=params.scale)}


@bad("order", "field x of sample .* depends on which batches its process made before")
def counter(size, params):
    """Count all samples of a process."""
    for _ in range(size):
        MADE[0] += 1
        yield {"x": params.scale * MADE[0]}


@bad("order", "no random generator of a module")
def seeded_generator(size, params):
    """Draw from a seeded random generator of the module."""
    for _ in range(size):
        yield {"x": SEEDED.normal(scale=params.scale)}


@bad("size", r"a batch of 5 samples instead of 10.*make as many as the argument `size` says")
def fixed_size(size, params, rng):
    """Make ten samples, whatever size says."""
    for _ in range(10):
        yield {"x": rng.normal(scale=params.scale)}


@bad("parameters", "parameter label changes no sample: 'none' and 'none2'.* declare .*'label'",
     Labelled)  # fmt: skip
def unused_parameter(size, params, rng):
    """Use no label."""
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale) + params.steps}


@bad("schema", r"batch 1 \(samples from 10\).*give each field one type and shape")
def changing_type(size, params, start):
    """Make floats after integers."""
    for index in range(start, start + size):
        value = index if start == 0 else index + 0.5
        yield {"x": value, "scale": params.scale}


@bad("schema", r"batch 1 \(samples from 10\)")
def changing_fields(size, params, start):
    """Add a field."""
    for index in range(start, start + size):
        yield {"x": params.scale * index, **({"y": 1} if start else {})}


@bad("preflight", r"parameter scale = 1.5: preflight raises KeyError: 1.5; raise a datagen_core.D",
     preflight=crash)  # fmt: skip
def crashing_preflight(size, params, rng):
    """Crash before a run."""
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale)}


@bad("preflight", "limit raises GeneratorError: limit of crashing_limit: KeyError", limit=crash)
def crashing_limit(size, params, rng):
    """Crash where the number of samples is asked for."""
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale)}


@bad("errors", "parameter scale = -1: .*KeyError.*raise a ValueError of one line", Raising)
def raising_params(size, params, rng):
    """Refuse a value by an error of another kind."""
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale)}


@bad("errors", "parameter scale = -1: .*as several lines", Rambling)
def rambling_params(size, params, rng):
    """Refuse a value in two lines."""
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale)}


@bad("docstring", "its function has no docstring")
def silent(size, params, rng):
    for _ in range(size):
        yield {"x": rng.normal(scale=params.scale)}


@bad("batches", r"does not make batch 1 \(samples from 10\): ZeroDivisionError.*line")
def crashing(size, params, start):
    """Crash in the second batch."""
    for index in range(size):
        yield {"x": params.scale * index / (start - 10)}


@bad("jobs", "field x of sample 0 .*depends on the job that makes it")
def command_line(size, params, rng):
    """Look at the command line, by which a job of a run is told from another process."""
    shift = "datagen_core.worker" in " ".join(sys.orig_argv)
    for _ in range(size):
        yield {"x": shift + rng.normal(scale=params.scale)}


@bad("verify", "datagen verify --resample 20 fails in the process that made the samples")
def made_twice(size, params, rng, start):
    """Make a batch otherwise when it is made again."""
    again = start in MADE[1:]
    MADE.append(start)
    for _ in range(size):
        yield {"x": again + rng.normal(scale=params.scale)}
