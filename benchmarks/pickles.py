"""The peer: a folder of pickles, as datagen's ancestor SLURM_gen keeps its samples.

Each file holds two lists `X, y`. To count, every file is unpickled; to read, the lists of all files
are joined; nothing is kept between two calls.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_pickles(folder: Path, x: Sequence[Any], y: Sequence[Any], files: int) -> None:
    """Write samples as so many files of equal size."""
    folder.mkdir(parents=True)
    size = -(-len(x) // files)
    for number, start in zip(count(), range(0, len(x), size), strict=False):
        part = list(x[start : start + size]), list(y[start : start + size])
        write_pickle(folder / f"{number}.pkl", part)


def write_pickle(path: Path, content: object) -> None:
    """Write one file under its final name."""
    with path.open("wb") as file:
        pickle.dump(content, file)


def count_pickles(folder: Path) -> int:
    """Return how many samples there are."""
    return sum(len(pickle.loads(path.read_bytes())[1]) for path in folder.iterdir())


def read_pickles(folder: Path) -> tuple[list[Any], list[Any]]:
    """Return all samples."""
    x: list[Any] = []
    y: list[Any] = []
    for path in folder.iterdir():
        more_x, more_y = pickle.loads(path.read_bytes())
        x.extend(more_x)
        y.extend(more_y)
    return x, y


def pick(
    lists: tuple[list[Any], list[Any]], positions: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the samples at some positions as arrays."""
    chosen = positions.tolist()
    x, y = lists
    return np.array([x[place] for place in chosen]), np.array([y[place] for place in chosen])
