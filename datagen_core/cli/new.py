"""The command `datagen new`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from datagen_core.commands import json_option, print_json, say


@click.command("new")
@click.argument("name")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@json_option
def new_command(name: str, folder: Path | None, *, as_json: bool) -> None:
    """Make a plugin NAME: a distribution with a generator, tests and a README, which works at once.

    It is written into a new folder DIR, by default `datagen-NAME` here. Its generator has the name
    with underscores. Install it once with `pip install -e`; then edit it, and run its tests, which
    check what datagen expects of every generator.

    \b
    Examples:
      datagen new my-sim
      datagen new my-sim plugins/my-sim
    """
    from datagen_core.upkeep.new_plugin import PluginNames, make_plugin

    names = PluginNames.of(name)
    folder = folder or Path(names.distribution)
    files = make_plugin(names, folder)
    if as_json:
        print_json({**names._asdict(), "folder": str(folder), "files": [*map(str, files)]})
        return
    say(f"{names.distribution} is made in {folder}, with the generator {names.generator}. Next:")
    for line in (
        f"cd {shlex.quote(str(folder))}",
        "pip install -e '.[test]'",
        "pytest",
        f"datagen generate {names.generator} -n 1000",
    ):
        say(f"  {line}")
