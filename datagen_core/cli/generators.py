"""The command `datagen generators`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import folder_option
from datagen_core.commands import json_option, print_json, tell
from datagen_core.errors import DatagenError, GeneratorError

if TYPE_CHECKING:
    from datagen_core.upkeep.plugin_trials import Verdict


@click.command("generators")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Make one batch of each, and say which do not work.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0,
              show_default=True, metavar="SECONDS",
              help="With --check: how long a batch may take.")  # fmt: skip
@folder_option
@json_option
def generators_command(
    names: tuple[str, ...], folder: Path | None, timeout: float, *, check: bool, as_json: bool
) -> None:
    """Show the generators that can be used: installed plugins, and those of generators.py.

    With NAMEs, only these. With --check, one batch of each is made with its defaults, in a process
    of its own. Each one that is broken gets a line with its distribution and what to do, and the
    exit code is then 1. A generator that needs a parameter, a file or a package is not broken; a
    line says what it needs. Nor is one whose batch takes longer than --timeout.

    \b
    Examples:
      datagen generators
      datagen generators --check
      datagen generators noisy_sine --check --timeout 10
    """
    found, problem = _find(names, folder)
    if problem is not None:  # a broken file hides no plugin
        tell(f"warning: {problem}")
    verdicts = _try(found, timeout) if check else {}
    rows = [(name, origin, verdicts.get(name)) for name, (origin, _) in found.items()]
    if as_json:
        print_json([_describe(*row) for row in rows])
    else:
        _print(rows, check=check)
    broken = [each for each in verdicts.values() if each.state == "broken"]
    if broken:
        raise DatagenError(f"{_count(len(broken))}: {', '.join(each.name for each in broken)}")
    if check and problem is not None:
        raise DatagenError("not all generators are checked: see the warning")


def _count(broken: int) -> str:
    return "1 generator does not work" if broken == 1 else f"{broken} generators do not work"


def _find(
    names: tuple[str, ...], folder: Path | None
) -> tuple[dict[str, tuple[str, str]], DatagenError | None]:
    """Return where each generator is from, and by what it is loaded; and what is wrong with a file.

    Raises
    ------
    GeneratorError
        If there is none of a name.
    """
    from datagen_core.generators.registry import (
        folder_generators,
        installed_generators,
        load_generator,
    )

    found = {name: (origin, name) for name, origin in installed_generators().items()}
    problem, files = None, dict[str, str]()
    try:
        files = folder_generators(folder)
    except DatagenError as error:
        problem = error
    found |= {name: (file, f"{file}:{name}") for name, file in files.items()}
    if unknown := [name for name in names if name not in found]:
        load_generator(unknown[0], folder)  # which says what is near it
        raise GeneratorError(f"{unknown[0]} is not listed; name a generator as it is listed")
    return {name: found[name] for name in names or found}, problem


def _try(found: dict[str, tuple[str, str]], seconds: float) -> dict[str, Verdict]:
    from datagen_core.cli.progress import counting
    from datagen_core.upkeep.plugin_trials import try_generators

    verdicts = {}
    sources = [(name, source) for name, (_, source) in found.items()]
    with counting("generators", transient=True) as show:
        show(0, len(sources))
        for verdict in try_generators(sources, seconds):
            verdicts[verdict.name] = verdict
            show(len(verdicts), len(sources))
    return verdicts


def _describe(name: str, origin: str, verdict: Verdict | None) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "origin": origin, "check": ""}
    if verdict is None:
        return described
    check = "yes" if verdict.state == "works" else verdict.message
    return {**described, "check": check, **verdict._asdict()}


def _print(rows: list[tuple[str, str, Verdict | None]], *, check: bool) -> None:
    from datagen_core.cli.tables import print_table

    header = ("generator", "from", "works") if check else ("generator", "from")
    cells = [(name, origin, _word(verdict)) for name, origin, verdict in rows]
    print_table("", header, [row[: len(header)] for row in cells])
    for _, _, verdict in rows:
        if verdict is not None and verdict.message:
            tell(f"{verdict.state}: {verdict.message}", prefix="")


def _word(verdict: Verdict | None) -> str:
    return "yes" if verdict and verdict.state == "works" else verdict.state if verdict else ""
