"""What tests of partition schemes share: dividing by name, and data that each scheme can divide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from datagen_partitions.schemes import Division, PartitionParams, divide

DIGITS = np.repeat(np.arange(10), 60)

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "iid": {"clients": 7},
    "quantity_skew": {"clients": 7},
    "dirichlet": {"clients": 7},
    "shard": {"clients": 7},
    "label_per_client": {"clients": 7, "labels_per_client": 2},
    "custom": {"clients": 3, "distribution": {"a": {0: 5, 3: 7}, "b": {9: 60}, "c": {0: 55}}},
    "biased": {"clients": 7},
    "labels": {"clients": 7},
    "sizes": {"sizes": (100, 20, 3)},
    "linear": {"clients": 7},
    "square": {"clients": 7},
    "exponential": {"clients": 5},
    "inner_dirichlet": {"clients": 7},
    "pathological": {"clients": 7},
    "distribution": {"distribution_array": ((1.0, 3.0),) * 10},
    "continuous": {"clients": 7},
    "natural_id": {},
    "grouped_natural_id": {"group_size": 4},
}
"""For each scheme parameters by which the 600 `DIGITS` can be divided."""


def split(scheme: str, labels: np.ndarray = DIGITS, seed: int = 0, **params: Any) -> Division:
    """Divide with a fresh generator of random numbers."""
    return divide(scheme, labels, PartitionParams(**params), np.random.default_rng(seed))


def sizes(division: Division) -> list[int]:
    return [share.size for share in division.shares]


def count_labels(division: Division, labels: np.ndarray = DIGITS) -> np.ndarray:
    """Return how many samples of each label each client has, `(clients, C)`."""
    classes = np.unique(labels)
    return np.array([(labels[share, None] == classes).sum(axis=0) for share in division.shares])
