"""What large numbers cost: a plan for 1e12 samples, 10,000 points of a sweep, 5e7 samples verified.

Processes of the command, imports included. A process that does nothing stands beside them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.set_stores import SAMPLES, SOURCE
from benchmarks.storing import DATAGEN
from benchmarks.table import CostRow, MemoryRow, Row, compare_costs
from benchmarks.timing import Cost, cheapest, cost_of, run_command

NUMBERS = f"{Path(__file__).with_name('drawn_samples.py')}:numbers"
MANY, POINTS, KEPT = "1e12", 10_000, 50_000_000
PASS = "python -c pass"
_PLAN_LIMIT, _BEGIN_LIMIT, _VERIFY_BYTES = 0.5, 60.0, 150 * 2**20
"""Aims: seconds of processor time, and bytes."""


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield the rows of a plan, of a sweep up to its first sample, and of a verification."""
    yield from _measure_plan(folder / "plan", repeat)
    yield from _measure_sweep(folder / "sweep")
    yield _measure_verification(folder / "many")


def _measure_plan(cache: Path, repeat: int) -> Iterator[CostRow]:
    plan = _command(cache, "generate", SOURCE, "-n", MANY, "--executor", "local", "--dry-run")
    nothing = run_command(sys.executable, "-c", "pass")
    costs = cheapest({"plan": run_command(*plan), PASS: nothing}, repeat)
    what = f"a plan for {MANY} samples"
    yield from compare_costs(what, costs["plan"], {PASS: costs[PASS]}, limit=_PLAN_LIMIT)


def _measure_sweep(cache: Path) -> Iterator[CostRow]:
    """Begin a tenth of the points, and all of them; what one costs is to be the same."""
    costs = {points: _begin(cache / str(points), points) for points in (POINTS // 10, POINTS)}
    few, all_of_them = costs.values()
    tenth = Cost(10 * few.wall, 10 * few.cpu)
    peers = {f"10 times {POINTS // 10:,}": tenth}
    what = f"a sweep of {POINTS:,} points, up to its first sample"
    yield from compare_costs(what, all_of_them, peers, limit=_BEGIN_LIMIT)


def _begin(cache: Path, points: int) -> Cost:
    cache.mkdir(parents=True)
    path = cache.with_suffix(".json")
    path.write_text(json.dumps([{"value": float(number)} for number in range(points)]))
    options = "-n", str(SAMPLES), "--sweep", f"@{path}", "--executor", "local", "--no-wait"
    cost = cost_of(run_command(*_command(cache, "generate", SOURCE, *options)))
    run_command(*_command(cache, "cancel"))()
    return cost


def _measure_verification(cache: Path) -> MemoryRow:
    make = _command(cache, "generate", NUMBERS, "-n", str(KEPT), "--executor", "inline")
    run_command(*make)()
    words = [sys.executable, "-m", "benchmarks.child_usage"]
    verify = _command(cache, "verify", "--resample", "3")
    root = Path(__file__).parents[1]
    done = subprocess.run([*words, *verify], cwd=root, check=True, capture_output=True, text=True)
    peak = json.loads(done.stdout)["peak"]
    return MemoryRow(f"verify --resample 3 of {KEPT:,} samples", peak, "allowed", _VERIFY_BYTES, 1)


def _command(cache: Path, *words: str) -> list[str]:
    return [DATAGEN, *words, "--cache", str(cache)]
