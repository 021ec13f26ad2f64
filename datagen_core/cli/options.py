"""Options that several commands of the core have, and the meaning of their values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.commands import Decorator, open_cache, select_set
from datagen_core.errors import DatagenError

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet

yes_option: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
folder_option: Decorator = click.option(
    "--generators",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder with generators.py; its generators take precedence over installed ones.",
)


class Problems(list[DatagenError]):
    """Errors of single parameter sets, which keep no command from going on with the others."""

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep an error of the block, and end the block."""
        try:
            yield
        except DatagenError as error:
            self.append(error)

    def raise_any(self) -> None:
        """Print all errors but the last, a line each, and raise that one."""
        for error in self[:-1]:
            click.echo(f"datagen: error: {error}", err=True)
        if self:
            raise self[-1]


def select_sets(name: str | None, selector: tuple[str, ...], problems: Problems) -> list[ParamSet]:
    """Return one parameter set, all sets of data set `name`, or all sets of the cache.

    `problems` gets the errors of sets that are left out.

    Raises
    ------
    SelectionError
        When no data set or parameter set fits, or several sets fit the selector.
    click.UsageError
        For a selector without a name.
    """
    if name is not None and selector:
        return [select_set(name, selector)]
    if selector:
        raise click.UsageError("-p chooses a parameter set of a data set; give the data set's NAME")
    cache = open_cache()
    datasets = [cache[name]] if name is not None else list(cache.values())
    problems += [problem for dataset in datasets for problem in dataset.problems]
    return [param_set for dataset in datasets for param_set in dataset.values()]


def load_generator_of(param_set: ParamSet, name: str, folder: Path | None) -> DatasetGenerator:
    """Return the generator of a parameter set, loaded as its last run loaded it.

    A `name` with a path, or a folder, takes precedence.
    """
    from datagen_core.generators.registry import load_generator
    from datagen_core.store.runs import list_runs

    runs = list_runs(param_set.paths)
    if folder is not None or ":" in name or not runs or not runs[-1].source:
        return load_generator(name, folder).generator
    return load_generator(runs[-1].source).generator


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation on a terminal; without a terminal, `-y` is required.

    Raises
    ------
    click.Abort
        When the answer is no.
    click.UsageError
        When there is neither `-y` nor a terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to confirm on; confirm with -y")
    click.confirm(question, abort=True, err=True)
