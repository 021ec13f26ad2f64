"""The commands that label, preprocess, check, compact and remove."""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import confirm, folder_option, select_sets, yes_option
from datagen_core.commands import cache_option, json_option, select_set, set_option
from datagen_core.errors import CacheError, VerificationError

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.cache import ParamSet


@click.command("move")
@click.argument("name")
@click.argument("n", type=click.IntRange(1))
@click.argument("split")
@set_option()
@yes_option
@cache_option
@json_option
def move_command(
    name: str, n: int, split: str, selector: tuple[str, ...], *, yes: bool, as_json: bool
) -> None:
    """Move the N raw samples of lowest index of NAME into SPLIT. There is no way back.

    \b
    Examples:
      datagen move noisy_sine 700 train
      datagen move noisy_sine 300 test -p left=0 -y
    """
    param_set = select_set(name, selector)
    raw = param_set.counts["raw"]
    question = (
        f"Move {n} of {raw} raw samples of {param_set} ({param_set.describe()}) into {split!r}, "
        "for good?"
    )
    if raw >= n:  # otherwise the move itself says what is missing
        _confirm_move(question, yes=yes)
    samples = param_set.move(n, split)
    if as_json:
        moved = [list(part) for part in samples]
        click.echo(json.dumps({"set": param_set.number, "split": split, "moved": moved,
                               "splits": param_set.counts}))  # fmt: skip
    else:
        counts = ", ".join(f"{key} {count}" for key, count in param_set.counts.items())
        click.echo(f"moved {n} samples ({samples}) into {split}; {param_set} now has {counts}")


def _confirm_move(question: str, *, yes: bool) -> None:
    """Ask on a terminal only: scripts of the seed move without a flag."""
    if not yes and sys.stdin.isatty():
        confirm(question, yes=False)


@click.command("preprocess")
@click.argument("name")
@click.argument("preprocessor")
@click.argument("split")
@click.argument("n", type=click.IntRange(1))
@set_option()
@folder_option
@cache_option
def preprocess_command(
    name: str,
    preprocessor: str,
    split: str,
    n: int,
    selector: tuple[str, ...],
    folder: Path | None,
) -> None:
    """Put the first N samples of a SPLIT of NAME through a PREPROCESSOR; what is there is kept.

    \b
    Examples:
      datagen preprocess noisy_sine square_both train 600 -p 0
    """
    from datagen_core.upkeep.preprocess import find_preprocessor, preprocess

    param_set = select_set(_plain_name(name), selector)
    found = find_preprocessor(_generator_of(param_set, name, folder), preprocessor)
    if sys.stderr.isatty():
        with click.progressbar(length=n, label=preprocessor, file=sys.stderr) as bar:
            made = preprocess(param_set, found, split, n, lambda done: bar.update(done - bar.pos))
    else:  # where click would print the label alone
        made = preprocess(param_set, found, split, n)
    click.echo(f"{preprocessor}: {n} samples of {split}, {made} of them new")


def _plain_name(name: str) -> str:
    return name.rpartition(":")[2]


def _generator_of(param_set: ParamSet, name: str, folder: Path | None) -> DatasetGenerator:
    """Load the generator by the name given, else as the set's last run loaded it."""
    from datagen_core.generators.registry import load_generator
    from datagen_core.store.runs import list_reservations

    reservations = list_reservations(param_set.paths)
    if folder is not None or ":" in name or not reservations or not reservations[-1].source:
        return load_generator(name, folder).generator
    return load_generator(reservations[-1].source).generator


@click.command("verify")
@click.argument("name", required=False)
@set_option()
@click.option("--resample", type=click.IntRange(0), default=0, metavar="K",
              help="Make K random samples of each set anew, and compare the bytes.")  # fmt: skip
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

    results = []
    for param_set in select_sets(name, selector):
        generator = partial(_generator_of, param_set, param_set.generator, folder)
        found = verify(param_set, generator, resample)
        results.append({"set": str(param_set), **found._asdict()})
        if not as_json:
            verdict = f"{len(found.problems)} problems" if found.problems else "good"
            click.echo(f"{param_set}: {found.files} files, {found.resampled} samples made anew: "
                       f"{verdict}")  # fmt: skip
    if as_json:
        click.echo(json.dumps(results))
    problems = [problem for result in results for problem in result["problems"]]
    for problem in problems[1:]:
        click.echo(f"  {problem}", err=True)
    if problems:
        message = f"{len(problems)} problem{'s' * (len(problems) != 1)} found: {problems[0]}"
        raise VerificationError(message)


@click.command("compact")
@click.argument("name", required=False)
@set_option()
@click.option("--grace", type=click.FloatRange(0), default=24.0, show_default=True, metavar="HOURS",
              help="How long shards stay beside the pack that covers them.")  # fmt: skip
@cache_option
def compact_command(name: str | None, selector: tuple[str, ...], grace: float) -> None:
    """Join many small shards into packs, from which minibatches are read fastest.

    Shards are removed when a pack has covered them for the grace period, since readers on other
    machines may have them open.

    \b
    Examples:
      datagen compact
      datagen compact noisy_sine --grace 0
    """
    from datagen_core.store.compaction import compact

    for param_set in select_sets(name, selector):
        if not param_set.existing:
            continue
        done = compact(param_set.paths, param_set.record, param_set.schema, grace=3600 * grace)
        click.echo(f"{param_set}: {done.packs} packs written, {done.removed} shards removed, "
                   f"{done.waiting} wait for the grace period")  # fmt: skip


@click.command("rm")
@click.argument("name")
@set_option()
@yes_option
@cache_option
def rm_command(name: str, selector: tuple[str, ...], *, yes: bool) -> None:
    """Remove a parameter set of NAME with all its samples, for good.

    \b
    Examples:
      datagen rm noisy_sine -p 0
    """
    from datagen_core.scheduling.status import statuses

    param_set = select_set(name, selector)
    if any(status.alive for status in statuses(param_set.paths)):
        message = f"{param_set} has runs that are alive; `datagen cancel {name}` first"
        raise CacheError(message)
    counts = ", ".join(f"{key} {count}" for key, count in param_set.counts.items())
    confirm(f"Remove {param_set} ({param_set.describe()}; {counts}) for good?", yes=yes)
    # Renamed first, so that it vanishes at once, whole, even if the removal is interrupted.
    root = param_set.paths.root
    root.rename(root.with_name(f".removed-{os.urandom(4).hex()}-{root.name}"))
    for grave in root.parent.glob(f".removed-*-{root.name}"):  # an interrupted removal's, too
        shutil.rmtree(grave, ignore_errors=True)
    click.echo(f"removed {param_set}")
