"""The command `datagen status`."""

from __future__ import annotations

import click

from datagen_core.cli.options import Problems
from datagen_core.cli.runs import select_runs, status_to_json
from datagen_core.commands import cache_option, json_option, print_json, say, set_option


@click.command("status")
@click.argument("name", required=False)
@set_option()
@click.option("--all", "show_all", is_flag=True, help="Show complete runs too.")
@cache_option
@json_option
def status_command(
    name: str | None, selector: tuple[str, ...], *, show_all: bool, as_json: bool
) -> None:
    """Show the state of runs: index ranges done, running, queued, failed or lost, and why.

    \b
    Examples:
      datagen status
      datagen status noisy_sine -p 0 --json
    """
    from datagen_core.cli.statuses import print_statuses

    problems, complete = Problems(), show_all or as_json
    found = [
        (param_set, status)
        for param_set, status in select_runs(name, selector, None, problems, complete=complete)
        if complete or status.missing
    ]
    if as_json:
        print_json([
            {"generator": param_set.generator, "number": param_set.number,
             **status_to_json(param_set.paths.root.name, status)}
            for param_set, status in found
        ])  # fmt: skip
    elif found:
        print_statuses(found)
    elif not problems:
        say("all runs are complete")
    problems.raise_any()
