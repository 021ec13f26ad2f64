"""The long run of the fault tests: `python benchmarks/faults.py --runs 200`.

The same code as tests/faults, with more runs and other seeds: kill -9 and SIGSTOP of workers,
submitters and movers at random. Prints one table, in Markdown, and exits with 1 if anything was
violated; seeds can be repeated with `--seed`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

if TYPE_CHECKING:
    from local_chaos import Outcome


def local_chaos(runs: int, seed: int, jobs: int = 1) -> Iterator[Outcome]:
    """Yield the outcome of each run, as they come; `jobs` of them go on at a time."""
    from local_chaos import make_reference, run_chaos  # found once sys.path is set

    with tempfile.TemporaryDirectory(prefix="datagen-chaos-") as folder:
        root = Path(folder)
        reference = make_reference(root / "reference")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            seeds = range(seed, seed + runs)
            tasks = [pool.submit(run_chaos, root / str(each), reference, each) for each in seeds]
            for task in tasks:
                yield task.result()


def format_outcomes(outcomes: list[Outcome]) -> str:
    """Return the table: how often each fault was injected, and what came of it."""
    kinds = sorted({kind for outcome in outcomes for kind in outcome.faults})
    rows = [(kind.replace("_", " "), sum(o.faults[kind] for o in outcomes)) for kind in kinds]
    rows.append(("all faults", sum(outcome.faults.total() for outcome in outcomes)))
    rows.append(("looks of the reader at all files", sum(o.checks for o in outcomes)))
    rows.append(("moves reported done", sum(outcome.moves for outcome in outcomes)))
    rows.append(("violations", sum(len(outcome.violations) for outcome in outcomes)))
    rows.append(("longest run, seconds", round(max(outcome.seconds for outcome in outcomes))))
    lines = [f"| local chaos | {len(outcomes)} runs |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {number:,} |" for name, number in rows)])


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1000, help="of the first run")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    arguments = parser.parse_args()
    outcomes = []
    for outcome in local_chaos(arguments.runs, arguments.seed, arguments.jobs):
        outcomes.append(outcome)
        state = "; ".join(outcome.violations) or "nothing violated"
        print(f"seed {outcome.seed}: {outcome.faults.total()} faults, {state}", file=sys.stderr)
    print(format_outcomes(outcomes))
    sys.exit(any(outcome.violations for outcome in outcomes))


if __name__ == "__main__":
    main()
