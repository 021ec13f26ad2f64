"""Options that only commands of the core share, and the parsing of their values."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import Decorator, open_cache, select_set
from datagen_core.errors import ParamsError, SelectionError
from datagen_core.reading.selection import parse_assignment

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.cache import ParamSet

yes_option: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
folder_option: Decorator = click.option(
    "--generators",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder with datasets.py; its generators come before installed ones.",
)


def read_params(assignments: tuple[str, ...], text: str | None) -> dict[str, Any]:
    """Return the parameters in `-p key=value` options, over those in `--params`."""
    try:
        given = dict(parse_assignment(assignment) for assignment in assignments)
    except SelectionError as error:
        raise ParamsError(str(error)) from None
    return {**(_read_text(text) if text else {}), **given}


def _read_text(text: str) -> dict[str, Any]:
    """Read JSON, a Python literal, or either of them in `@file`."""
    if text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8", errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        value = _read_literal(text)
    if not isinstance(value, dict):
        message = f"--params takes a mapping, such as '{{\"left\": 0}}', not {text[:60]!r}"
        raise ParamsError(message)
    return value


def _read_literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        message = f"--params is neither JSON nor a Python literal: {text[:60]!r}"
        raise ParamsError(message) from None


def select_sets(name: str | None, selector: tuple[str, ...]) -> list[ParamSet]:
    """Return the parameter sets that a command means: one, those of a data set, or all."""
    if name is not None and selector:
        return [select_set(name, selector)]
    cache = open_cache()
    datasets = [cache[name]] if name is not None else list(cache.values())
    return [param_set for dataset in datasets for param_set in dataset.values()]


def load_generator_of(param_set: ParamSet, name: str, folder: Path | None) -> DatasetGenerator:
    """Load the generator by the name given, else as the set's last run loaded it."""
    from datagen_core.generators.registry import load_generator
    from datagen_core.store.runs import list_reservations

    reservations = list_reservations(param_set.paths)
    if folder is not None or ":" in name or not reservations or not reservations[-1].source:
        return load_generator(name, folder).generator
    return load_generator(reservations[-1].source).generator


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; without one, `-y` has to answer.

    Raises
    ------
    click.Abort
        When the answer is no.
    click.UsageError
        When nobody is there to answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        message = "nobody is there to confirm; say -y"
        raise click.UsageError(message)
    click.confirm(question, abort=True, err=True)
