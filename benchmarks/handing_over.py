"""Handing a million samples to other libraries, beside pyarrow with arrays in memory.

The samples are in a compacted cache. "Found anew" begins with a split that nobody has read: its
file is found, opened and mapped; else the split is one that has been read from before. pyarrow
itself builds the same table from arrays that are in memory already, and from memory maps of numpy,
as somebody would who has the columns as .npy files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.data import NAME, fill_cache, make_pairs
from benchmarks.table import Row
from benchmarks.timing import Action, cheapest_warm
from datagen_core.reading.cache import Cache
from datagen_core.reading.splits import Split

SAMPLES = 1_000_000
TO_ARROW_AIM = 1.25
"""Of the time that pyarrow needs for the sum of a column of the same table."""


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield comparisons of conversions, alone and with the sum of a column, in processor time."""
    data = make_pairs(SAMPLES)
    fill_cache(folder / "cache", data, 1)
    for name, column in (("x", data.x), ("y", data.y)):
        np.save(folder / f"{name}.npy", column)
    arrays = {"x": data.x, "y": data.y}

    def split() -> Split:
        return Cache(folder / "cache")[NAME][0]["train"]

    def maps() -> dict[str, NDArray[Any]]:
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy"}

    known = split()
    yield from _compare("to_arrow of 1e6 samples", repeat, {
        "datagen": known.to_arrow,
        "datagen, found anew": lambda: split().to_arrow(),
        "pyarrow, from numpy memory maps": lambda: _table(maps()),
        "pyarrow, from arrays in memory": lambda: _table(arrays),
        "datagen, all copied (get)": lambda: split().get(),
    })  # fmt: skip
    yield from _compare("sum of a column of 1e6 samples in Arrow", repeat, {
        "datagen": lambda: pc.sum(known.to_arrow()["x"]),
        "pyarrow, from numpy memory maps": lambda: pc.sum(_table(maps())["x"]),
        "pyarrow, from arrays in memory": lambda: pc.sum(_table(arrays)["x"]),
    }, TO_ARROW_AIM)  # fmt: skip
    yield from _compare("to_pandas of 1e6 samples", repeat, {
        "datagen": known.to_pandas,
        "pandas, from numpy memory maps": lambda: _frame(maps()),
    })  # fmt: skip
    yield from _compare("to_hf of 1e6 samples", repeat, {
        "datagen": known.to_hf,
        "datasets, from_dict of arrays in memory": lambda: _dataset(arrays),
    })  # fmt: skip


def _compare(
    what: str, repeat: int, actions: dict[str, Action], aim: float | None = None
) -> Iterator[Row]:
    seconds = {name: cost.cpu for name, cost in cheapest_warm(actions, repeat).items()}
    for peer in list(actions)[1:]:
        is_aim = peer.endswith("memory maps")
        yield Row(what, seconds["datagen"], peer, seconds[peer], aim if is_aim else None)


def _table(arrays: dict[str, NDArray[Any]]) -> pa.Table:
    return pa.table({name: pa.array(array) for name, array in arrays.items()})


def _frame(arrays: dict[str, NDArray[Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame(arrays, copy=False)


def _dataset(arrays: dict[str, NDArray[Any]]) -> Any:
    import datasets

    return datasets.Dataset.from_dict(arrays)
