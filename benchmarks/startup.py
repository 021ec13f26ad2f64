"""What starting the command costs, in processor time of whole processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import fill_cache, make_pairs
from benchmarks.table import Row
from benchmarks.timing import cheapest, run_command

CLICK = 'python -c "import click"'
AIM = 3.0


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield the start-up of `--help` and `list`, of a cache with one parameter set."""
    fill_cache(folder, make_pairs(1000), 100)
    command = str(Path(sys.executable).parent / "datagen")
    actions = {
        CLICK: run_command(sys.executable, "-c", "import click"),
        "datagen --help": run_command(command, "--help"),
        "datagen list": run_command(command, "list", "--cache", str(folder)),
    }
    costs = cheapest(actions, 3 * repeat)  # they are short, and the machine is noisy
    for name in list(actions)[1:]:
        yield Row(f"start-up, {name} (CPU)", costs[name].cpu, CLICK, costs[CLICK].cpu, AIM)
