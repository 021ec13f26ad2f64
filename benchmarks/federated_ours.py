"""The same run as `federated_plain` by datagen, and the rate of matrix products beside it.

`python -m benchmarks.federated_ours FILE SEED ROUNDS CLIENTS`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np
import torch

from benchmarks.federated_plain import load, peak_memory
from datagen_federated.data import Data
from datagen_federated.simulation import Run, TrainingParams, simulate

_SIDE = 1024


def main() -> None:
    """Print what the run took, without imports, as JSON."""
    torch.set_num_threads(1)
    seed, rounds, clients = map(int, sys.argv[2:5])
    arrays = load(sys.argv[1])
    data = Data("images", "classification", **arrays, classes=tuple("0123456789"))
    few = replace(data, **{name: array[:100] for name, array in arrays.items()})
    _run(few, 0, 1, 1)
    begun, used = time.perf_counter(), time.process_time()
    run = _run(data, seed, rounds, clients)
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    found = {
        "wall": wall,
        "cpu": cpu,
        "accuracy": float(run.rounds["global_accuracy"][-1]),
        "peak": peak_memory(),
        "image": float(np.min(run.clients["cpu_time"] / run.clients["samples_epochs"])),
        "flops": _measure_products(),
    }
    print(json.dumps(found))


def _run(data: Data, seed: int, rounds: int, clients: int) -> Run:
    params = TrainingParams(
        rounds=rounds, hidden_layers=(64, 32), learning_rate=1e-3, epochs_per_round=1
    )
    shares = np.array_split(np.arange(len(data.y)), clients)
    return simulate(data, shares, np.arange(0), params, np.random.default_rng(seed))


def _measure_products() -> float:
    """Return the highest rate of a large float32 matrix product, in operations a second."""
    a, b = torch.rand(2, _SIDE, _SIDE)
    best = float("inf")
    for _ in range(30):
        used = time.process_time()
        a @ b
        best = min(best, time.process_time() - used)
    return 2 * _SIDE**3 / best


if __name__ == "__main__":
    main()
