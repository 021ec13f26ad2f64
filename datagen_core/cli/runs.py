"""Runs on the command line: options, settings, the choice of runs, and their execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from datagen_core.cli.options import Problems, WholeNumber, select_sets
from datagen_core.commands import tell
from datagen_core.errors import ConfigurationError, count_of

if TYPE_CHECKING:
    from datagen_core.executors.base import Executor
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.plan import Settings
    from datagen_core.scheduling.run import Run
    from datagen_core.scheduling.status import RunStatus
    from datagen_core.store.layout import SetPaths

_MOST_CPUS = 65_533
"""Slurm counts processors in 16 bits, and keeps the highest numbers for itself."""


def _keep_profile(ctx: click.Context, param: click.Parameter, texts: Sequence[str]) -> list[str]:
    """Add options that are given to those of a profile; of two with one name the later counts."""
    name = str(param.name)
    is_given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    return [*(ctx.lookup_default(name) or () if is_given else ()), *texts]


_option = partial(click.option, show_default=True)  # which may be a profile's

_RUN_OPTIONS = [
    _option("--njobs", "-njobs", type=WholeNumber(1), default=None,
            help="Number of jobs that may run at once; one if nothing says otherwise."),
    _option("--executor", metavar="NAME",
            help="Where jobs run: slurm, local, inline, dask, or a plugin's executor; slurm if "
            "available, else local, if nothing says otherwise."),
    click.option("--time", "time_limit", metavar="T",
                 help="Time limit, as for sbatch (30, 1:00:00, 2-12).  [default: estimated]"),
    click.option("--mem", "memory", metavar="M", help="Memory of a job, as for sbatch (4GB)."),
    _option("--partition", metavar="P", help="The Slurm partition."),
    _option("--account", metavar="A", help="The account that Slurm charges."),
    _option("--qos", metavar="Q", help="The quality of service of Slurm."),
    click.option("--cpus", type=WholeNumber(1, _MOST_CPUS), default=1, show_default=True,
                 help="Processors of a job. The first run of a set decides its number of threads."),
    click.option("--gpus", type=WholeNumber(0, _MOST_CPUS), default=0, show_default=True,
                 help="GPUs of a job, which it sees alone."),
    _option("--setup", multiple=True, metavar="LINE",
            help="A shell command that runs before the work, where the executor has a shell, such "
            "as 'module load gcc'; repeatable."),
    _option("--executor-option", "--slurm-option", "executor_options", multiple=True,
            metavar="KEY=VALUE", callback=_keep_profile,
            help="Another option of the executor, such as sbatch's nice=5; repeatable."),
    click.option("--probe", is_flag=True,
                 help="Where the code changed, make existing samples anew to compare them, however "
                 "long that takes."),
    click.option("--accept-code", is_flag=True,
                 help="Where the code changed, go on without that; marks the set as mixed."),
    click.option("--no-wait", is_flag=True, help="Submit and return; see `datagen status`."),
    click.option("-v", "--verbose", is_flag=True, help="Print more on stderr."),
]  # fmt: skip


def run_options(command: Any) -> Any:
    """Add the options that say how a run is executed."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


def read_settings(options: dict[str, Any]) -> Settings:
    """Return the settings that `run_options` give.

    Raises
    ------
    ConfigurationError
        For an invalid time, memory or option of the executor.
    """
    from datagen_core.executors.base import Resources  # slow; not for --help
    from datagen_core.executors.limits import parse_memory, parse_time_limit
    from datagen_core.scheduling.plan import Settings

    if options["memory"]:
        parse_memory(options["memory"])
    resources = Resources(
        minutes=parse_time_limit(options["time_limit"]) if options["time_limit"] else None,
        memory=options["memory"],
        partition=options["partition"],
        cpus=options["cpus"],
        options=dict(_executor_option(text) for text in options["executor_options"]),
        setup=tuple(options["setup"]),
        gpus=options["gpus"],
        account=options["account"],
        qos=options["qos"],
    )
    return Settings(
        options["njobs"] or 1, options["executor"], resources, not options["no_wait"],
        options["probe"], options["accept_code"],
    )  # fmt: skip


