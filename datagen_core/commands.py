"""What all commands share, also those of plugins: options, selecting a set, and lazy groups.

Public, like the names in `datagen_core`; a separate module because it imports click.
"""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from datagen_core.errors import (
    LONGEST_LINE,
    DatagenError,
    as_line,
    count_of,
    human_bytes,
    printable,
)
from datagen_core.files import expand_home
from datagen_core.streams import StdoutDiversion

if TYPE_CHECKING:
    from datagen_core.reading.cache import Cache
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.reading.samples import Samples
    from datagen_core.store.profiles import Profile

__all__ = [
    "LazyGroup",
    "cache_option",
    "count_of",
    "heed_sigterm",
    "human_bytes",
    "json_option",
    "open_cache",
    "print_json",
    "say",
    "say_excluded",
    "say_text",
    "select_set",
    "set_option",
    "tell",
]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_ANSWER = "datagen.answer"


def _keep_stdout(ctx: click.Context, _: click.Parameter, value: Any) -> Any:
    """Keep standard output for `print_json`, whatever else a command or a plugin prints."""
    if value:
        diversion = StdoutDiversion()
        ctx.meta[_ANSWER] = diversion.write
        # The process's own is not given back: buffers of C libraries and threads outlive commands.
        if not diversion.is_of_process:
            ctx.call_on_close(diversion.end)
    return value


json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, callback=_keep_stdout, help="Print JSON for scripts."
)
"""The option `--json`. With it, standard output is kept for `print_json`, once for a command; what
else prints, generators, libraries and child processes included, prints on standard error."""


def print_json(value: object) -> None:
    """Print the answer of a command that was given `--json`, as one line of JSON.

    NaN and infinity, which JSON lacks, become null. All that is not printable ASCII is escaped.
    """
    text = json.dumps(_without_nan(value), allow_nan=False).replace("\x7f", "\\u007f")
    echo = partial(click.echo, nl=False)  # noqa: TID251
    write = click.get_current_context().meta.get(_ANSWER, echo)
    write(f"{text}\n")


def say(words: object, *, dim: bool = False) -> None:
    """Print one line of a command's answer on standard output, printable whatever it quotes."""
    click.secho(printable(str(words)), dim=dim or None)  # noqa: TID251 (this is the one place)


def say_text(text: str) -> None:
    """Print an answer of several lines, such as a script; only its line breaks are kept."""
    for line in text.removesuffix("\n").split("\n"):
        say(line)


def tell(words: object, *, prefix: str = "datagen: ", dim: bool = False) -> None:
    """Print one line on standard error: printable, and of at most 500 characters.

    All that commands say besides their answers is said here, since names, values and messages that
    they quote may hold anything. A line that is longer lacks its middle.
    """
    line = prefix + as_line(str(words), LONGEST_LINE - len(prefix))
    click.secho(line, dim=dim or None, err=True)  # noqa: TID251


def _without_nan(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


PROFILE = "datagen.profile"
"""Where contexts have the profile in use, or the error that keeps it from being read."""


def find_profile() -> Profile | None:
    """Return the profile that this command uses, if any.

    Raises
    ------
    ConfigurationError
        If the user's file of profiles has mistakes.
    """
    found: Profile | DatagenError | None = click.get_current_context().meta.get(PROFILE)
    if isinstance(found, DatagenError):
        raise found
    return found


def name_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a profile by the names that parameters of commands have.

    What the environment says otherwise is left out.
    """
    named = {_PARAMETERS.get(key, key): value for key, value in _not_overruled(values).items()}
    named |= {key: str(expand_home(named[key])) for key in ("cache", "folder") if key in named}
    if options := named.get("executor_options"):
        named["executor_options"] = [
            key if value is True else f"{key}={value}"
            for key, value in _not_overruled(options).items()
        ]
    return named


def _not_overruled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in values.items() if not os.environ.get(VARIABLES.get(key, ""))
    }


VARIABLES = {
    key: f"SBATCH_{key.upper()}"
    for key in ("account", "constraint", "partition", "qos", "reservation", "wckey")
}
"""Variables of the environment that executors add to jobs, and that go before a profile."""

_PARAMETERS = {"generators": "folder", "options": "executor_options"}


def _use_cache(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Remember the cache, and take the defaults of a run that lie in it."""
    if value:
        ctx.find_root().obj = value  # where `datagen --cache DIR` puts it, too
    if ctx.resilient_parsing:  # a shell completes a word
        return
    if ctx.default_map is not None and "njobs" in {each.name for each in ctx.command.params}:
        from datagen_core.store.profiles import read_defaults

        defaults = name_parameters(read_defaults(open_cache().path))
        ctx.default_map = {**defaults, **ctx.default_map}


cache_option: Decorator = click.option(
    "--cache",
    metavar="DIR",
    callback=_use_cache,
    is_eager=True,
    expose_value=False,
    help="The cache's folder.  [default: $DATAGEN_CACHE, else the profile's, else ./datagen-cache]",
)


def set_option(
    text: str = "The parameter set: a number, key=value pairs, or the beginning of a digest.",
) -> Decorator:
    """Return the option `-p` with the help `text`; it passes a tuple of texts as `selector`."""
    names = ("-p", "--set", "--params", "selector")
    return click.option(*names, multiple=True, metavar="SET", help=text)


def open_cache() -> Cache:
    """Return the cache that `--cache`, $DATAGEN_CACHE or a profile names, else ./datagen-cache."""
    from datagen_core.reading.cache import Cache  # slow, and `--help` does not need it

    return Cache(click.get_current_context().find_root().obj)


def select_set(name: str, selector: Sequence[str]) -> ParamSet:
    """Return the parameter set of data set `name` that the `-p` options select, or the only one.

    Raises
    ------
    SelectionError
        If no set or several sets match; the message lists them and says how to choose.
    """
    from datagen_core.reading.selection import parse_selector  # as above

    dataset = open_cache()[name]
    return dataset[parse_selector(",".join(selector))] if selector else dataset.only()


def say_excluded(*samples: Samples) -> int:
    """Print on stderr, a line for each, what a command leaves out as excluded; return how many."""
    for each in samples:
        if count := len(each.excluded):
            what = "1 excluded sample is" if count == 1 else f"{count} excluded samples are"
            tell(f"{each.title}: {what} left out", prefix="")
    return sum(len(each.excluded) for each in samples)


@contextmanager
def heed_sigterm() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C inside the block, so that the block cleans up before it ends."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class LazyGroup(click.Group):
    """A group of commands, each imported when it is called; the group's help imports none.

    Parameters
    ----------
    package
        The package to which modules with a leading dot are relative.
    members
        By command name: the command's place, `"module:object"` or `".module:object"`, and its line
        in the group's help.
    """

    def __init__(
        self, *args: Any, package: str, members: Mapping[str, tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._package, self._members = package, members

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import a command; with `--json`, what it prints meanwhile goes to standard error."""
        diversion = StdoutDiversion() if "--json" in args else None
        try:
            return super().resolve_command(ctx, args)
        finally:
            if diversion:
                diversion.end()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order of help."""
        return list(self._members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command; None for an unknown name."""
        if cmd_name not in self._members:
            return None
        module, _, name = self._members[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module, self._package), name)
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the commands that begin so, none of which is imported, and options."""
        from click.shell_completion import CompletionItem  # only a shell asks

        named = {name: self._members.get(name, ("", ""))[1] for name in self.list_commands(ctx)}
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=text or None)
            for name, text in named.items()
            if name.startswith(incomplete)
        ] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the line of each command without importing the command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._members.items()])
