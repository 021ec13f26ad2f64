"""A federated run as most would write it: DataLoader, torch.optim.Adam, images channels-first.

It needs torch and numpy alone, so that Flower's clients can use it in an environment of their own:
`python -m benchmarks.federated_plain FILE SEED ROUNDS CLIENTS`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

RATE, BATCH = 1e-3, 32


class Cnn(nn.Module):
    """The original's model with hidden layers 64, 32, for 28 x 28 images."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(3136, 64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, 10),
        )
        for weight in self.parameters():
            nn.init.zeros_(weight) if weight.ndim == 1 else nn.init.xavier_uniform_(weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.layers(x)


def make_set(x: np.ndarray, y: np.ndarray) -> TensorDataset:
    """Return images as float32 `(n, 1, rows, columns)` with their labels."""
    return TensorDataset(torch.from_numpy(x).unsqueeze(1).float() / 255, torch.from_numpy(y))


def train(model: nn.Module, samples: TensorDataset, epochs: int = 1) -> None:
    """Train in place with a new optimizer."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=1e-7)
    loader = DataLoader(samples, BATCH, shuffle=True)
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()


def evaluate(model: nn.Module, samples: TensorDataset) -> tuple[float, float, float]:
    """Return accuracy, loss and macro F1."""
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(x) for x, _ in DataLoader(samples, BATCH)])
    labels = samples.tensors[1]
    found = logits.argmax(1)
    table = torch.bincount(10 * labels + found, minlength=100).view(10, 10)
    f1 = (2 * table.diag() / (table.sum(0) + table.sum(1)).clamp(min=1)).mean()
    loss = nn.functional.cross_entropy(logits, labels)
    return float((found == labels).float().mean()), float(loss), float(f1)


def run(arrays: dict[str, np.ndarray], seed: int, rounds: int, clients: int) -> float:
    """Simulate a run of FedAvg; return the global accuracy."""
    torch.manual_seed(seed)
    shares = np.array_split(np.arange(len(arrays["y"])), clients)
    sets = [make_set(arrays["x"][share], arrays["y"][share]) for share in shares]
    test, model, accuracy = make_set(arrays["x_test"], arrays["y_test"]), Cnn(), 0.0
    for _ in range(rounds):
        states = []
        for samples in sets:
            local = Cnn()
            local.load_state_dict(model.state_dict())
            train(local, samples)
            evaluate(local, test)
            states.append(local.state_dict())
        mean = {name: sum(state[name] for state in states) / clients for name in states[0]}
        model.load_state_dict(mean)
        accuracy = evaluate(model, test)[0]
    return accuracy


def load(path: str) -> dict[str, Any]:
    """Return the arrays `x`, `y`, `x_test` and `y_test` of an npz file."""
    with np.load(path) as arrays:
        return dict(arrays)


def peak_memory() -> float:
    """Return the largest size that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print what the run took, without imports, as JSON."""
    torch.set_num_threads(1)
    arrays = load(sys.argv[1])
    few = {name: array[:100] for name, array in arrays.items()}
    run(few, 0, 1, 1)  # imports what torch.optim needs
    begun, used = time.perf_counter(), time.process_time()
    accuracy = run(arrays, *map(int, sys.argv[2:5]))
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    found = {"wall": wall, "cpu": cpu, "accuracy": accuracy, "peak": peak_memory()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
