"""The command `datagen compact`."""

from __future__ import annotations

import click

from datagen_core.cli.options import Problems, select_sets
from datagen_core.commands import cache_option, say, set_option


@click.command("compact")
@click.argument("name", required=False)
@set_option()
@click.option("--grace", type=click.FloatRange(0), default=24.0, show_default=True, metavar="HOURS",
              help="How long a shard is kept after a pack covers it.")  # fmt: skip
@cache_option
def compact_command(name: str | None, selector: tuple[str, ...], grace: float) -> None:
    """Join many small shards into packs, from which random minibatches are read faster.

    A shard is removed only after a pack has covered it for the grace period, since readers on other
    machines may have it open.

    \b
    Examples:
      datagen compact
      datagen compact noisy_sine --grace 0
    """
    from datagen_core.store.compaction import compact

    problems = Problems()
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            if not param_set.existing:
                continue
            done = compact(param_set.paths, param_set.record, param_set.schema, grace=3600 * grace)
            say(f"{param_set}: {done.packs} packs written, {done.removed} files removed, "
                       f"{done.waiting} wait for the grace period")  # fmt: skip
    problems.raise_any()
