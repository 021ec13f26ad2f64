"""LEAF's way of making its synthetic tasks, re-enacted: numpy task by task, lists, json.dump.

Written from a description of TalwalkarLab/leaf, data/synthetic; the numbers are the same as those
of stream=leaf. Run as a process of its own: `python -m benchmarks.leaf_original TASKS FILE`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

SEED = 931231
NUM_DIM = 60
NUM_CLASSES = 5


class Tasks:
    """The process with one cluster, LEAF's default."""

    def __init__(self) -> None:
        self.random = np.random.RandomState(SEED)
        self.basis = self.random.normal(size=(NUM_DIM + 1, NUM_CLASSES, 1))
        self.covariance = np.diag([(j + 1) ** -1.2 for j in range(NUM_DIM)])
        self.mean = self.random.normal(self.random.normal(), 1.0, 1)

    def make(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of the next task."""
        self.random.choice(range(1), p=[1.0])
        location = self.random.normal(self.random.normal(), 1.0, NUM_DIM)
        x = np.ones((size, NUM_DIM + 1))
        x[:, 1:] = self.random.multivariate_normal(location, self.covariance, size)
        model = np.matmul(self.basis, self.random.normal(self.mean, 0.1, 1))
        scores = np.matmul(x, model) + self.random.normal(0.0, 0.1, (size, NUM_CLASSES))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return x[:, 1:], np.argmax(shares / shares.sum(axis=1, keepdims=True), axis=1)


def main() -> None:
    """Write TASKS tasks to FILE as LEAF's JSON."""
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    drawn = np.random.RandomState(SEED).lognormal(3, 2, count).astype(int)
    process = Tasks()
    made = [process.make(min(size + 5, 1000)) for size in drawn]
    content: dict[str, Any] = {"users": [], "num_samples": [], "user_data": {}}
    for number, (x, y) in enumerate(made):
        content["users"].append(str(number))
        content["num_samples"].append(len(y))
        content["user_data"][str(number)] = {"x": x.tolist(), "y": y.tolist()}
    with path.open("w") as file:
        json.dump(content, file)


if __name__ == "__main__":
    main()
