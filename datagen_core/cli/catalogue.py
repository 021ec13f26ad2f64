"""The command `datagen catalogue`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.commands import (
    cache_option,
    json_option,
    open_cache,
    print_json,
    say,
    tell,
)
from datagen_core.errors import count_of


@click.command("catalogue")
@click.option("-o", "--output", "folder", metavar="DIR", required=True,
              type=click.Path(file_okay=False, path_type=Path),
              help="A new folder, or an earlier catalogue, which is replaced.")  # fmt: skip
@cache_option
@json_option
def catalogue_command(folder: Path, *, as_json: bool) -> None:
    """Write a page that lists all parameter sets of the cache, with a card for each.

    The page is DIR/index.html. It is searched as you type, without any request, so it can be opened
    from a disk or put on any web server. A set that is damaged or may not be read is a line that
    says so. The folder appears when all is written.

    \b
    Examples:
      datagen catalogue -o catalogue
      datagen catalogue -o /project/public/catalogue --cache /project/cache --json
    """
    from datagen_core.cards.catalogue import INDEX, write_catalogue  # slow; not for --help
    from datagen_core.cli.progress import counting

    with counting("writing cards") as report:
        made = write_catalogue(open_cache(), folder, report)
    path = folder.absolute() / INDEX
    if as_json:
        left_out = [{"name": name, "why": str(error)} for name, error in made.left_out]
        print_json({"path": str(path), "sets": made.sets, "left_out": left_out})
        return
    for name, error in made.left_out:
        tell(f"{name} has no card: {error}")
    say(f"{folder / INDEX}: {count_of(made.sets, 'set')}")
