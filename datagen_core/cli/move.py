"""The command `datagen move`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.indices import indices_option
from datagen_core.cli.options import (
    Problems,
    WholeNumber,
    all_sets_option,
    choose_sets,
    sets_option,
    yes_option,
)
from datagen_core.cli.questions import confirm
from datagen_core.cli.split_names import confirm_new_split, new_split_option
from datagen_core.commands import cache_option, json_option, print_json, say, say_excluded
from datagen_core.errors import count_of, noun_of
from datagen_core.ranges import IntervalSet
from datagen_core.store.ledger import read_ledger

if TYPE_CHECKING:
    from datagen_core.reading.moving import Choice, Chosen
    from datagen_core.reading.param_set import ParamSet

_Planned = list[tuple["ParamSet", "Chosen"]]


def _read_words(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[int | None, str]:
    """Return N, if it is given, and SPLIT."""
    if len(value) > 2:
        raise click.UsageError(f"too many words: {' '.join(value)}; give N and SPLIT", ctx)
    n = WholeNumber(1).convert(value[0], param, ctx) if len(value) == 2 else None
    return n, value[-1]


@click.command("move")
@click.argument("name")
@click.argument("words", nargs=-1, required=True, metavar="[N] SPLIT", callback=_read_words)
@click.option("--fraction", type=float, metavar="F",
              help="Instead of N: the share of the raw samples, above 0, at most 1.")  # fmt: skip
@indices_option()
@click.option("--random", is_flag=True, help="Draw the samples at random; the seed is recorded.")
@click.option("--seed", type=WholeNumber(0), metavar="S", help="The seed of a random choice.")
@click.option("--total", is_flag=True,
              help="N, or the share, is what SPLIT has in the end. Safe to repeat.")  # fmt: skip
@sets_option
@all_sets_option
@new_split_option
@yes_option
@cache_option
@json_option
def move_command(  # noqa: PLR0913 (as many options)
    name: str,
    words: tuple[int | None, str],
    fraction: float | None,
    samples: IntervalSet | None,
    seed: int | None,
    selector: tuple[str, ...],
    *,
    random: bool,
    total: bool,
    all_sets: bool,
    new_split: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Move raw samples of NAME into SPLIT: by default the N of lowest index. This cannot be undone.

    A fraction is one of the raw samples as they are now, rounded to the next whole number, a half
    up. A random choice follows from its seed, the set and its raw samples, so that the same command
    makes the same split elsewhere; `datagen show` lists it.

    A split that is new, and but for one letter or case has the name of another one of NAME, is
    asked about; where nobody can be asked, it needs --new-split.

    With --all-sets, or a pattern, samples of several sets are moved, of all or of none if one has
    too few. Each set is changed at once. A call that was interrupted is repeated with --total.

    \b
    Examples:
      datagen move noisy_sine 700 train
      datagen move noisy_sine 300 test -p left=0 -y
      datagen move noisy_sine train --fraction 0.8 --random --seed 1
      datagen move noisy_sine bad_ones --indices 5,7,10-20
      datagen move noisy_sine 700 train --all-sets --total
    """
    from datagen_core.reading.moving import check_progress, read_choice
    from datagen_core.reading.selection import chooses_several

    choice = read_choice(
        *words, fraction=fraction, indices=samples, random=random, seed=seed, total=total
    )
    problems = Problems()
    chosen = choose_sets(name, selector, problems, every=all_sets)
    check_progress(chosen, choice)
    # What is refused is refused for all sets, before anybody is asked and anything is moved.
    planned = [(each, choice.plan(each, read_ledger(each.paths))) for each in chosen]
    confirm_new_split(chosen, choice.split, is_meant=new_split, yes=yes)
    if sys.stdin.isatty():  # scripts may move without a flag
        confirm(lambda: _question(planned, choice), yes=yes, otherwise="nothing was moved")
    problems.is_chosen, moved = len(chosen) == 1, []
    for each in chosen:
        with problems.collect(each):
            moved.append(_move(each, choice, quiet=as_json))
    if as_json and moved:
        print_json(moved if all_sets or chooses_several(selector) else moved[0])
    problems.raise_any()


def _question(planned: _Planned, choice: Choice) -> str:
    count = sum(len(plan.samples) for _, plan in planned)
    raw = sum(param_set.counts["raw"] for param_set, _ in planned)
    first = planned[0][0]
    what = f"{first.generator} {first.number} ({first.describe()})"
    if len(planned) > 1:
        what = f"{len(planned)} parameter sets of {first.generator}"
    into = f"{choice.split!r}{_how(choice)}"
    return f"Move {count} of {raw} raw {noun_of(raw, 'sample')} of {what} into {into}, for good?"


def _how(choice: Choice) -> str:
    return "" if choice.seed is None else f" at random (seed {choice.seed})"


def _move(param_set: ParamSet, choice: Choice, *, quiet: bool) -> dict[str, Any]:
    from datagen_core.reading.moving import take

    samples = take(param_set, choice)
    if param_set.excluded:
        say_excluded(param_set["raw"])
    if not quiet:
        say(
            f"moved {count_of(len(samples), 'sample')} ({samples.brief()}) into "
            f"{choice.split}{_how(choice)}; "
            f"{param_set} now has {param_set.describe_counts()}"
        )
    drawn = {} if choice.seed is None else {"seed": choice.seed}
    moved = [list(part) for part in samples]
    splits = param_set.counts
    return {"set": param_set.number, "split": choice.split, **drawn, "moved": moved,
            "splits": splits}  # fmt: skip
