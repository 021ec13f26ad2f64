"""The command `datagen unpack`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.cli.outcomes import Progress, report
from datagen_core.commands import cache_option, json_option, open_cache


@click.command("unpack")
@click.argument(
    "file", metavar="FILE.tar", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--dry-run", is_flag=True, help="Only check it, and say what would come.")
@cache_option
@json_option
def unpack_command(file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Check a file that `datagen pack` wrote, and import its parameter set into the cache.

    Where the set is here already, the two are joined as `datagen import` does it.

    \b
    Examples:
      datagen unpack noisy_sine-0.tar
      datagen unpack noisy_sine-0.tar --dry-run
    """
    from datagen_core.upkeep.merging.archives import unpack  # slow; not for --help

    outcomes = unpack(file, open_cache().path, dry_run=dry_run, observe=Progress())
    report(outcomes, dry_run=dry_run, as_json=as_json)
