"""What starting the command or a worker costs, in processor time of whole processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.set_stores import SAMPLES, SOURCE
from benchmarks.storing import DATAGEN
from benchmarks.table import CostRow, compare_costs
from benchmarks.timing import cheapest, run_command
from datagen_core import generate

PASS = "python -c pass"
CLICK = 'python -c "import click"'
H5PY = 'python -c "import h5py"'
_HELP = "datagen --help"
_LIST = "datagen list"
_NOTHING = "worker without tasks"
_MADE = "worker whose samples exist"
_COMMANDS = {
    _HELP: {CLICK: 3.0, PASS: None},
    _LIST: {CLICK: 2.0, PASS: None},
    _NOTHING: {H5PY: None, PASS: None},
    _MADE: {H5PY: None, PASS: None},
}
"""The peers of each command with the ratio that is aimed at; a worker opens HDF5 files anyway."""

_LIMITS = {_MADE: 0.2}
"""The seconds that are aimed at."""


def measure(folder: Path, repeat: int) -> Iterator[CostRow]:
    """Yield the start-up of `--help`, `list` and a worker, of a cache with one parameter set."""
    made = generate(SOURCE, SAMPLES, executor="inline", cache=folder)
    task = json.dumps([str(made.paths.root), 0, 0, [0]])
    worker = "-m", "datagen_core.worker"
    costs = cheapest(
        {
            PASS: run_command(sys.executable, "-c", "pass"),
            CLICK: run_command(sys.executable, "-c", "import click"),
            H5PY: run_command(sys.executable, "-c", "import h5py"),
            _HELP: run_command(DATAGEN, "--help"),
            _LIST: run_command(DATAGEN, "list", "--cache", str(folder)),
            _NOTHING: run_command(sys.executable, *worker),
            _MADE: run_command(sys.executable, *worker, task),
        },
        3 * repeat,  # they are short, and the machine is noisy
    )
    for name, peers in _COMMANDS.items():
        beside = {peer: costs[peer] for peer in peers}
        aims = {peer: aim for peer, aim in peers.items() if aim is not None}
        limit = _LIMITS.get(name)
        yield from compare_costs(f"start-up, {name}", costs[name], beside, aims=aims, limit=limit)
