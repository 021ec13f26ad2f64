"""Options of formats on the command line: `-o KEY=VALUE`, or `--KEY VALUE` like the command's own.

The words of a command line are read twice: first for `--format` alone, where click ignores unknown
options, and then with the options of that format beside those of the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import click

from datagen_core.errors import ConfigurationError

_THEIRS = "datagen.format_options"
_PREFIX = "of_format_"  # of parameters of click, so that no name is one of the command's own


class FormatCommand(click.Command):
    """A command that also has the options of the format that its `--format` names."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters of the command, and those of the format after them."""
        return [*super().get_params(ctx), *ctx.meta.get(_THEIRS, ())]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the options of the format, and let click parse all words."""
        form, keys = (None, []) if ctx.resilient_parsing else _peek(args)  # a shell completes
        own = {flag for parameter in self.get_params(ctx) for flag in parameter.opts}
        theirs = {_as_flag(key): key for key in keys}
        ctx.meta[_THEIRS] = [
            click.Option(
                [*dict.fromkeys([flag, f"--{key}"]), _PREFIX + key],
                multiple=True,
                callback=_check_values,
                help=f"Of the format {form}.",
            )
            for flag, key in theirs.items()
            if flag not in own
        ]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if form is None:
                raise
            near = get_close_matches(error.option_name, error.possibilities or (), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            has = ", ".join(theirs) or "none"
            raise ConfigurationError(
                f"{error.option_name} is not an option of export; the format {form} has {has}{hint}"
            ) from None


def _check_values(
    ctx: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse flags of the command, which follow where a value was forgotten."""
    flag = option.opts[0]
    for value in values:
        if any(value in parameter.opts for parameter in ctx.command.get_params(ctx)):
            raise ConfigurationError(f"{flag} takes a value: write {flag} VALUE")
    return values


def _peek(args: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the format that the words name, and the keys of its options."""
    if not any(word.startswith("--format") for word in args):
        return None, []
    from datagen_core.upkeep.export import list_options  # help must not pay for it

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    command = click.Command(
        None, params=[click.Option(["--format"])], context_settings=settings, add_help_option=False
    )
    peeked = command.make_context("export", list(args), resilient_parsing=True)
    form = peeked.params["format"]
    if form is None:
        return None, []
    # Any word may be the name of the generator, which may have options for its table.
    keys = [key for word in ("", *peeked.args) for key in list_options(form, word)]
    return form, list(dict.fromkeys(keys))


def take_options(assignments: Iterable[str], chosen: dict[str, Any]) -> dict[str, str]:
    """Return the options of the format by key, and remove them from the command's parameters.

    The values of an option that is given several times are joined with commas.

    Parameters
    ----------
    assignments
        The values of `-o`.
    chosen
        The parameters of the command.

    Raises
    ------
    ConfigurationError
        For a text that is not an assignment.
    """
    values: dict[str, list[str]] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigurationError(f"{text!r} is not an option of a format; write KEY=VALUE")
        values.setdefault(key, []).append(value)
    for name in [name for name in chosen if name.startswith(_PREFIX)]:
        values.setdefault(name.removeprefix(_PREFIX), []).extend(chosen.pop(name))
    return {key: ",".join(each) for key, each in values.items() if each}


def _as_flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"
