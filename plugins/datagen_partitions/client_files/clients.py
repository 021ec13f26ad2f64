"""A client's data in the form that declearn's scripts read."""

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
    """Data of one client for training and for validation.

    Attributes
    ----------
    train
        Inputs and labels. Images: float32 `(n, 28, 28)` from 0 to 1, and uint8 `(n,)`. A file of
        the user: in its own types and shapes.
    valid
        Inputs and labels for validation; None where no row is set apart.
    """

    train: Pair
    valid: Pair | None

    @classmethod
    def from_sample(cls, sample: Mapping[str, NDArray[Any]]) -> ClientData:
        """Return the data in a sample of `image_partition`."""
        x, y = _as_files(sample)
        held_out = sample["validation"]
        valid = (x[held_out], y[held_out]) if held_out.any() else None
        return cls((x[~held_out], y[~held_out]), valid)


_PIXELS = (np.arange(256) / 255).astype(np.float32)
"""Divided in float64 and rounded to float32, as declearn does."""


def _as_files(sample: Mapping[str, NDArray[Any]]) -> Pair:
    if "data" in sample:
        return sample["data"], sample["labels"]
    return _PIXELS[sample["images"]], sample["labels"].astype(np.uint8)
