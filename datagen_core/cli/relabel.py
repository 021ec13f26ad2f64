"""The command `datagen relabel`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    Problems,
    all_sets_option,
    choose_sets,
    sets_option,
    yes_option,
)
from datagen_core.cli.questions import confirm
from datagen_core.cli.split_names import confirm_new_split, new_split_option
from datagen_core.cli.summaries import describe_relabel
from datagen_core.commands import cache_option, json_option, print_json, say, tell
from datagen_core.errors import SelectionError, count_of
from datagen_core.store.assignments import RAW
from datagen_core.store.ledger import read_ledger

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


@click.command("relabel")
@click.argument("name")
@click.argument("old")
@click.argument("new")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the ledger keeps it.")
@sets_option
@all_sets_option
@new_split_option
@yes_option
@cache_option
@json_option
def relabel_command(  # noqa: PLR0913 (as many options)
    name: str,
    old: str,
    new: str,
    reason: str,
    selector: tuple[str, ...],
    *,
    all_sets: bool,
    new_split: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Give the split OLD of NAME the name NEW. This cannot be undone: OLD is never used again.

    NEW is a name that no split of the set has or had. Samples stay in their split, in their order;
    its digest, what was frozen, and results of preprocessors stay, too. `datagen show` lists it.
    Of several sets, those without a split OLD are passed over. It is safe to repeat.

    \b
    Examples:
      datagen relabel noisy_sine test validation --reason "used to choose the model"
      datagen relabel noisy_sine trian train --all-sets --reason "mistyped" -y
    """
    from datagen_core.reading.selection import chooses_several

    problems, is_list = Problems(), all_sets or chooses_several(selector)
    chosen = choose_sets(name, selector, problems, every=all_sets)
    if is_list:
        chosen = _leave_out(chosen, old)
    new_ones = [each for each in chosen if _is_to_do(each, old, new, reason)]
    if new_ones:
        confirm_new_split(new_ones, new, is_meant=new_split, yes=yes, apart=old)
    if new_ones and sys.stdin.isatty():  # as for a move
        sets = new_ones[0] if len(new_ones) == 1 else f"{len(new_ones)} parameter sets of {name}"
        question = f"Relabel {old} of {sets} to {new}, for good?"
        confirm(lambda: question, yes=yes, otherwise="nothing was relabelled")
    problems.is_chosen, done = len(chosen) == 1, []
    for each in chosen:
        with problems.collect(each):
            done.append(_relabel(each, old, new, reason, quiet=as_json))
    if as_json and done:
        print_json(done if is_list else done[0])
    problems.raise_any()


def _leave_out(chosen: list[ParamSet], old: str) -> list[ParamSet]:
    if old == RAW:
        return chosen  # each of them refuses it
    ledgers = [(each, read_ledger(each.paths)) for each in chosen]
    found = [each for each, ledger in ledgers if old in {*ledger.splits, *ledger.retired}]
    if not found:
        raise SelectionError(f"none of {len(chosen)} parameter sets has a split {old!r}")
    if rest := len(chosen) - len(found):
        verb = "is" if rest == 1 else "are"
        tell(f"{count_of(rest, 'set')} without a split {old!r} {verb} passed over", prefix="")
    return found


def _is_to_do(param_set: ParamSet, old: str, new: str, reason: str) -> bool:
    """Return whether a split has its old name; refuse for all sets what is refused for one."""
    from datagen_core.reading.relabelling import find_relabel

    current = read_ledger(param_set.paths)
    return find_relabel(param_set, current, old, new, reason) is None


def _relabel(
    param_set: ParamSet, old: str, new: str, reason: str, *, quiet: bool
) -> dict[str, Any]:
    made = param_set.relabel(old, new, reason)
    if not quiet:
        say(f"{param_set}: {made}; it now has {param_set.describe_counts()}")
    return {"set": param_set.number, **describe_relabel(made), "splits": param_set.counts}
