"""The command `datagen generators`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.cli.options import folder_option
from datagen_core.commands import json_option, print_json, tell
from datagen_core.errors import DatagenError


@click.command("generators")
@click.option("--check", is_flag=True, help="Load each one, and show which do not work.")
@folder_option
@json_option
def generators_command(folder: Path | None, *, check: bool, as_json: bool) -> None:
    """Show the generators that can be used: installed plugins, and those of generators.py.

    \b
    Examples:
      datagen generators
      datagen generators --check
    """
    from datagen_core.generators.registry import folder_generators, installed_generators

    found = installed_generators()
    try:
        found |= folder_generators(folder)
    except DatagenError as error:  # a broken file hides no plugin
        tell(f"warning: {error}")
    rows = [(name, origin, _check(name, folder) if check else "") for name, origin in found.items()]
    if as_json:
        keys = ("name", "origin", "check")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    from datagen_core.cli.tables import print_table

    header = ("generator", "from", "works") if check else ("generator", "from")
    print_table("", header, [row[: len(header)] for row in rows])


def _check(name: str, folder: Path | None) -> str:
    from datagen_core.generators.registry import load_generator

    try:
        load_generator(name, folder)
    except DatagenError as error:
        return str(error)
    return "yes"
