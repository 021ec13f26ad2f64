"""The command `datagen rm`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import (
    Problems,
    all_sets_option,
    choose_sets,
    sets_option,
    yes_option,
)
from datagen_core.cli.questions import confirm
from datagen_core.commands import cache_option, json_option, print_json, say, tell
from datagen_core.errors import CacheError

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


@click.command("rm")
@click.argument("name")
@sets_option
@all_sets_option
@yes_option
@cache_option
@json_option
def rm_command(
    name: str, selector: tuple[str, ...], *, all_sets: bool, yes: bool, as_json: bool
) -> None:
    """Remove parameter sets of NAME with all their samples, for good.

    Sets of which samples are being made are left as they are.

    \b
    Examples:
      datagen rm noisy_sine -p 0
      datagen rm noisy_sine -p 0 -p 3
      datagen rm noisy_sine -p 'left=-*'
      datagen rm noisy_sine -p std_dev=0.5 --all-sets
    """
    from datagen_core.scheduling.status import Look
    from datagen_core.store.sets import remove_set
    from datagen_core.upkeep.removal import check_removable

    problems, described, removed = Problems(), [], []
    chosen = choose_sets(name, selector, problems, every=all_sets)
    problems.is_chosen = len(chosen) == 1
    look = Look.at([each.paths for each in chosen])
    for each in chosen:
        with problems.collect(each):
            # Records are read even where nobody is asked, so that a set that is too new is refused.
            check_removable(each, look)
            described.append((each, _describe(each)))
    if described:
        texts = [text for _, text in described]
        confirm(lambda: _question(texts), yes=yes, otherwise="nothing was removed")
    for each, _ in described:
        with problems.collect(each):
            remove_set(each.paths)
            removed.append({"generator": each.paths.root.parent.name, "number": each.number})
            if not as_json:
                say(f"removed {each}")
    if as_json:
        print_json(removed)
    problems.raise_any()


def _describe(param_set: ParamSet) -> str:
    counts = param_set.describe_counts()
    return f"{param_set} ({param_set.describe()}; {counts}{_describe_frozen(param_set)})"


def _describe_frozen(param_set: ParamSet) -> str:
    splits = ""
    with suppress(CacheError):  # what is damaged can be removed, too
        splits = ", ".join(f"{each.split} as {each.digest[:12]}" for each in param_set.frozen)
    return splits and f"; frozen: {splits}"


def _question(described: Sequence[str]) -> str:
    if len(described) == 1:
        return f"Remove {described[0]} for good?"
    for each in described:
        tell(each, prefix="  ")
    return f"Remove these {len(described):,} parameter sets for good?"
