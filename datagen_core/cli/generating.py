"""The commands that start, watch, resume and cancel runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    cache_option,
    folder_option,
    json_option,
    open_cache,
    read_params,
)
from datagen_core.cli.run_options import execute, read_settings, run_options, status_to_json
from datagen_core.errors import IncompleteRunError

if TYPE_CHECKING:
    from datagen_core.driving import Run
    from datagen_core.status import RunStatus


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
    from datagen_core.execution.choice import choose_executor, fallback_reason
    from datagen_core.generation import begin
    from datagen_core.planning import bind_generator, demand_of

    if (samples is None) == (total is None):
        message = "say how many samples: either -n N more, or --total N altogether"
        raise click.UsageError(message)
    settings = read_settings(options)
    given = read_params(assignments, params)
    binding = bind_generator(name, folder, given, seed, open_cache().path)
    if warning := binding.changed_code():
        click.echo(f"datagen: warning: {warning}", err=True)
    demand = demand_of(binding, samples or total or 0, total=total is not None)
    executor = choose_executor(settings.executor)
    if why := fallback_reason(settings.executor, executor):
        click.echo(f"datagen: {why}", err=True)
    if dry_run:
        from datagen_core.cli.dry_run import print_plan

        print_plan(binding, demand, executor, settings, as_json=as_json)
        return
    run = begin(binding, demand, executor, settings)
    if run is None:
        _report_nothing(binding.record.generator, total, as_json=as_json)
        return
    _describe(run, verbose=options["verbose"])
    status = execute(run)
    _report(run, status, as_json=as_json)


def _describe(run: Run, *, verbose: bool) -> None:
    if verbose:
        record = run.binding.record
        click.echo(f"cache        {run.binding.cache}", err=True)
        click.echo(f"set          {run.paths.set.root.name}  ({record.digest})", err=True)
        click.echo(f"run          {run.reservation.id}: samples {run.reservation.start} to "
                   f"{run.reservation.stop - 1}", err=True)  # fmt: skip
        click.echo(f"executor     {run.executor.name}", err=True)


def _report_nothing(name: str, total: int | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"generator": name, "run": None, "missing": 0}))
    else:
        click.echo(f"{name} has {total} samples or more already; nothing to do")


def _report(run: Run, status: RunStatus, *, as_json: bool) -> None:
    """Print what became of a run; raise when it is over with samples missing."""
    from datagen_core.driving import explain  # help must not pay for it

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
