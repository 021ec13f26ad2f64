"""Batches of the LEAF plugin's generators, as the engine makes them, and LEAF's golden sets."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core import DatasetGenerator, Params, Ragged

Columns = dict[str, Any]

GOLDEN: Mapping[str, Mapping[str, Any]] = json.loads(
    (Path(__file__).parent / "datagen_leaf" / "golden.json").read_text()
)["generate"]


def batch_rng(start: int, batch_size: int, digest: int = 0) -> np.random.Generator:
    """Return a batch's stream, as the engine makes it for parameters of this digest."""
    stream = np.random.SeedSequence([0, digest], spawn_key=(start // batch_size,))
    return np.random.Generator(np.random.PCG64DXSM(stream))


def make(
    recipe: DatasetGenerator,
    params: Params,
    stop: int,
    seed: int = 0,
    batch_size: int | None = None,
    starts: Iterable[int] | None = None,
) -> Columns:
    """Return samples 0 to `stop` as columns, from batches made in the order of `starts`."""
    step = batch_size or recipe.batch_size
    order = list(range(0, stop, step) if starts is None else starts)
    batches = {
        start: recipe(min(step, stop - start), params, batch_rng(start, step), start, seed)
        for start in order
    }
    pieces = [batches[start] for start in sorted(batches)]
    return {name: join([piece[name] for piece in pieces]) for name in pieces[0]}


def join(parts: list[Any]) -> Any:
    """Return one column of several."""
    return Ragged.join(parts) if isinstance(parts[0], Ragged) else np.concatenate(parts)


def digests(columns: Columns) -> dict[str, str]:
    """Return the SHA-256 of every column, and of the lengths of ragged ones."""
    found = {}
    for name, column in columns.items():
        ragged = isinstance(column, Ragged)
        found[name] = sha256(column.rows() if ragged else column)
        if ragged:
            found[f"{name} lengths"] = sha256(column.lengths)
    return found


def sha256(array: np.ndarray) -> str:
    """Return the digest of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def has_reference_logarithm() -> bool:
    """Whether the C library's log() is the one that made the golden sets, to the last bit."""
    cpu = Path("/proc/cpuinfo")
    is_reference = platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
    return is_reference and cpu.exists() and " fma " in cpu.read_text()