def _executor_option(text: str) -> tuple[str, str | bool]:
    key, equals, value = text.lstrip("-").partition("=")
    if not key:
        raise ConfigurationError(
            f"{text!r} is not an option of an executor; write KEY=VALUE, or KEY for a flag"
        )
    return key, value if equals else True


def select_runs(
    name: str | None,
    selector: tuple[str, ...],
    number: int | None,
    problems: Problems,
    *,
    complete: bool = True,
) -> Iterator[tuple[ParamSet, RunStatus]]:
    """Yield the runs of the selected parameter sets, or those of one number, with their status.

    `problems` gets the errors of sets whose runs cannot be read. Without `complete`, sets of which
    no sample is missing are left out, whose runs need not be read.
    """
    from datagen_core.scheduling.status import Look, has_holes, status_of
    from datagen_core.store.runs import list_runs

    chosen = []
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            is_wanted = complete or has_holes(param_set.paths)
            records = list_runs(param_set.paths) if is_wanted else []
            chosen += [(param_set, each) for each in records if number in {None, each.number}]
    look = Look([(param_set.paths.run(record.number), record) for param_set, record in chosen])
    for param_set, record in chosen:
        found = []
        with problems.collect(param_set):
            found = [(param_set, status_of(param_set.paths, record, look))]
        yield from found


def count_runs(verb: str, runs: int) -> str:
    """Return "resumed 2 runs", or nothing for no runs."""
    return f"{verb} {count_of(runs, 'run')}" if runs else ""


def choose_patiently(name: str | None, *, waits: bool) -> Executor:
    """Return the executor of that name, or the best one, waiting for its scheduler to answer."""
    from datagen_core.executors.choice import choose_executor  # slow; not for --help
    from datagen_core.scheduling.patience import ask_patiently

    return ask_patiently(partial(choose_executor, name), tell, waits=waits)


def execute(runs: Sequence[Run]) -> list[RunStatus]:
    """Submit what is missing, and wait for it unless --no-wait says not to; return the statuses."""
    from datagen_core.scheduling.driving import inspect, submit  # slow; not for --help

    if not runs:
        return []
    for run in runs:
        run.announce = tell
    if runs[0].settings.wait:
        return _watch(runs)
    submit(runs, inspect(runs))
    return inspect(runs)


def _watch(runs: Sequence[Run]) -> list[RunStatus]:
    from datagen_core.cli.progress import watch  # slow; not for --help
    from datagen_core.store.advice import command_for_all  # the same

    try:
        return watch(runs)
    except KeyboardInterrupt:
        if not runs[0].executor.ends_with_caller:
            words = ("status", "resume", "cancel")
            sets = {run.paths.set for run in runs}
            show, wait, stop = (command_for_all(sets, word) for word in words)
            tell(
                f"its {runs[0].executor.name} jobs go on: `{show}` shows them, `{wait}` waits for "
                f"them, `{stop}` stops them"
            )
        raise


def set_numbers(folder: Path) -> dict[SetPaths, int]:
    """Return the numbers of the parameter sets in the folder of a data set."""
    from datagen_core.store.sets import list_sets  # slow; not for --help

    return {paths: number for number, paths in list_sets(folder, []).items()}


def runs_to_json(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> list[dict[str, Any]]:
    """Return the states of runs in plain JSON types."""
    sets = [run.paths.set for run in runs]
    numbers: dict[SetPaths, int] = {}
    for folder in {paths.root.parent for paths in sets}:
        numbers |= set_numbers(folder)
    return [
        status_to_json(paths, numbers.get(paths), status)
        for paths, status in zip(sets, statuses, strict=True)
    ]


def status_to_json(paths: SetPaths, number: int | None, status: RunStatus) -> dict[str, Any]:
    """Return the state of a run of a set of this number in plain JSON types."""
    record = status.record
    return {
        "generator": paths.root.parent.name,
        "set": number,
        "folder": paths.root.name,
        "run": record.number,
        "id": record.id,
        "start": record.start,
        "stop": record.stop,
        "state": status.state,
        "done": len(status.done),
        "missing": len(status.missing),
        "ranges": [
            {
                "state": item.state,
                "count": len(item.samples),
                "samples": [list(part) for part in item.samples],
                "reason": item.reason,
                "nodes": sorted(item.nodes),
                "log": str(item.log) if item.log else None,
            }
            for item in status.groups
        ],
    }
