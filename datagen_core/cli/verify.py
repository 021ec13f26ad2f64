"""The command `datagen verify`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import (
    Problems,
    WholeNumber,
    folder_option,
    load_generator_of,
    select_sets,
)
from datagen_core.commands import cache_option, json_option, print_json, set_option
from datagen_core.errors import VerificationError

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet


@click.command("verify")
@click.argument("name", required=False)
@set_option()
@click.option("--resample", type=WholeNumber(0), default=0, metavar="K",
              help="Remake K random samples of each set, and compare the bytes.")  # fmt: skip
@folder_option
@cache_option
@json_option
def verify_command(
    name: str | None,
    selector: tuple[str, ...],
    resample: int,
    folder: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check every file's checksum and every split ledger; nothing is changed.

    \b
    Examples:
      datagen verify
      datagen verify noisy_sine -p 0 --resample 50
    """
    from datagen_core.upkeep.verify import verify

    results, left_out = [], Problems()
    for param_set in select_sets(name, selector, left_out):
        with left_out.collect():
            found = verify(param_set, partial(_load, param_set, folder), resample)
            results.append({"set": str(param_set), **found._asdict()})
            if not as_json:
                verdict = _count(found.problems) if found.problems else "good"
                click.echo(f"{param_set}: {found.files} files, {found.resampled} samples made "
                           f"anew: {verdict}")  # fmt: skip
    if as_json:
        print_json(results)
    problems = [problem for result in results for problem in result["problems"]]
    problems += map(str, left_out)
    for problem in problems[1:]:
        click.echo(f"  {problem}", err=True)
    if problems:
        raise VerificationError(f"{_count(problems)} found: {problems[0]}")


def _load(param_set: ParamSet, folder: Path | None) -> DatasetGenerator:
    return load_generator_of(param_set, param_set.generator, folder)


def _count(problems: Sequence[str]) -> str:
    return f"{len(problems)} problem{'s' * (len(problems) != 1)}"
