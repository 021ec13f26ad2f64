"""Options that several commands of the core have, and the meaning of their values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.commands import Decorator, open_cache, select_set
from datagen_core.errors import DatagenError
from datagen_core.ranges import MOST_SAMPLES

if TYPE_CHECKING:
    from decimal import Decimal

    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet

_SHOWN = 40
"""How many characters of a wrong number are shown."""

yes_option: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
folder_option: Decorator = click.option(
    "--generators",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder with generators.py; its generators take precedence over installed ones.",
)


class WholeNumber(click.ParamType):  # type: ignore[type-arg]  # older versions take none
    """A whole number as people write it: 1000000, 1_000_000, or 1e6; a fraction is refused."""

    name = "integer"

    def __init__(self, least: int, most: int = MOST_SAMPLES) -> None:
        self._least, self._most = least, most

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number; click names the option in the error."""
        number, text = _read_number(value), _shorten(str(value))
        if number is None:
            self.fail(f"{text!r} is not a whole number, such as 1000000, 1_000_000 or 1e6",
                      param, ctx)  # fmt: skip
        if number < self._least:
            self.fail(f"{text} is below {self._least}", param, ctx)
        if number > self._most:
            self.fail(f"{text} is above {_shorten(str(self._most))}", param, ctx)
        return int(number)


def _read_number(value: str | int) -> Decimal | None:
    """Return a whole number, which may be too large for the digits of an `int`; else None."""
    from decimal import Decimal, InvalidOperation  # few commands count

    with suppress(InvalidOperation):
        number = Decimal(value)
        if number.is_finite() and number == number.to_integral_value():
            return number
    return None


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


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


def confirm(question: Callable[[], str], *, yes: bool) -> None:
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
    click.confirm(question(), abort=True, err=True)
