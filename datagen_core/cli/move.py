"""The command `datagen move`."""

from __future__ import annotations

import sys

import click

from datagen_core.cli.options import WholeNumber, confirm, yes_option
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)


@click.command("move")
@click.argument("name")
@click.argument("n", type=WholeNumber(1))
@click.argument("split")
@set_option()
@yes_option
@cache_option
@json_option
def move_command(
    name: str, n: int, split: str, selector: tuple[str, ...], *, yes: bool, as_json: bool
) -> None:
    """Move the N raw samples of NAME with the lowest indices into SPLIT. This cannot be undone.

    \b
    Examples:
      datagen move noisy_sine 700 train
      datagen move noisy_sine 300 test -p left=0 -y
    """
    param_set = select_set(name, selector)
    # Its record is read even where nobody is asked, so that a set that is too new is refused.
    generator, raw = param_set.generator, param_set.counts["raw"]
    # Scripts may move without a flag; a move of too many samples raises, and says what is missing.
    if raw >= n and sys.stdin.isatty():
        confirm(
            lambda: (
                f"Move {n} of {raw} raw samples of {generator} {param_set.number} "
                f"({param_set.describe()}) into {split!r}, for good?"
            ),
            yes=yes,
        )
    samples = param_set.move(n, split)
    if param_set.excluded:
        say_excluded(param_set["raw"])
    if as_json:
        moved = [list(part) for part in samples]
        splits = param_set.counts
        print_json({"set": param_set.number, "split": split, "moved": moved, "splits": splits})
    else:
        say(
            f"moved {n} samples ({samples.brief()}) into {split}; {param_set} now has "
            f"{param_set.describe_counts()}"
        )
