"""LEAF's synthetic tasks: whole processes beside LEAF's way, and normals beside numpy's rate.

One BLAS thread for all: LEAF's small matrices only get slower by more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import cheapest
from datagen_leaf.leaf_synthetic import BATCH_SIZE, leaf_synthetic
from datagen_leaf.tasks.params import LeafSyntheticParams

SEED = 931231
ORIGINAL = "LEAF's way"
CPU_AIMS = {1_000: 1 / 15, 10_000: 1 / 35}
MEMORY_AIMS = {10_000: 150, 100_000: 400}  # MiB
ROUNDS = {1_000: 5, 10_000: 2, 100_000: 1}  # at most; LEAF's way takes a minute for 10,000 tasks
NORMALS_AIM = 1.6


class Usage(NamedTuple):
    """What a process took: processor seconds with its children's, and its largest size in MiB."""

    cpu: float
    peak: float


class MemoryRow(Row):
    """A comparison of sizes in MiB, where other rows have seconds."""

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        what, _, _, _, _, met = super().cells()
        ratio = f"{self.seconds / self.peer_seconds:.2g}x the memory"
        aim = "" if self.aim is None else f"{self.aim * self.peer_seconds:.0f} MiB"
        peer = f"{self.peer_seconds:,.0f} MiB {self.peer}"
        return what, f"{self.seconds:,.0f} MiB", peer, ratio, aim, met


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield processor time and memory of whole processes, and time per normal in this one."""
    peaks: dict[str, float] = {}
    for tasks, aim in CPU_AIMS.items():
        rounds = min(repeat, ROUNDS[tasks])
        costs = _compare(folder, tasks, rounds)
        for name in ("counter", "leaf"):
            what = f"leaf_synthetic, {tasks:,} tasks, stream={name}"
            yield Row(f"{what} (CPU)", costs[name].cpu, ORIGINAL, costs[ORIGINAL].cpu, aim)
            yield _memory_row(what, tasks, costs[name].peak, ORIGINAL, costs[ORIGINAL].peak)
            peaks[name] = costs[name].peak
    for name, peak in peaks.items():
        what = f"leaf_synthetic, 100,000 tasks, stream={name}"
        found = _usage(_command(folder, name, 100_000), folder)
        yield _memory_row(what, 100_000, found.peak, "for 10,000", peak)
    yield from _measure_normals(repeat)


def _memory_row(what: str, tasks: int, peak: float, peer: str, peer_peak: float) -> Row:
    most = MEMORY_AIMS.get(tasks)
    aim = None if most is None else most / peer_peak
    return MemoryRow(f"{what} (peak memory)", peak, peer, peer_peak, aim)


def _compare(folder: Path, tasks: int, rounds: int) -> dict[str, Usage]:
    """Return the smallest usage of each competitor, of interleaved runs."""
    commands = {name: _command(folder, name, tasks) for name in (ORIGINAL, "counter", "leaf")}
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(_usage(command, folder))
    return {name: Usage(*map(min, zip(*usages, strict=True))) for name, usages in found.items()}


def _command(folder: Path, name: str, tasks: int) -> list[str]:
    if name == ORIGINAL:
        file = str(folder / "work" / "data.json")
        return [sys.executable, "-m", "benchmarks.leaf_original", str(tasks), file]
    command = [str(Path(sys.executable).parent / "datagen"), "generate", "leaf_synthetic"]
    options = ["-n", str(tasks), "-p", f"stream={name}", "--seed", str(SEED)]
    return [*command, *options, "--executor", "inline", "--cache", str(folder / "work")]


def _usage(command: list[str], folder: Path) -> Usage:
    """Run a command that writes into folder/work, which is empty before and gone afterwards.

    The largest size of a child is at least that of this process, which therefore stays small.
    """
    (folder / "work").mkdir()
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "log").read_text())
    shutil.rmtree(folder / "work")
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _measure_normals(repeat: int) -> Iterator[Row]:
    """Yield the time per normal of 1,000 tasks, without the engine, beside the generator alone."""
    for stream, bits in (("counter", "SFC64"), ("leaf", "legacy MT19937")):
        params = LeafSyntheticParams(stream=stream)
        normals = sum(_make(params))
        actions: Mapping[str, Callable[[], object]] = {
            stream: lambda params=params: sum(_make(params)),
            bits: _drawing(bits, normals),
        }
        costs = cheapest(actions, 3 * repeat)  # they are short, and the machine is noisy
        yield Row(
            f"leaf_synthetic, stream={stream}, a normal (CPU)",
            costs[stream].cpu / normals,
            f"{bits} alone",
            costs[bits].cpu / normals,
            NORMALS_AIM,
        )


def _make(params: LeafSyntheticParams) -> Iterator[int]:
    """Make 1,000 tasks, and yield how many normals each batch took."""
    once = 1 + params.num_dim + params.num_clusters
    for start in range(0, 1000, BATCH_SIZE):
        rng = np.random.Generator(np.random.PCG64DXSM([SEED, start]))
        made = leaf_synthetic(BATCH_SIZE, params, rng, start, SEED)
        yield BATCH_SIZE * once + len(made["y"].values) * (params.num_dim + params.num_classes)


def _drawing(bits: str, normals: int) -> Callable[[], object]:
    """Return the drawing of so many normals in blocks that fit the processor's cache."""
    block = np.empty(2**14)
    blocks = range(normals // len(block))
    if bits == "SFC64":
        fast = np.random.Generator(np.random.SFC64(SEED))
        return lambda: [fast.standard_normal(out=block) for _ in blocks]
    legacy = np.random.RandomState(SEED)
    return lambda: [legacy.standard_normal(len(block)).shape for _ in blocks]
