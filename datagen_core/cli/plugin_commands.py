"""Commands of plugins: found in package metadata, and described without an import of any."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.layout import first_line
from datagen_core.errors import DatagenError, in_one_line, printable
from datagen_core.generators.installed import find_module

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_LONGEST = 120
"""The most characters of a summary; a longer one is cut between words."""

_LARGEST = 1_000_000
"""Bytes of a module that is read for a line of help; parsing more would be felt."""


_OF_PARAMETERS = {"argument", "option"}
"""Decorators whose help is not that of the command."""


def find_commands() -> dict[str, EntryPoint]:
    """Return the commands of installed plugins by name, none of which is imported."""
    from importlib.metadata import entry_points  # costs as much as click itself

    return {point.name: point for point in entry_points(group="datagen.commands")}


def load_command(point: EntryPoint) -> click.Command:
    """Import a command.

    Raises
    ------
    DatagenError
        If that fails, in whatever way.
    """
    try:
        command: click.Command = point.load()
    except Exception as error:  # a plugin may fail in any way
        raise DatagenError(f"command {point.name!r} does not load: {in_one_line(error)}") from error
    return command


def summarize_command(point: EntryPoint) -> str:
    """Return the line of a command in help, as its module has it in the text of its file.

    That is the `short_help` or the `help` of the command, else the first sentence of its docstring,
    else that of the module. What cannot be read so is named instead.
    """
    found = ""
    with suppress(Exception):  # a file may be damaged in any way, and help has to come all the same
        module = ast.parse(_read_module(point.module))
        text = _find_help(module, point.attr) or ast.get_docstring(module) or ""
        found = _first_sentence(text)
    return printable(found) or f"See `datagen {point.name} --help`."


def _first_sentence(text: str) -> str:
    words = " ".join(text.strip().partition("\n\n")[0].split())
    sentence, dot, _ = words.partition(". ")
    return first_line(f"{sentence}{dot}".rstrip(), _LONGEST)[0]


def _read_module(name: str) -> bytes:
    """Return the text of a module, which is found without an import of the packages around it."""
    file = find_module(name)
    if file is None or file.stat().st_size > _LARGEST:
        raise ValueError(name)
    return file.read_bytes()


def _find_help(module: ast.Module, name: str) -> str:
    """Return what a module says of a command: a function with decorators, or an object."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _find_argument(node.decorator_list) or ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign) and any(name in _names(each) for each in node.targets):
            return _find_argument([node.value])
    return ""


def _names(function: ast.expr) -> set[str]:
    return {getattr(function, "attr", ""), getattr(function, "id", "")}


def _find_argument(calls: list[ast.expr]) -> str:
    """Return the `short_help` or `help` that makes a command, if it is written there."""
    given: dict[str | None, Any] = {}
    for call in calls:
        if isinstance(call, ast.Call) and not _names(call.func) & _OF_PARAMETERS:
            given |= {each.arg: getattr(each.value, "value", None) for each in call.keywords}
    texts = [given.get("short_help"), given.get("help")]
    return next((text for text in texts if isinstance(text, str)), "")
