"""Options that several commands of the core have, and the meaning of their values."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from datagen_core.cli.questions import ask
from datagen_core.commands import Decorator, open_cache, select_set, set_option, tell
from datagen_core.errors import (
    DatagenError,
    SelectionError,
    UnreadableError,
    VerificationError,
    as_line,
    count_of,
    shorten,
)
from datagen_core.ranges import MOST_SAMPLES
from datagen_core.store.access import fault_of
from datagen_core.store.layout import removed_set

if TYPE_CHECKING:
    from decimal import Decimal

    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.cache import Dataset
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.trusting import Decide, Thing

_LONGEST_ESCAPE = len("\\U0010ffff")

sets_option: Decorator = set_option(
    "Parameter sets: a number or the beginning of a digest for each, or key=value, where * and ? "
    "in a value stand for any characters. Repeatable."
)
filter_option: Decorator = set_option(
    "Only sets that fit: key=value, where * and ? in a value stand for any characters, numbers, or "
    "beginnings of digests. Repeatable."
)
state_option: Decorator = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(["complete", "running", "holes", "refused", "mixed", "private"]),
    help="Only sets of which `datagen list` shows this state. Repeatable, for one of several.",
)
all_sets_option: Decorator = click.option(
    "--all-sets", is_flag=True, help="All parameter sets of NAME, or all that fit -p."
)
yes_option: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
folder_option: Decorator = click.option(
    "--generators",
    "folder",
    metavar="DIR",
    show_default=True,
    type=click.Path(path_type=Path),
    help="A folder with generators.py; its generators take precedence over installed ones.",
)


class Consent:
    """Asks on the terminal whether what a cache names may run, once for each different thing.

    Parameters
    ----------
    everything
        Whether the user has said so for all of it, by `--trust`.
    """

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self._answers: dict[Path, bool] = {}

    def __call__(self, thing: Thing) -> bool:
        """Return whether something that is not trusted yet may be used."""
        from datagen_core.store.trust import approval_path

        key = approval_path(thing.kind, thing.content)
        if key not in self._answers:
            self._answers[key] = self._everything or self._ask(thing)
        return self._answers[key]

    def _ask(self, thing: Thing) -> bool:
        if not sys.stdin.isatty():
            return False
        tell(f"{thing.run}, recorded by {thing.owner}, names what you do not trust:", prefix="")
        for line in thing.lines:  # all of each: what is left out could be what matters
            click.echo(f"  {as_line(line, len(line) * _LONGEST_ESCAPE)}", err=True)  # noqa: TID251
        return ask("Let it run as you?")


def _consent(_: click.Context, __: click.Parameter, value: bool) -> Consent:  # noqa: FBT001 (click's)
    return Consent(everything=value)


trust_option: Decorator = click.option(
    "--trust",
    "decide",
    is_flag=True,
    callback=_consent,
    help="Let code, folders and options that the cache names run as you, and remember them. "
    "Without it you are asked, on a terminal; what you have run before needs neither.",
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
        number, text = _read_number(value), shorten(str(value))
        if number is None:
            self.fail(f"{text!r} is not a whole number, such as 1000000, 1_000_000 or 1e6",
                      param, ctx)  # fmt: skip
        if number < self._least:
            self.fail(f"{text} is below {self._least}", param, ctx)
        if number > self._most:
            self.fail(f"{text} is above {shorten(str(self._most))}", param, ctx)
        return int(number)


def _read_number(value: str | int) -> Decimal | None:
    """Return a whole number, which may be too large for the digits of an `int`; else None."""
    from decimal import Decimal, InvalidOperation  # few commands count

    with suppress(InvalidOperation):
        number = Decimal(value)
        if number.is_finite() and number == number.to_integral_value():
            return number
    return None


class LeftOut(NamedTuple):
    """A parameter set that a command leaves out; the number is None where none is known."""

    generator: str
    number: int | None
    error: DatagenError

    def __str__(self) -> str:
        return self.generator if self.number is None else f"{self.generator} {self.number}"


class Problems(list[DatagenError]):
    """Errors of single parameter sets, which keep no command from going on with the others.

    Attributes
    ----------
    unreadable
        What this user may not read, which is no error, unless the user has chosen it.
    damaged
        The parameter sets that the errors are about.
    is_chosen
        Whether the user has chosen one parameter set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: list[LeftOut] = []
        self.damaged: list[LeftOut] = []
        self.is_chosen = False

    def add(self, dataset: Dataset) -> None:
        """Keep why parameter sets of a data set are left out."""
        for error in dataset.problems:
            self._leave_out(LeftOut(dataset.name, None, error))
        for number, closed in dataset.unreadable.items():
            self._leave_out(LeftOut(dataset.name, number, closed))

    @contextmanager
    def collect(self, param_set: ParamSet) -> Iterator[None]:
        """Keep an error of the block, which is about a parameter set, and end the block.

        What stands in a cache may make a reader fail in any way. A set that was removed since it
        was listed is passed over, unless the user has chosen it.
        """
        try:
            yield
        except (BrokenPipeError, click.Abort, click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            is_known = isinstance(error, DatagenError | OSError)
            if os.environ.get("DATAGEN_TRACEBACK") and not is_known:
                raise
            self._keep(param_set, error)

    def _keep(self, param_set: ParamSet, error: Exception) -> None:
        if isinstance(error, FileNotFoundError) and not param_set.paths.root.exists():
            self += [removed_set(param_set.paths)] if self.is_chosen else []
            return
        name, fault = param_set.paths.root.parent.name, fault_of(param_set, error)
        self._leave_out(LeftOut(name, param_set.number, fault))

    def _leave_out(self, found: LeftOut) -> None:
        if isinstance(found.error, UnreadableError):
            self.unreadable.append(found)
        else:
            self.append(found.error)
            self.damaged.append(found)

    def tell_unreadable(self) -> None:
        """Say in a line each what is left out as unreadable; what was chosen becomes an error."""
        for each in self.unreadable:
            if self.is_chosen:
                self.append(each.error)
            else:
                tell(f"{each} is left out: {each.error}", dim=True)

    def raise_any(self) -> None:
        """Say what is unreadable; print all errors but the last, and raise it; equal ones once."""
        self.tell_unreadable()
        found = list({str(error): error for error in self}.values())
        for error in found[:-1]:
            tell(f"error: {error}")
        if found:
            raise found[-1]


def count_problems(count: int) -> str:
    """Return how many problems a check has found, in words."""
    return count_of(count, "problem")


def raise_problems(problems: Sequence[str]) -> None:
    """Print all problems that a check has found but the first, and raise that one, if any."""
    for each in problems[1:]:
        tell(each, prefix="  ")
    if problems:
        raise VerificationError(f"{count_problems(len(problems))} found: {problems[0]}")


def select_sets(name: str | None, selector: tuple[str, ...], problems: Problems) -> list[ParamSet]:
    """Return one parameter set, all sets of data set `name`, or all sets of the cache.

    `problems` gets the errors of sets that are left out.

    Raises
    ------
    SelectionError
        When no data set or parameter set fits, or several sets fit the selector.
    UnreadableError
        When this user may not read the set.
    click.UsageError
        For a selector without a name.
    """
    if name is not None and selector:
        problems.is_chosen = True
        return [select_set(name, selector)]
    if selector:
        raise click.UsageError("-p chooses a parameter set of a data set; give the data set's NAME")
    found = find_sets(name, (), problems)
    if name is not None and problems.unreadable and not found:
        problems.is_chosen = True
    return found


def describe_nothing(name: str | None) -> str:
    """Return where there are no parameter sets: in data set `name`, or in the whole cache."""
    cache = open_cache()
    others = [each for each in cache if each != name]
    if name is None or not others:
        return f"{cache.path} is empty"
    return f"{name} has no parameter sets; {cache.path} has those of {', '.join(others)}"


def find_sets(name: str | None, selector: tuple[str, ...], problems: Problems) -> list[ParamSet]:
    """Return all sets of data set `name`, or of the cache, that fit what `filter_option` says.

    `problems` gets the errors of sets that are left out; what cannot be read may fit.

    Raises
    ------
    SelectionError
        When there is no such data set, or no data set has the sets or parameters that are named.
    """
    cache = open_cache()
    datasets = [cache[name]] if name is not None else list(cache.datasets())
    found: list[ParamSet] = []
    misses: list[SelectionError] = []
    for dataset in datasets:
        problems.add(dataset)
        try:
            found += _find_fitting(dataset, selector, problems)
        except SelectionError as error:
            misses.append(error)
    if misses and len(misses) == len(datasets):
        raise misses[0]
    return found


def _find_fitting(
    dataset: Dataset, selector: tuple[str, ...], problems: Problems
) -> list[ParamSet]:
    readable = []
    for each in dataset.values() if selector else ():
        with problems.collect(each):
            readable.append(each.record)
    return dataset.find(*selector) if readable or not selector else []


def choose_sets(
    name: str, selector: tuple[str, ...], problems: Problems, *, every: bool
) -> list[ParamSet]:
    """Return the parameter sets of data set `name` that `sets_option` and `all_sets_option` choose.

    Without `every`, parameters choose several sets only where a value has `*` or `?`. `problems`
    gets the errors of sets that are left out.

    Raises
    ------
    SelectionError
        When none fits, or several where one is meant.
    """
    from datagen_core.reading.selection import chooses_several  # slow, and not for --help

    dataset = open_cache()[name]
    try:
        if not every:  # a set may have a value with a `*`, and is meant then
            return [select_set(name, selector)]
    except SelectionError as error:
        if not chooses_several(selector):
            if len(dataset.find(*selector)) < 2:
                raise
            raise SelectionError(f"{error}, or all that fit with --all-sets") from None
    if not selector:
        problems.add(dataset)
    found = dataset.find(*selector)
    if not found:
        fitting = f" that fits {', '.join(selector)}" if selector else ""
        raise SelectionError(f"{name} has no parameter set{fitting}")
    return found


def load_generator_of(
    param_set: ParamSet, name: str, folder: Path | None, decide: Decide
) -> DatasetGenerator:
    """Return the generator of a parameter set, loaded as its last run loaded it.

    A `name` with a path, or a folder, takes precedence, and is trusted, since the user names it.

    Raises
    ------
    UntrustedError
        If the cache names the code, and `decide` does not allow it.
    GeneratorError
        If there is no such generator.
    """
    from datagen_core.generators.registry import load_generator
    from datagen_core.scheduling.trusting import load_last, trust_loaded

    if folder is not None or ":" in name:
        return trust_loaded(load_generator(name, folder))
    return load_last(param_set.paths, name, decide)
