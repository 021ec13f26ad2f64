"""Making and keeping samples of `noisy_sine`, beside the loop that one would write otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.pickles import write_pickle
from benchmarks.table import Row
from benchmarks.timing import Action, race
from datagen_core import generate
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.registry import load_generator

SOURCE = f"{Path(__file__).parents[1] / 'example_datasets' / 'generators.py'}:noisy_sine"
SAMPLES = 200_000
SAVE_EVERY = 50
LOOP = "plain loop, a pickle every 50"


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield samples per second, of one process and of two jobs."""
    generator = load_generator(SOURCE).generator
    fresh = (folder / str(number) for number in count())
    actions: dict[str, Action] = {
        LOOP: lambda: write_with_loop(generator, next(fresh)),
        "inline": _generation(lambda: next(fresh), "inline", 1),
        "local --njobs 2": _generation(lambda: next(fresh), "local", 2),
    }
    seconds = race(actions, repeat)
    for name in list(actions)[1:]:
        what = f"write {SAMPLES:,} of noisy_sine, --executor {name}"
        yield Row(what, seconds[name], LOOP, seconds[LOOP], samples=SAMPLES)


def _generation(place: Callable[[], Path], executor: str, njobs: int) -> Action:
    return lambda: generate(SOURCE, SAMPLES, executor=executor, njobs=njobs, cache=place())


def write_with_loop(generator: DatasetGenerator, folder: Path) -> None:
    """Make samples in one loop that appends to lists and pickles them now and then."""
    folder.mkdir()
    params, rng = generator.params_type(), np.random.default_rng(0)
    x: list[float] = []
    y: list[float] = []
    for number, (one_x, one_y) in enumerate(generator(SAMPLES, params, rng), 1):
        x.append(one_x)
        y.append(one_y)
        if number % SAVE_EVERY == 0:
            write_pickle(folder / f"{number}.pkl", (x, y))
            x, y = [], []
