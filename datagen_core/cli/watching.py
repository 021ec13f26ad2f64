"""The commands that resume, watch and cancel runs."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import select_sets
from datagen_core.cli.run_options import execute, read_settings, run_options, status_to_json
from datagen_core.commands import cache_option, json_option, set_option
from datagen_core.errors import IncompleteRunError

if TYPE_CHECKING:
    from datagen_core.reading.cache import ParamSet
    from datagen_core.scheduling.status import RunStatus


def _chosen_runs(
    name: str | None, selector: tuple[str, ...], number: int | None
) -> Iterator[tuple[ParamSet, RunStatus]]:
    """Yield the runs that a command means, each with its status."""
    from datagen_core.scheduling.status import status_of
    from datagen_core.store.runs import list_reservations

    for param_set in select_sets(name, selector):
        for reservation in list_reservations(param_set.paths):
            if number in {None, reservation.number}:
                yield param_set, status_of(param_set.paths, reservation)


def _counted(verb: str, runs: int) -> str:
    return f"{verb} {runs} run{'s' * (runs != 1)}" if runs else ""


@click.command("resume")
@click.argument("name", required=False)
@set_option()
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
    """Make what is missing of runs that were begun: of one set, one data set, or the whole cache.

    Jobs that are still alive are waited for, not started twice. A second resume changes nothing.

    \b
    Examples:
      datagen resume
      datagen resume noisy_sine -p 0 --mem 4GB
    """
    from datagen_core.scheduling.driving import explain  # help must not pay for it
    from datagen_core.scheduling.run import take_up
    from datagen_core.store.publishing import remove_litter

    settings = read_settings(options)
    runs = []
    for param_set, status in _chosen_runs(name, selector, number):
        if status.missing:
            runs.append(take_up(param_set.paths, status.reservation, settings, options["njobs"]))
        else:
            remove_litter(param_set.paths.temporary)
    results = list(zip(runs, execute(runs), strict=True))
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
@set_option()
@click.option("--all", "show_all", is_flag=True, help="Show complete runs too.")
@cache_option
@json_option
def status_command(
    name: str | None, selector: tuple[str, ...], *, show_all: bool, as_json: bool
) -> None:
    """Say what became of runs: index ranges done, running, queued, failed or lost, and why.

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
@set_option()
@click.option("--run", "number", type=int, help="Only this run.")
@cache_option
def cancel_command(name: str | None, selector: tuple[str, ...], number: int | None) -> None:
    """Stop runs that are alive. They publish what they have; `datagen resume` goes on.

    \b
    Examples:
      datagen cancel noisy_sine
      datagen cancel noisy_sine -p 0 --run 3
    """
    from datagen_core.scheduling.run import cancel

    alive = [found for found in _chosen_runs(name, selector, number) if found[1].alive]
    for param_set, status in alive:
        cancel(param_set.paths, status.reservation, getpass.getuser())
    click.echo(_counted("cancelled", len(alive)) or "nothing is alive")
