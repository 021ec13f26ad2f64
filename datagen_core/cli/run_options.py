"""What the commands that submit runs share: their options, and how a run's status is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import select_sets
from datagen_core.errors import ConfigurationError

if TYPE_CHECKING:
    from datagen_core.reading.cache import ParamSet
    from datagen_core.scheduling.plan import Settings
    from datagen_core.scheduling.status import RunStatus
    from datagen_core.scheduling.submission import Run

_RUN_OPTIONS = [
    click.option("--njobs", "-njobs", type=click.IntRange(1), default=None,
                 help="How many jobs may run at once.  [default: 1]"),
    click.option("--executor", metavar="slurm|local|inline",
                 help="Where jobs run.  [default: slurm where there is one, else local]"),
    click.option("--time", "time_limit", metavar="T",
                 help="Time limit of a job, as for sbatch (30, 1:00:00, 2-12); else estimated."),
    click.option("--mem", "memory", metavar="M", help="Memory of a job, as for sbatch (4GB)."),
    click.option("--partition", metavar="P", help="The Slurm partition."),
    click.option("--cpus", type=click.IntRange(1), default=1, show_default=True,
                 help="Processors (and threads) of a job."),
    click.option("--slurm-option", "slurm_options", multiple=True, metavar="KEY=VALUE",
                 help="A further option of sbatch, such as qos=test; repeatable."),
    click.option("--no-wait", is_flag=True, help="Submit and return; see `datagen status`."),
    click.option("-v", "--verbose", is_flag=True, help="Say more on stderr."),
]  # fmt: skip


def run_options(command: Any) -> Any:
    """Add the options that say how a run is executed."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


def read_settings(options: dict[str, Any]) -> Settings:
    """Return the settings that the options mean."""
    from datagen_core.executors.base import Resources  # help must not pay for it
    from datagen_core.executors.limits import parse_memory, parse_time_limit
    from datagen_core.scheduling.plan import Settings

    if options["memory"]:
        parse_memory(options["memory"])
    resources = Resources(
        minutes=parse_time_limit(options["time_limit"]) if options["time_limit"] else None,
        memory=options["memory"],
        partition=options["partition"],
        cpus=options["cpus"],
        options=dict(_slurm_option(text) for text in options["slurm_options"]),
    )
    return Settings(options["njobs"] or 1, options["executor"], resources, not options["no_wait"])


def _slurm_option(text: str) -> tuple[str, str | bool]:
    key, equals, value = text.lstrip("-").partition("=")
    if not key:
        message = f"{text!r} is no option of sbatch: write KEY=VALUE, or KEY for a flag"
        raise ConfigurationError(message)
    return key, value if equals else True


def select_runs(
    name: str | None, selector: tuple[str, ...], number: int | None
) -> Iterator[tuple[ParamSet, RunStatus]]:
    """Yield the runs that a command means, each with its status."""
    from datagen_core.scheduling.status import status_of
    from datagen_core.store.runs import list_reservations

    for param_set in select_sets(name, selector):
        for reservation in list_reservations(param_set.paths):
            if number in {None, reservation.number}:
                yield param_set, status_of(param_set.paths, reservation)


def count_runs(verb: str, runs: int) -> str:
    """Return "resumed 2 runs", or nothing for no runs."""
    return f"{verb} {runs} run{'s' * (runs != 1)}" if runs else ""


def execute(runs: Sequence[Run]) -> list[RunStatus]:
    """Submit what is missing, and wait for it unless --no-wait says not to; return the statuses."""
    from datagen_core.scheduling.driving import inspect, submit  # help must not pay for it

    if not runs:
        return []
    for run in runs:
        run.announce = _announce
    if runs[0].settings.wait:
        return _watch(runs)
    submit(runs, inspect(runs))
    return inspect(runs)


def _announce(words: str) -> None:
    click.echo(f"datagen: {words}", err=True)


def _watch(runs: Sequence[Run]) -> list[RunStatus]:
    from datagen_core.cli.progress import watch  # help must not pay for it

    try:
        return watch(runs)
    except KeyboardInterrupt:
        run, name = runs[0], runs[0].binding.record.generator
        if run.executor.name not in {"local", "inline"}:
            _announce(f"its {run.executor.name} jobs go on: `datagen status {name}` tells how they "
                      f"are, `datagen resume {name}` waits for them, `datagen cancel {name}` ends "
                      "them")  # fmt: skip
        raise


def status_to_json(set_name: str, status: RunStatus) -> dict[str, Any]:
    """Return a run's status in plain JSON types."""
    reservation = status.reservation
    return {
        "set": set_name,
        "run": reservation.number,
        "id": reservation.id,
        "start": reservation.start,
        "stop": reservation.stop,
        "state": status.state,
        "done": len(status.done),
        "missing": len(status.missing),
        "ranges": [
            {
                "state": item.phase,
                "samples": [list(part) for part in item.samples],
                "reason": item.reason,
                "log": str(item.log) if item.log else None,
            }
            for item in status.ranges
        ],
    }
