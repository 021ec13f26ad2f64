"""The command `datagen federated autogen`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core import StudyError, sweep
from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    open_cache,
    print_json,
    say,
    say_text,
    tell,
)

if TYPE_CHECKING:
    from datagen_core import Progress
    from datagen_federated.studies import Study

_EXAMPLES = """\b
Examples:
  datagen federated autogen --runs 50 --seed 123 --dry-run
  datagen federated autogen --runs 50 --task-split 60,40 --njobs 4 -o study.json
  datagen federated autogen --runs 1000 --njobs 100 --executor slurm --time 30
  datagen federated autogen --runs 20 --space space.json --repeats 5

\b
A space.json:
  {"dataset": "digits", "clients": [5, 10], "learning_rate": {"log_uniform": [1e-4, 1e-2]},
   "dropout": {"uniform": [0, 0.3]}, "rounds": {"integers": [5, 20]}, "cases": [
     {"weight": 2, "space": {"strategy": "iid"}},
     {"weight": 1, "space": {"strategy": "dirichlet", "alpha": {"choice": [0.1, 1]}}}]}

\b
With the keys "classification" and "regression", each with such a space, --task-split gives the
shares of points of both."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_REPORT_SECONDS = 5.0


@click.command(epilog=_EXAMPLES)
@click.option("--runs", type=click.IntRange(1), required=True, help="Number of points to draw.")
@click.option(
    "--space",
    "space_file",
    type=_FILE,
    metavar="JSON",
    help="The space to draw from.  [default: the MLaaS data generator's, without downloads]",
)
@click.option(
    "--task-split", metavar="C,R", help="Shares of classification and regression.  [default: 50,30]"
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=123,
    help="Seed of all draws and of the runs.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    help="Number of runs of each point.",
)
@click.option(
    "-o", "--output", type=_FILE, metavar="JSON", help="The manifest.  [default: study.json]"
)
@click.option(
    "--njobs",
    "-njobs",
    type=click.IntRange(1),
    default=1,
    help="Most jobs at a time.",
)
@click.option(
    "--executor",
    metavar="slurm|local|inline",
    help="The executor of jobs.  [default: slurm if there is one, else local]",
)
@click.option("--time", "time_limit", metavar="T", help="Time limit of a job, as for sbatch.")
@click.option("--mem", "memory", metavar="M", help="Memory of a job, as for sbatch (4GB).")
@click.option("--partition", metavar="P", help="The Slurm partition.")
@cache_option
@click.option("--dry-run", is_flag=True, help="Run nothing; write the manifest to -o, or print it.")
@json_option
def autogen(*, dry_run: bool, as_json: bool, **options: Any) -> None:  # fmt: skip
    """Make a random study: draw parameters of federated runs from a space, and make the runs.

    The same seed, space and number of runs give the same study: a second call continues an
    interrupted one, and more --repeats add runs. All points are checked and written to the manifest
    before anything runs. All runs are one submission.
    """
    study = _plan(options)
    output = options["output"] or (None if dry_run else Path("study.json"))
    if output is None:
        _print_manifest(study)
        return
    _publish(study, output, as_json=as_json)
    made = 0 if dry_run else _run(study, options)
    if as_json:
        counts = {"points": len(study.points), "redrawn": len(study.redrawn), "made": made}
        print_json({"manifest": str(output), **counts})
    elif not dry_run:
        say(f"federated_metrics: {made} runs made; `datagen list` shows them")


def _plan(options: dict[str, Any]) -> Study:
    from datagen_core import read_space  # help must not pay for numpy
    from datagen_federated import studies

    given = options["task_split"]
    split = _read_split(given) if given else None
    path = options["space_file"]
    space = read_space(path) if path else studies.DEFAULT_SPACE
    return studies.plan_study(options["runs"], space, options["seed"], split)


def _read_split(text: str) -> list[float]:
    """Return the shares of classification and regression.

    Raises
    ------
    StudyError
        When it is not such a list, or has a third share, the original's for clustering.
    """
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) == 3 and shares[2]:
        message = "clustering, the third share, is not simulated, since nothing is federated in it"
        raise StudyError(f"--task-split {text}: {message}; give two shares, such as 50,30")
    if len(shares) not in {2, 3} or not all(0 <= share < float("inf") for share in shares):
        message = "shares of classification and regression are two numbers, such as 50,30"
        raise StudyError(f"--task-split {text}: {message}")
    return shares[:2]


def _print_manifest(study: Study) -> None:
    from datagen_federated.studies import format_manifest  # help must not pay for numpy

    say_text(format_manifest(study))


def _publish(study: Study, output: Path, *, as_json: bool) -> None:
    from datagen_federated.studies import publish_manifest  # help must not pay for numpy

    is_new = publish_manifest(output, study)
    if not as_json:
        say(f"{output}: {_describe(study)}{'' if is_new else '; written before'}")


def _describe(study: Study) -> str:
    tasks = [point.get("task") for point in study.points]
    parts = ", ".join(f"{tasks.count(task)} {task}" for task in study.split or ())
    again = f"; {len(study.redrawn)} drawn again" if study.redrawn else ""
    return f"{count_of(len(tasks), 'point')}{f' ({parts})' if parts else ''}{again}"


def _run(study: Study, options: dict[str, Any]) -> int:
    """Make the missing runs, and return their number."""
    cache = open_cache()
    known = cache.get("federated_metrics", {}).values()
    before = {each.paths: len(each.existing) for each in known}
    made = sweep(
        "federated_metrics",
        options["repeats"],
        [point["params"] for point in study.points],
        seed=study.seed,
        total=True,
        njobs=options["njobs"],
        executor=options["executor"],
        time=options["time_limit"],
        memory=options["memory"],
        partition=options["partition"],
        cache=cache.path,
        observer=_Observer(),
    )
    return sum(len(each.existing) - before.get(each.paths, 0) for each in made)


class _Observer:
    """Reports the progress of runs on stderr every few seconds."""

    def __init__(self) -> None:
        self._reported = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self._reported > _REPORT_SECONDS:
            self._reported = time.monotonic()
            failed = f", {progress.failed} failed" if progress.failed else ""
            note = f"; {progress.note}" if progress.note else ""
            words = f"{progress.done} of {count_of(progress.total, 'run')}{failed}{note}"
            tell(f"federated_metrics: {words}", prefix="")
