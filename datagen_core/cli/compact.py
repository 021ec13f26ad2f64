"""The command `datagen compact`."""

from __future__ import annotations

import click

from datagen_core.cli.options import Problems, select_sets
from datagen_core.cli.summaries import name_set
from datagen_core.commands import cache_option, json_option, print_json, say, set_option
from datagen_core.errors import count_of


@click.command("compact")
@click.argument("name", required=False)
@set_option()
@click.option("--grace", type=click.FloatRange(0), default=24.0, show_default=True, metavar="HOURS",
              help="How long a shard is kept after a pack covers it.")  # fmt: skip
@cache_option
@json_option
def compact_command(
    name: str | None, selector: tuple[str, ...], grace: float, *, as_json: bool
) -> None:
    """Join many small shards into packs, from which random minibatches are read faster.

    A shard is removed only after a pack has covered it for the grace period, since readers on other
    machines may have it open.

    \b
    Examples:
      datagen compact
      datagen compact noisy_sine --grace 0 --json
    """
    from datagen_core.store.compaction import compact

    problems, results = Problems(), []
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            if not param_set.existing:
                continue
            done = compact(param_set.paths, param_set.record, param_set.schema, grace=3600 * grace)
            results.append({**name_set(param_set), **done._asdict()})
            if not as_json:
                say(
                    f"{param_set}: {count_of(done.packs, 'pack')} written, "
                    f"{count_of(done.removed, 'file')} removed, {done.waiting} "
                    f"{'waits' if done.waiting == 1 else 'wait'} for the grace period"
                )
    if as_json:
        print_json(results)
    problems.raise_any()
