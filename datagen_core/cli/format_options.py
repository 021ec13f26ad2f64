"""Options of formats on the command line: `-o KEY=VALUE`, or `--KEY VALUE` like the command's own.

A format's options are known only after its plugin is loaded, which is after click has parsed the
command line. So everything that looks like an option, and is not one of the command's own, is set
apart, and checked later by `read_options`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice

import click

from datagen_core.errors import ConfigurationError

_APART = "datagen.format_options"

Option = tuple[str, str]
"""Key and value."""


class FormatCommand(click.Command):
    """A command that also accepts unknown options, each with one value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set options of the format apart, and let click parse the rest."""
        own, apart = _divide(ctx, args)
        ctx.meta[_APART] = apart
        try:
            return super().parse_args(ctx, own)
        except click.MissingParameter:  # a misspelt flag may have taken the argument for its value
            known = _list_known(ctx) if apart else []
            for key, _ in apart:
                if key not in known:
                    _refuse_misspelt(ctx, _as_flag(key))
            raise


def read_options(assignments: Iterable[str], known: Sequence[str], form: str) -> dict[str, str]:
    """Return the options of a format by key: those of `-o`, and those that were set apart.

    The values of an option that is given several times are joined with commas.

    Parameters
    ----------
    assignments
        The values of `-o`.
    known
        The keys of the format's options.
    form
        The format's name.

    Raises
    ------
    ConfigurationError
        For a text that is not an assignment, and a `--KEY` that neither the format nor the command
        has.
    """
    ctx = click.get_current_context()
    apart = ctx.meta.get(_APART, [])
    for key, _ in apart:
        if key not in known:
            raise ConfigurationError(_describe_unknown(ctx, key, known, form))
    options: dict[str, str] = {}
    for key, value in [*map(_read_assignment, assignments), *apart]:
        options[key] = f"{options[key]},{value}" if key in options else value
    return options


def _list_known(ctx: click.Context) -> list[str]:
    """Return the keys of the format's options; none when no format is named."""
    from datagen_core.upkeep.export import list_options  # help must not pay for it

    form = ctx.params.get("form")  # click reads options before arguments
    return list_options(form, ctx.params.get("name") or "") if form else []


def _divide(ctx: click.Context, args: Sequence[str]) -> tuple[list[str], list[Option]]:
    """Return the words for the command's own parser, and all other options."""
    takes_value = _own_options(ctx)
    own: list[str] = []
    apart: list[Option] = []
    rest = iter(args)
    for arg in rest:
        flag, equals, value = arg.partition("=")
        if arg == "--":
            own += [arg, *rest]
        elif arg.startswith("--") and flag not in takes_value:
            apart.append((_as_key(flag), value if equals else _take_value(ctx, flag, rest)))
        else:
            own.append(arg)
            own += islice(rest, 1 if takes_value.get(arg) else 0)
    return own, apart


def _own_options(ctx: click.Context) -> dict[str, bool]:
    """Return whether a value follows, for each of the command's own options."""
    return {
        name: not parameter.is_flag
        for parameter in ctx.command.get_params(ctx)
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }


def _take_value(ctx: click.Context, flag: str, rest: Iterator[str]) -> str:
    value = next(rest, "--")
    if value.startswith("--"):
        _refuse_misspelt(ctx, flag)
        raise ConfigurationError(f"{flag} takes a value: write {flag} VALUE, or {flag}=VALUE")
    return value


def _refuse_misspelt(ctx: click.Context, flag: str) -> None:
    near = get_close_matches(flag, _own_options(ctx))
    if near:
        raise click.NoSuchOption(flag, possibilities=near, ctx=ctx)


def _describe_unknown(ctx: click.Context, key: str, known: Sequence[str], form: str) -> str:
    flag = _as_flag(key)
    theirs = [_as_flag(name) for name in known]
    near = get_close_matches(flag, [*theirs, *_own_options(ctx)], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    has = ", ".join(theirs) or "none"
    return f"{flag} is not an option of {ctx.info_name}; the format {form} has {has}{hint}"


def _read_assignment(text: str) -> Option:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigurationError(f"{text!r} is not an option of a format; write KEY=VALUE")
    return key, value


def _as_key(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _as_flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"
