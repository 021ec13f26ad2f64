"""Disturb many runs on a real Slurm and count what went wrong: `python -m benchmarks.slurm_faults`.

A throw-away cluster of four nodes is started, which needs root. The faults and the checks are those
of the tests; here there are more runs, and more faults in each.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fault_checks import Reference
from slurm_cluster import SlurmCluster
from slurm_faults import FAULTS, disturb, undisturbed

_FAULTS_A_RUN = (3, 7)


class Outcome(NamedTuple):
    """What became of one disturbed run."""

    faults: list[str]
    wrong: list[str]
    submissions: int
    tries: float
    seconds: float


def main() -> None:
    """Disturb as many runs as asked for; exit with 1 when anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slurm_faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the first run, default: 0")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slurm-faults-") as folder:
        reference = undisturbed(Path(folder) / "undisturbed")
        outcomes = [
            _disturb_one(Path(folder) / str(seed), reference, seed)
            for seed in range(arguments.seed, arguments.seed + arguments.runs)
        ]
    _print_table(outcomes)
    sys.exit(any(outcome.wrong for outcome in outcomes))


def _disturb_one(folder: Path, reference: Reference, seed: int) -> Outcome:
    rng = random.Random(seed)
    faults = rng.choices(list(FAULTS), k=rng.randint(*_FAULTS_A_RUN))
    begun = time.monotonic()
    with SlurmCluster("multi") as cluster:
        found = disturb(cluster, folder, reference, seed, faults)
    seconds = time.monotonic() - begun
    outcome = Outcome(found.faults, found.wrong, found.submissions, found.tries, seconds)
    _print_line(seed, outcome)
    if not outcome.wrong:
        shutil.rmtree(folder)
    return outcome


def _print_line(seed: int, outcome: Outcome) -> None:
    print(
        f"seed {seed}: {len(outcome.faults)} faults ({', '.join(outcome.faults)}), "
        f"{outcome.submissions} submissions, {outcome.seconds:.0f} s, "
        f"{len(outcome.wrong)} violations",
        file=sys.stderr,
        flush=True,
    )
    for line in dict.fromkeys(outcome.wrong):
        print(f"    {line}", file=sys.stderr, flush=True)


def _print_table(outcomes: list[Outcome]) -> None:
    kinds = Counter(fault for outcome in outcomes for fault in outcome.faults)
    rows = [
        ("runs", len(outcomes)),
        *((kind, kinds[kind]) for kind in FAULTS),
        ("faults in all", kinds.total()),
        ("runs with violations", sum(bool(outcome.wrong) for outcome in outcomes)),
        ("violations", sum(len(outcome.wrong) for outcome in outcomes)),
        ("submissions a run, mean", f"{mean(each.submissions for each in outcomes):.2f}"),
        ("submissions a run, most", max(outcome.submissions for outcome in outcomes)),
        ("times a sample was tried, mean", f"{mean(each.tries for each in outcomes):.2f}"),
        ("seconds a run, mean", f"{mean(outcome.seconds for outcome in outcomes):.0f}"),
    ]
    print("| what | count |\n|---|---:|")
    for what, count in rows:
        print(f"| {what} | {count} |")


if __name__ == "__main__":
    main()
