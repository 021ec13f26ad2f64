"""One client's data, as declearn's scripts take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Inputs `(n, …)` and their labels, `(n,)` or, from a table of labels, `(n, 1)`."""


@dataclass(frozen=True, eq=False)
class ClientData:
    """What one client trains on, and what it validates on.

    Attributes
    ----------
    train
        Inputs and labels. Of images: float32 `(n, 28, 28)` from 0 to 1, uint8 `(n,)`. Of a file of
        the user: as that has them.
    valid
        The same for validation; None where no row is set apart.
    """

    train: Pair
    valid: Pair | None

    @classmethod
    def from_sample(cls, sample: Mapping[str, NDArray[Any]]) -> ClientData:
        """Return what a sample of `image_partition` holds."""
        x, y = _as_files(sample)
        held_out = sample["validation"]
        valid = (x[held_out], y[held_out]) if held_out.any() else None
        return cls((x[~held_out], y[~held_out]), valid)


_PIXELS = (np.arange(256) / 255).astype(np.float32)
"""declearn divides in float64 and rounds to float32; so does this, once for each value."""


def _as_files(sample: Mapping[str, NDArray[Any]]) -> Pair:
    if "data" in sample:
        return sample["data"], sample["labels"]
    return _PIXELS[sample["images"]], sample["labels"].astype(np.uint8)
