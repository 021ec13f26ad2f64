"""The division of private images among teachers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.files.writing import writing

Indices = NDArray[np.int64]


def divide(count: int, teachers: int, seed: int = 42) -> list[Indices]:
    """Return the sorted indices of each teacher's images, as the original divides them.

    All indices are shuffled by Python's generator and cut into pieces of `count // teachers`; the
    last teacher also gets the rest. With 60,000 images, 250 teachers and seed 42 these are the 250
    times 240 of the original's `shard_indices.json`.

    Raises
    ------
    PateError
        When there are fewer images than teachers.
    """
    if not 1 <= teachers <= count:
        raise ArgumentError(
            f"{count} images cannot be divided among {teachers} teachers; take from 1 to {count}"
        )
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311 (the original's division, no secret)
    cuts = [count // teachers * number for number in range(1, teachers)]
    return [np.sort(piece) for piece in np.split(np.array(order, np.int64), cuts)]


def write_shard_indices(shards: Sequence[Indices], path: Path) -> None:
    """Write the original's `shard_indices.json`: the list of indices of each teacher by its id."""
    with writing(path, "w") as file:
        json.dump({str(teacher): shard.tolist() for teacher, shard in enumerate(shards)}, file)


def read_shard_indices(path: Path, teachers: Iterable[int], count: int) -> list[Indices]:
    """Return the indices of some teachers from the original's `shard_indices.json`.

    Raises
    ------
    PateError
        When the file cannot be read, a teacher is missing, or an index is not below `count`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        shards = [np.array(content[str(teacher)], np.int64) for teacher in teachers]
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror}); name a .json file") from None
    except KeyError as error:
        raise PateError(f"{path} has no teacher {error}; it has {len(content)} teachers") from None
    except (TypeError, ValueError):
        raise PateError(f'{path} is not of the form {{"0": [indices], …}}; write it so') from None
    for shard in shards:
        wrong = shard[(shard < 0) | (shard >= count)]
        if shard.ndim != 1 or len(wrong):
            what = wrong[0] if len(wrong) else shard.tolist()
            raise PateError(
                f"{path} names the image {what}, but images are 0 to {count - 1}; give the data "
                "that it belongs to"
            )
    return shards
