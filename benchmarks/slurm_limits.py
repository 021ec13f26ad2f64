"""How often the estimated time limit is too short, and what a task costs beside its batches.

`python -m benchmarks.slurm_limits` starts a throw-away Slurm of four nodes, which needs root. A few
jobs are the history from which `generate` estimates the limit of many. A batch only sleeps, so that
dozens of jobs fit on one machine: lognormal times, 2 % of them ten times as long, and jobs that are
slower than others. How busy the machine is shows in start-up times alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from slurm_cluster import SlurmCluster
from slurm_runs import start

_GENERATOR = """
import os, random, time
import datagen_core

BATCH_SECONDS = {seconds}
pace = random.Random(os.environ.get("SLURM_JOB_ID"))
SLOWNESS = pace.lognormvariate(-0.04, 0.29)  # mean 1, deviation 0.3

@datagen_core.generator(10)
def noisy_sine(size, rng):
    tail = 10.0 if pace.random() < 0.02 else 1.0
    time.sleep(BATCH_SECONDS * SLOWNESS * tail * pace.lognormvariate(-0.11, 0.47))
    yield {{"x": rng.normal(size=size)}}
"""
_BATCHES = 12
_LOOKS_APART = 5.0


class _Wide(SlurmCluster):
    """The cluster of the tests with nodes of more processors than there are."""

    def _configure(self) -> None:
        super()._configure()
        text = self.configuration.read_text().replace("MaxArraySize=101", "MaxArraySize=1001")
        text = text.replace("CPUs=2 RealMemory=2000", "CPUs=12 RealMemory=100000")
        self.configuration.write_text(text)


class _Task(NamedTuple):
    """A task of the measured run: its last word, and seconds of it, its batches and its slot."""

    word: str
    seconds: float
    batches: float
    slot: float | None


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slurm_limits", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--history", type=int, default=10, help="jobs before them, default: 10")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a batch, default: 4")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slurm-limits-") as name, _Wide("multi") as cluster:
        folder = Path(name)
        (folder / "generators.py").write_text(_GENERATOR.format(seconds=arguments.seconds))
        _generate(cluster, folder, arguments.history, "--time", "10")
        slots = _generate(cluster, folder, arguments.jobs)
        _print_table(folder, slots)


def _generate(cluster: SlurmCluster, folder: Path, jobs: int, *options: str) -> dict[str, float]:
    """Run jobs to their end; return the seconds that Slurm gave to each, by its place."""
    asked = ("-n", jobs * _BATCHES * 10, "--njobs", jobs, "--mem", "1G", *options)
    process = start(folder, "generate", "noisy_sine", "--executor", "slurm", *asked)
    slots: dict[str, float] = {}
    while process.poll() is None:
        slots |= _read_slots(cluster)
        time.sleep(_LOOKS_APART)
    slots |= _read_slots(cluster)
    if process.returncode:
        raise SystemExit((folder / "stderr").read_text())
    print((folder / "stderr").read_text().splitlines()[0], file=sys.stderr)
    return slots


def _read_slots(cluster: SlurmCluster) -> dict[str, float]:
    text = cluster.run("squeue", "-h", "-r", "-t", "all", "-o", "%j|%K|%T|%S|%e", check=False)
    rows = [line.split("|") for line in text.splitlines()]
    return {
        f"{name}-{place}": (datetime.fromisoformat(stop) - datetime.fromisoformat(start)).seconds
        for name, place, state, start, stop in rows
        if state in {"COMPLETED", "TIMEOUT", "FAILED"}
    }


def _read_tasks(folder: Path, slots: dict[str, float]) -> list[_Task]:
    (run,) = folder.glob("cache/noisy_sine/*/runs/1")
    name = json.loads((run / "0.json").read_text())["name"]
    found = []
    for number in range(len(json.loads((run / "0.json").read_text())["tasks"])):
        lines = (run / f"0-{number}.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        made = [event for event in events if event["event"] == "batches"]
        batches = sum(event.get("first", 0) + event.get("seconds", 0) for event in made)
        seconds = events[-1]["time"] - events[0]["started"]
        word = events[-1].get("reason", "no last word")
        found.append(_Task(word, seconds, batches, slots.get(f"{name}-{number}")))
    return found


def _print_table(folder: Path, slots: dict[str, float]) -> None:
    tasks = _read_tasks(folder, slots)
    (record,) = folder.glob("cache/noisy_sine/*/runs/1/0.json")
    minutes = json.loads(record.read_text())["minutes"]
    words = Counter(task.word for task in tasks)
    beside = [task.slot - task.batches for task in tasks if task.slot is not None]
    own = [task.seconds - task.batches for task in tasks]
    longest = max(task.seconds for task in tasks)
    rows = [
        ("jobs", len(tasks)),
        ("their estimated limit, minutes", minutes),
        ("seconds of a job, mean", round(mean(task.seconds for task in tasks), 1)),
        ("seconds of the longest job", round(longest, 1)),
        ("limit / mean", round(60 * minutes / mean(task.seconds for task in tasks), 2)),
        *((f"jobs that ended with: {word}", count) for word, count in words.items()),
        ("submissions of the run", len(list(record.parent.glob("[0-9]*.json")))),
        ("slot-seconds beside batches, mean", round(mean(beside), 2) if beside else "unknown"),
        ("slot-seconds beside batches, median", round(median(beside), 2) if beside else "unknown"),
        ("of these in the worker, mean", round(mean(own), 2)),
    ]
    print("| what | measured |\n|---|---:|")
    for what, number in rows:
        print(f"| {what} | {number} |")


if __name__ == "__main__":
    main()
