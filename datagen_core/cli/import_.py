"""The command `datagen import`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.cli.outcomes import Progress, report
from datagen_core.commands import cache_option, json_option, open_cache


@click.command("import")
@click.argument("other", metavar="OTHER_CACHE", type=click.Path(path_type=Path))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would come; nothing is written.")
@cache_option
@json_option
def import_command(other: Path, names: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Bring all that OTHER_CACHE has, or data sets of it, into this cache.

    Sets of the same identity are joined: samples, splits, exclusions, runs, results, views and
    frozen digests. What is here stays as it is, and so do the numbers; new sets get the next ones.
    Files are linked where that is possible, else copied and verified. Nothing in OTHER_CACHE is
    run, approved or changed.

    What the two contradict each other in is refused and listed, and the exit code is 1: samples in
    different splits, which stay where they are here; sets whose samples have the same indices and
    other values; and damaged files. All else is imported. An import that was interrupted is
    repeated with the same command.

    A cache that is imported into itself is mended, as after `cp -r` of one over another.

    \b
    Examples:
      datagen import /cluster/cache --dry-run
      datagen import /cluster/cache noisy_sine
      datagen import datagen-cache --cache datagen-cache
    """
    from datagen_core.upkeep.merging.caches import import_cache  # slow; not for --help

    outcomes = import_cache(other, names, open_cache().path, dry_run=dry_run, observe=Progress())
    report(outcomes, dry_run=dry_run, as_json=as_json)
