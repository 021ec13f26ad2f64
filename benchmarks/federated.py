"""Simulated federated runs beside a plain loop and beside Flower, each in processes of its own.

One thread a process. The run is the original's: its CNN with hidden layers 64, 32 on 30,000 images
of Fashion-MNIST, 5 clients, every local and global model measured on 10,000 images. Flower takes
part where `flwr` can be imported, or where DATAGEN_FLOWER_PYTHON names a python that has it, with
torch and numpy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.data import find_images
from benchmarks.leaf import MemoryRow
from benchmarks.table import Row
from datagen_images import ImagesError, load_images

FLOWER = "DATAGEN_FLOWER_PYTHON"
CLIENTS, SEEDS = 5, 3
LARGE, SMALL = 30_000, 5_000
PLAIN = "plain DataLoader loop"
CPU_AIM, PEAK_AIM, SCALING_AIM, MEMORY_AIM = 1 / 2, 1.3, 1 / 1.7, 668  # MiB: 700 MB
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "FLWR_TELEMETRY_ENABLED": "0",
}

# Operations of training on one image: each layer forward, the gradient of its weights, and but for
# the first layer the gradient of its inputs; an addition and a multiplication count as two.
_FIRST = 2 * 28 * 28 * 9 * 32
_OTHERS = 2 * (14 * 14 * 9 * 32 * 64 + 3136 * 64 + 64 * 32 + 32 * 10)
OPERATIONS = 2 * _FIRST + 3 * _OTHERS


class Work(NamedTuple):
    """Which run: images of all clients together, and rounds."""

    samples: int
    rounds: int

    def __str__(self) -> str:
        rounds = f"{self.rounds} round{'s' * (self.rounds > 1)}"
        return f"federated run, {CLIENTS} clients, {self.samples:,} images, {rounds}"

    @property
    def client_rounds(self) -> int:
        """How many rows it has."""
        return CLIENTS * self.rounds


Found = dict[str, float]
"""What a process says of itself: wall, cpu, accuracy, peak, …"""


class AccuracyRow(Row):
    """Mean accuracies of the global models, where other rows have seconds."""

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        difference = self.seconds - self.peer_seconds
        peer = f"{self.peer_seconds:.3f} {self.peer}"
        return self.what, f"{self.seconds:.3f}", peer, f"{difference:+.3f}", "", ""


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield processor time, memory and accuracies; one repetition a seed, and at least three."""
    seeds = range(max(SEEDS, repeat))
    for work in (Work(LARGE, 3), Work(SMALL, 2)):
        path = _write_images(folder, work.samples)
        ours, plain = _race(path, work, seeds)
        least = {name: min(found["cpu"] for found in runs) for name, runs in (ours, plain)}
        yield Row(
            f"{work}, a client and round (CPU)",
            least["ours"] / work.client_rounds,
            PLAIN,
            least["plain"] / work.client_rounds,
            CPU_AIM,
        )
        yield _compare_accuracies(work, ours[1], plain[1])
        yield _compare_peaks(work, ours[1], plain[1])
        if work.samples == LARGE:
            yield _compare_with_products(ours[1])
            yield _measure_scaling(path, work, ours[1])
        else:
            yield from _measure_flower(path, work, ours[1])


_Runs = tuple[str, list[Found]]


def _race(path: Path, work: Work, seeds: Sequence[int]) -> tuple[_Runs, _Runs]:
    """Run both in turns, once a seed."""
    ours, plain = [], []
    for seed in seeds:
        ours.append(_finish(_start("ours", path, work, seed)))
        plain.append(_finish(_start("plain", path, work, seed)))
    return ("ours", ours), ("plain", plain)


def _write_images(folder: Path, samples: int) -> Path:
    """Write the arrays that all competitors read."""
    images = find_images()
    chosen = np.random.default_rng(0).permutation(len(images.x))
    try:
        test = load_images("fashion_mnist", part="test")
        x_test, y_test = test.images, test.labels
    except ImagesError:
        x_test, y_test = images.x[chosen[-10_000:]], images.y[chosen[-10_000:]]
    path = folder / f"{samples}.npz"
    x, y = images.x[chosen[:samples]], images.y[chosen[:samples]]
    np.savez(path, x=x, y=y, x_test=x_test, y_test=y_test)
    return path


def _start(
    name: str, path: Path, work: Work, seed: int, python: str = sys.executable
) -> subprocess.Popen[str]:
    numbers = map(str, (seed, work.rounds, CLIENTS))
    command = [python, "-m", f"benchmarks.federated_{name}", str(path), *numbers]
    environment = {**os.environ, **ENVIRONMENT}
    log = path.with_name("log").open("w")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)


def _finish(process: subprocess.Popen[str]) -> Found:
    output, _ = process.communicate()
    if process.returncode:
        message = f"{' '.join(map(str, process.args))} failed; run it to see why"
        raise RuntimeError(message)
    return json.loads(output.splitlines()[-1])


def _mean(runs: list[Found], name: str) -> float:
    return sum(found[name] for found in runs) / len(runs)


def _compare_accuracies(work: Work, ours: list[Found], plain: list[Found]) -> Row:
    what = f"{work}, global accuracy (mean of {len(ours)} seeds)"
    return AccuracyRow(what, _mean(ours, "accuracy"), PLAIN, _mean(plain, "accuracy"))


def _compare_peaks(work: Work, ours: list[Found], plain: list[Found]) -> Row:
    peak, other = (max(found["peak"] for found in runs) for runs in (ours, plain))
    return MemoryRow(f"{work} (peak memory)", peak, PLAIN, other, MEMORY_AIM / other)


def _compare_with_products(ours: list[Found]) -> Row:
    """Compare training with a large matrix product of as many operations."""
    rate = max(found["flops"] for found in ours)
    return Row(
        "federated run, training on an image (CPU)",
        min(found["image"] for found in ours),
        f"matrix product, {rate / 1e9:.0f} GFLOP/s",
        OPERATIONS / rate,
        PEAK_AIM,
    )


def _measure_scaling(path: Path, work: Work, alone: list[Found]) -> Row:
    both = [_start("ours", path, work, seed) for seed in range(2)]
    slowest = max(_finish(process)["wall"] for process in both)
    fastest = min(found["wall"] for found in alone)
    what = f"{work}, two processes (wall, a run)"
    return Row(what, slowest / 2, "one process", fastest, SCALING_AIM)


def _measure_flower(path: Path, work: Work, ours: list[Found]) -> Iterator[Row]:
    python = os.environ.get(FLOWER) or (sys.executable if find_spec("flwr") else None)
    if python is None:
        print(f"without Flower: let {FLOWER} name a python that has flwr", file=sys.stderr)
        return
    process = _start("flower", path, work, 0, python)
    cpu = _watch(process)
    found = _finish(process)
    for what, seconds in (("wall", found["wall"]), ("CPU", cpu)):
        least = min(run[what.lower()] for run in ours)
        yield Row(f"{work} ({what})", least, "Flower's simulation, all cores", seconds)
    yield AccuracyRow(f"{work}, accuracy", _mean(ours, "accuracy"), "Flower", found["accuracy"])


def _watch(process: subprocess.Popen[str]) -> float:
    """Return the processor seconds of a process and all below it, which are not its children."""
    used: dict[int, float] = {}
    root = psutil.Process(process.pid)
    while process.poll() is None:
        for child in [root, *root.children(recursive=True)]:
            used[child.pid] = max(used.get(child.pid, 0.0), _cpu_of(child))
        time.sleep(0.1)
    return sum(used.values())


def _cpu_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0  # it has just ended
    return float(times.user + times.system)
