"""The command `datagen status`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from datagen_core import interrupts
from datagen_core.cli.options import Problems
from datagen_core.cli.runs import select_runs, status_to_json
from datagen_core.commands import cache_option, json_option, print_json, say, set_option, tell

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus


@click.command("status")
@click.argument("name", required=False)
@set_option()
@click.option("--all", "show_all", is_flag=True, help="Show complete runs too.")
@click.option("--watch", "follow", is_flag=True,
              help="Go on until the runs end; Ctrl-C stops.")  # fmt: skip
@click.option("--interval", "seconds", type=click.FloatRange(0.1), default=5.0, show_default=True,
              metavar="SECONDS", help="The least time between two looks of --watch.")  # fmt: skip
@cache_option
@json_option
def status_command(
    name: str | None,
    selector: tuple[str, ...],
    *,
    show_all: bool,
    follow: bool,
    seconds: float,
    as_json: bool,
) -> None:
    """Show the state of runs: index ranges done, running, queued, failed or lost, and why.

    With --watch, unfinished runs are shown as they go on: samples done, rate, time left and
    tasks, until they are complete or none is alive any more. That is a live table on a terminal,
    and elsewhere a line for each look. With --json, each look is a line with the JSON value that
    there is without --watch, and the `rate` of each run in samples per second.

    \b
    Examples:
      datagen status
      datagen status --watch
      datagen status noisy_sine -p 0 --json
    """
    from datagen_core.cli.statuses import print_statuses

    if follow:
        _watch(name, selector, seconds, as_json=as_json)
        return
    problems, complete = Problems(), show_all or as_json
    found = [
        (param_set, status)
        for param_set, status in select_runs(name, selector, None, problems, complete=complete)
        if complete or status.missing
    ]
    if as_json:
        print_json([_to_json(*each) for each in found])
    elif found:
        print_statuses(found)
    elif not problems:
        say("all runs are complete")
    problems.raise_any()


def _watch(name: str | None, selector: tuple[str, ...], seconds: float, *, as_json: bool) -> None:
    from datagen_core.cli.watching import display, watch  # slow; not for --help

    problems = Problems()

    def find() -> list[tuple[ParamSet, RunStatus]]:
        problems.clear()
        problems.unreadable.clear()
        return list(select_runs(name, selector, None, problems))

    with _heeding_interrupt(), display() as show:
        for runs in watch(find, seconds):
            if as_json:
                print_json([{**_to_json(*each[:2]), "rate": each.rate} for each in runs])
            elif runs:
                show(runs)
            elif not problems:
                say("all runs are complete")
    problems.raise_any()


@contextmanager
def _heeding_interrupt() -> Iterator[None]:
    """End the process where somebody who watches presses Ctrl-C, which ends no run."""
    try:
        yield
    except KeyboardInterrupt:
        tell("no longer watching; the runs go on", prefix="")
        sys.exit(interrupts.CODE)


def _to_json(param_set: ParamSet, status: RunStatus) -> dict[str, Any]:
    described = status_to_json(param_set.paths, param_set.number, status)
    return {**described, "number": param_set.number}
