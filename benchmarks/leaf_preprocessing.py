"""LEAF's preprocessing of synthetic tasks: row numbers against rewriting the JSON files."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import datagen_core
from benchmarks.table import Row
from benchmarks.timing import Action, cost_of, run_command

TASKS = 10_000
PEER = "LEAF's way (JSON files read and written whole by each stage)"
WORDS = ["-s", "niid", "--sf", "1.0", "-k", "5", "-t", "sample", "--tf", "0.6"]
SEEDS = ["--smplseed", "1549786595", "--spltseed", "1549786796"]
AIM = 1 / 100
PROGRAM = """
import sys
from pathlib import Path
sys.path.append("tests")
from leaf_original import remove_users, sample, split
folder = Path(sys.argv[1])
sample(folder, "niid", 1.0, seed=1549786595)
remove_users(folder, 5)
split(folder, "sample", 0.6, 1549786796)
"""


def measure(folder: Path, repeat: int, tasks: int = TASKS) -> Iterator[Row]:
    """Yield the processor time of sampling, removing users and splitting, as whole processes.

    LEAF's way takes minutes and gigabytes, so it runs once.
    """
    cache = folder / "cache"
    params = {"stream": "leaf"}
    make = {"seed": 931231, "executor": "inline", "cache": cache}
    datagen_core.generate("leaf_synthetic", tasks, params, **make)
    command = [str(Path(sys.executable).parent / "datagen"), "leaf", "preprocess", "leaf_synthetic"]
    ours = run_command(*command, *WORDS, *SEEDS, "--cache", str(cache))
    seconds = min(_anew(cache, ours) for _ in range(repeat))
    _write_tree(cache, folder / "leaf")
    peer = cost_of(run_command(sys.executable, "-c", PROGRAM, str(folder / "leaf")))
    yield Row(f"LEAF preprocessing, {tasks:,} tasks (CPU)", seconds, PEER, peer.cpu, AIM)


def _anew(cache: Path, action: Action) -> float:
    """Return what an action costs that finds no views."""
    for views in cache.glob("*/*/views"):
        shutil.rmtree(views)
    return cost_of(action).cpu


def _write_tree(cache: Path, folder: Path) -> None:
    """Write the JSON file of all tasks, which LEAF's way begins with."""
    command = str(Path(sys.executable).parent / "datagen")
    words = ["leaf_synthetic", "--cache", str(cache), "--format", "leaf", str(folder)]
    run_command(command, "export", *words)()
