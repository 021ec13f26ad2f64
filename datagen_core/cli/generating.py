"""The commands that start, watch, resume and cancel runs."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    cache_option,
    folder_option,
    json_option,
    open_cache,
    read_params,
    select_set,
    set_option,
)
from datagen_core.errors import ConfigurationError, IncompleteRunError

if TYPE_CHECKING:
    from datagen_core.cache import ParamSet
    from datagen_core.generation import Run
    from datagen_core.planning import Settings
    from datagen_core.status import RunStatus

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


def _settings(options: dict[str, Any]) -> Settings:
    from datagen_core.execution import Resources  # help must not pay for it
    from datagen_core.execution.limits import parse_memory, parse_time_limit
    from datagen_core.planning import Settings

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


@click.command("generate")
@click.argument("name")
@click.option("-n", "samples", type=click.IntRange(1), help="How many more samples to make.")
@click.option("--total", type=click.IntRange(1), help="How many there shall be altogether.")
@click.option("-p", "--param", "assignments", multiple=True, metavar="KEY=VALUE",
              help="A parameter; JSON for nested values. Repeatable.")  # fmt: skip
@click.option("--params", metavar="TEXT|@FILE", help="Parameters as JSON or a Python dict.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@run_options
@click.option("--dry-run", is_flag=True, help="Print the plan and do nothing.")
@folder_option
@cache_option
@json_option
def generate_command(  # noqa: PLR0913, PLR0917 (one for each argument and option)
    name: str,
    samples: int | None,
    total: int | None,
    assignments: tuple[str, ...],
    params: str | None,
    seed: int,
    folder: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    r"""Make samples of generator NAME.

    NAME is an installed generator, one of datasets.py in the current folder (or in --generators
    DIR), or path/to/file.py:name. Sample i depends on the generator, its parameters, the seed and i
    alone: the number of jobs does not matter, and asking for more later adds to what is there.

    \b
    Examples:
      datagen generate noisy_sine -n 1000 -p left=0 -p std_dev=0.5 --njobs 4
      datagen generate noisy_sine -n 1000 --params "{'left': 0, 'std_dev': 0.5}"
      datagen generate ./my_file.py:walk --total 5000 --executor slurm --time 30
      datagen generate noisy_sine -n 1000000 --njobs 40 --dry-run
    """
    from datagen_core.cli.rendering import watch  # help must not pay for it
    from datagen_core.execution.choice import choose_executor
    from datagen_core.generation import begin
    from datagen_core.planning import bind_generator, demand_of

    if (samples is None) == (total is None):
        message = "say how many samples: either -n N more, or --total N altogether"
        raise click.UsageError(message)
    settings = _settings(options)
    given = read_params(assignments, params)
    binding = bind_generator(name, folder, given, seed, open_cache().path)
    if warning := binding.changed_code():
        click.echo(f"datagen: warning: {warning}", err=True)
    demand = demand_of(binding, samples or total or 0, total=total is not None)
    executor = choose_executor(settings.executor)
    if dry_run:
        from datagen_core.cli.dry_run import print_plan

        print_plan(binding, demand, executor, settings, as_json=as_json)
        return
    run = begin(binding, demand, executor, settings)
    if run is None:
        _report_nothing(binding.record.generator, total, as_json=as_json)
        return
    _describe(run, verbose=options["verbose"])
    status = watch(run) if settings.wait else _submit(run)
    _report(run, status, as_json=as_json)


def _describe(run: Run, *, verbose: bool) -> None:
    if verbose:
        record = run.binding.record
        click.echo(f"cache        {run.binding.cache}", err=True)
        click.echo(f"set          {run.paths.set.root.name}  ({record.digest})", err=True)
        click.echo(f"run          {run.reservation.id}: samples {run.reservation.start} to "
                   f"{run.reservation.stop - 1}", err=True)  # fmt: skip
        click.echo(f"executor     {run.executor.name}", err=True)


def _submit(run: Run) -> RunStatus:
    run.submit(run.inspect())
    return run.inspect()


def _report_nothing(name: str, total: int | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"generator": name, "run": None, "missing": 0}))
    else:
        click.echo(f"{name} has {total} samples or more already; nothing to do")


def _report(run: Run, status: RunStatus, *, as_json: bool) -> None:
    """Print what became of a run; raise when it is over with samples missing."""
    from datagen_core.generation import explain  # help must not pay for it

    if as_json:
        click.echo(json.dumps(status_to_json(run.paths.set.root.name, status)))
    elif not status.missing:
        click.echo(f"{run.binding.record.generator}: {len(status.done)} samples made, "
                   f"{status.reservation.start} to {status.reservation.stop - 1}")  # fmt: skip
    elif not run.settings.wait:
        click.echo(f"submitted run {run.reservation.number} of {run.binding.record.generator}; "
                   f"`datagen status {run.binding.record.generator}` tells more")  # fmt: skip
    if status.missing and run.settings.wait:
        raise IncompleteRunError(explain(run, status))


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


def _chosen_sets(name: str | None, selector: tuple[str, ...]) -> Iterator[ParamSet]:
    """Yield the parameter sets that a command means: one, those of a data set, or all."""
    cache = open_cache()
    if name is not None and selector:
        yield select_set(name, selector)
    else:
        for dataset in [cache[name]] if name is not None else cache.values():
            yield from dataset.values()


def _chosen_runs(
    name: str | None, selector: tuple[str, ...], number: int | None
) -> Iterator[tuple[ParamSet, RunStatus]]:
    """Yield the runs that a command means, each with its status."""
    from datagen_core.generation import status_of
    from datagen_core.store.runs import list_reservations

    for param_set in list(_chosen_sets(name, selector)):
        for reservation in list_reservations(param_set.paths):
            if number in {None, reservation.number}:
                yield param_set, status_of(param_set.paths, reservation)


def _counted(verb: str, runs: int) -> str:
    return f"{verb} {runs} run{'s' * (runs != 1)}" if runs else ""


@click.command("resume")
@click.argument("name", required=False)
@set_option
@click.option("--run", "number", type=int, help="Only this run.")
@run_options
@cache_option
@json_option
def resume_command(
    name: str | None,
    selector: tuple[str, ...],
    number: int | None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    r"""Make what is missing of runs that were begun: of one set, one data set, or the whole cache.

    Jobs that are still alive are waited for, not started twice. A second resume changes nothing.

    \b
    Examples:
      datagen resume
      datagen resume noisy_sine -p 0 --mem 4GB
    """
    from datagen_core.cli.rendering import watch  # help must not pay for it
    from datagen_core.generation import explain, take_up

    settings = _settings(options)
    results = []
    for param_set, status in _chosen_runs(name, selector, number):
        if status.missing:
            run = take_up(param_set.paths, status.reservation, settings, options["njobs"])
            results.append((run, watch(run) if settings.wait else _submit(run)))
    if as_json:
        found = [status_to_json(run.paths.set.root.name, status) for run, status in results]
        click.echo(json.dumps(found))
    else:
        click.echo(_counted("resumed", len(results)) or "nothing is missing")
    incomplete = [(run, status) for run, status in results if status.missing and settings.wait]
    if incomplete:
        raise IncompleteRunError(explain(*incomplete[0]))


@click.command("status")
@click.argument("name", required=False)
@set_option
@click.option("--all", "show_all", is_flag=True, help="Show complete runs too.")
@cache_option
@json_option
def status_command(
    name: str | None, selector: tuple[str, ...], *, show_all: bool, as_json: bool
) -> None:
    r"""Say what became of runs: index ranges done, running, queued, failed or lost, and why.

    \b
    Examples:
      datagen status
      datagen status noisy_sine -p 0 --json
    """
    from datagen_core.cli.tables import print_statuses

    found = [
        (param_set, status)
        for param_set, status in _chosen_runs(name, selector, None)
        if show_all or as_json or status.missing
    ]
    if as_json:
        click.echo(json.dumps([
            {"generator": param_set.generator, "number": param_set.number,
             **status_to_json(param_set.paths.root.name, status)}
            for param_set, status in found
        ]))  # fmt: skip
    elif found:
        print_statuses(found)
    else:
        click.echo("all runs are complete")


@click.command("cancel")
@click.argument("name", required=False)
@set_option
@click.option("--run", "number", type=int, help="Only this run.")
@cache_option
def cancel_command(name: str | None, selector: tuple[str, ...], number: int | None) -> None:
    r"""Stop runs that are alive. They publish what they have; `datagen resume` goes on.

    \b
    Examples:
      datagen cancel noisy_sine
      datagen cancel noisy_sine -p 0 --run 3
    """
    from datagen_core.generation import cancel

    alive = [found for found in _chosen_runs(name, selector, number) if found[1].alive]
    for param_set, status in alive:
        cancel(param_set.paths, status.reservation, getpass.getuser())
    click.echo(_counted("cancelled", len(alive)) or "nothing is alive")
