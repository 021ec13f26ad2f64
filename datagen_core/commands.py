"""What commands share, those of plugins too: options, the parameter set they mean, lazy groups.

Public like the names of `datagen_core`; apart from them, since those who import it import click.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from datagen_core.errors import SelectionError

if TYPE_CHECKING:
    from datagen_core.reading.cache import Cache, ParamSet

__all__ = [
    "LazyGroup",
    "cache_option",
    "heed_sigterm",
    "json_option",
    "open_cache",
    "select_set",
    "set_option",
]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for scripts."
)


def _remember_cache(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.find_root().obj = value  # where `datagen --cache DIR` leaves it, too


cache_option: Decorator = click.option(
    "--cache",
    metavar="DIR",
    callback=_remember_cache,
    expose_value=False,
    help="The cache's folder (default: $DATAGEN_CACHE, else ./datagen-cache).",
)


def set_option(
    text: str = "The parameter set: its number, key=value pairs, or the beginning of its digest.",
) -> Decorator:
    """Add the option `-p`, for `select_set`: the argument `selector`, a tuple of texts."""
    names = ("-p", "--set", "--params", "selector")
    return click.option(*names, multiple=True, metavar="SET", help=text)


def open_cache() -> Cache:
    """Return the cache that the options and the environment name."""
    from datagen_core.reading.cache import Cache  # help must not pay for it

    return Cache(click.get_current_context().find_root().obj)


def select_set(name: str, selector: tuple[str, ...]) -> ParamSet:
    """Return the parameter set of NAME that `-p` options mean; without any, the only one there is.

    Raises
    ------
    SelectionError
        When none or several answer to it.
    """
    dataset = open_cache()[name]
    numbers = list(dataset)
    if selector or not numbers:
        return dataset[",".join(selector) or {}]
    if len(numbers) == 1:
        return dataset[numbers[0]]
    which = f"choose one with -p ({numbers[0]}…{numbers[-1]})"
    message = f"{name} has {len(numbers)} parameter sets; {which}"
    raise SelectionError(message)


@contextmanager
def heed_sigterm() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that what a command began ends with it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class LazyGroup(click.Group):
    """A group of commands, each imported when it is called; help shows lines known beforehand.

    Parameters
    ----------
    package
        The package that relative names of modules start from.
    members
        By the name of a command, where it is, `"module:object"` or `".module:object"`, and its line
        of help.
    """

    def __init__(
        self, *args: Any, package: str, members: Mapping[str, tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._package, self._members = package, members

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order of help."""
        return list(self._members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, None where there is none of that name."""
        if cmd_name not in self._members:
            return None
        module, _, name = self._members[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module, self._package), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a line for each command; none is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._members.items()])
