"""Questions on the terminal, and what a no means."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from datagen_core.commands import tell
from datagen_core.errors import printable


def confirm(question: Callable[[], str], *, yes: bool, otherwise: str) -> None:
    """Ask for confirmation on a terminal; without a terminal, `-y` is required.

    Parameters
    ----------
    otherwise
        What is said if the answer is no, such as "nothing was moved".

    Raises
    ------
    SystemExit
        When the answer is no, or the input ends; the exit code is 1.
    click.UsageError
        When there is neither `-y` nor a terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to confirm on; confirm with -y")
    if not ask(question()):
        tell(otherwise)
        sys.exit(1)


def ask(question: str) -> bool:
    """Ask on the terminal; the end of the input is a no."""
    try:
        return click.confirm(printable(question), err=True)
    except click.Abort as error:
        tell("", prefix="")  # behind the question
        if not isinstance(error.__context__, EOFError):
            raise
        return False
