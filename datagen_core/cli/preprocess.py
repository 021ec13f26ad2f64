"""The command `datagen preprocess`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import WholeNumber, folder_option, load_generator_of, trust_option
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)
from datagen_core.errors import count_of, printable

if TYPE_CHECKING:
    from datagen_core.scheduling.trusting import Decide


@click.command("preprocess")
@click.argument("name")
@click.argument("preprocessor")
@click.argument("split")
@click.argument("n", type=WholeNumber(1))
@set_option()
@folder_option
@trust_option
@cache_option
@json_option
def preprocess_command(  # noqa: PLR0913, PLR0917 (one for each argument and option)
    name: str,
    preprocessor: str,
    split: str,
    n: int,
    selector: tuple[str, ...],
    folder: Path | None,
    decide: Decide,
    *,
    as_json: bool,
) -> None:
    """Preprocess the first N samples of SPLIT of NAME, and keep the result; add to an earlier one.

    The preprocessor is in the code that the set's last run names. If you have not run it before,
    it is shown, and needs a yes or --trust.

    \b
    Examples:
      datagen preprocess noisy_sine square_both train 600 -p 0
      datagen preprocess noisy_sine square_both train 600 -p 0 --trust
    """
    from datagen_core.upkeep.preprocess import find_preprocessor, preprocess

    param_set = select_set(name.rpartition(":")[2], selector)
    found = find_preprocessor(load_generator_of(param_set, name, folder, decide), preprocessor)
    if sys.stderr.isatty():
        with click.progressbar(length=n, label=printable(preprocessor), file=sys.stderr) as bar:
            made = preprocess(param_set, found, split, n, lambda done: bar.update(done - bar.pos))
    else:  # where click would print the label alone
        made = preprocess(param_set, found, split, n)
    say_excluded(param_set[split])
    if as_json:
        print_json({"preprocessor": preprocessor, "split": split, "samples": n, "made": made})
    else:
        say(f"{preprocessor}: {count_of(n, 'sample')} of {split}, {made} of them new")
