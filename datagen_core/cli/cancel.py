"""The command `datagen cancel`."""

from __future__ import annotations

import click

from datagen_core.cli.options import Problems
from datagen_core.cli.runs import count_runs, select_runs
from datagen_core.commands import cache_option, say, set_option


@click.command("cancel")
@click.argument("name", required=False)
@set_option()
@click.option("--run", "number", type=int, help="Only this run.")
@cache_option
def cancel_command(name: str | None, selector: tuple[str, ...], number: int | None) -> None:
    """Stop runs that are alive. Samples that are made are kept; `datagen resume` makes the rest.

    \b
    Examples:
      datagen cancel noisy_sine
      datagen cancel noisy_sine -p 0 --run 3
    """
    from datagen_core.scheduling.run import cancel
    from datagen_core.store.documents import user_name

    problems = Problems()
    alive = [found for found in select_runs(name, selector, number, problems) if found[1].alive]
    cancel((param_set.paths.run(status.record.number) for param_set, status in alive), user_name())
    say(count_runs("cancelled", len(alive)) or "nothing is alive")
    problems.raise_any()
