"""The command `datagen exclude`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from datagen_core.cli.indices import indices_option
from datagen_core.cli.options import yes_option
from datagen_core.cli.questions import confirm
from datagen_core.cli.summaries import describe_exclusions, describe_splits
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import CacheError, count_of
from datagen_core.ranges import IntervalSet

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


@click.command("exclude")
@click.argument("name")
@set_option()
@indices_option(required=True)
@click.option("--reason", required=True, metavar="TEXT", help="What is wrong with them.")
@yes_option
@cache_option
@json_option
def exclude_command(
    name: str,
    samples: IntervalSet,
    selector: tuple[str, ...],
    reason: str,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Retract samples of NAME that are known to be bad. This cannot be undone.

    They are left out of every split and by all that reads samples: Python, export, preprocess,
    move. Nothing is deleted. They count as made, so no others are made in their place, and
    `datagen show` lists them with the reason. The samples behind them in a split move up.

    \b
    Examples:
      datagen exclude noisy_sine -p 0 --indices 3,10-19 --reason "the solver diverged"
      datagen exclude noisy_sine -p left=0 --indices @bad.txt --reason "see ticket 7" -y
    """
    param_set = select_set(name, selector)
    refused = (samples - param_set.existing) | (samples & param_set.excluded)
    allowed = not refused and bool(reason.strip())
    if allowed:
        _warn(param_set, samples)
    # As for a move: scripts need no flag, and what is refused is not asked for.
    if allowed and sys.stdin.isatty():
        confirm(
            lambda: (
                f"Exclude {count_of(len(samples), 'sample')} ({samples.brief()}) of {param_set} "
                f"({param_set.describe()}), for good?"
            ),
            yes=yes,
            otherwise="nothing was excluded",
        )
    exclusion = param_set.exclude(samples, reason)
    described = describe_exclusions(param_set, [exclusion])[0]
    if as_json:
        print_json({"set": param_set.number, **described, "splits": param_set.counts})
    else:
        say(
            f"excluded {count_of(len(samples), 'sample')} ({samples.brief()}): "
            f"{describe_splits(described['from'])}; {param_set} now has "
            f"{param_set.describe_counts()}"
        )


def _warn(param_set: ParamSet, samples: IntervalSet) -> None:
    """Say which frozen splits will not be what was frozen."""
    try:
        records = [each for each in param_set.frozen if each.within(samples)]
    except CacheError as error:  # samples may be bad all the same
        tell(error, prefix="")
        return
    for frozen in records:
        lost = f"{len(frozen.within(samples))} of its {count_of(frozen.size, 'sample')}"
        tell(f"{frozen.split} of {param_set}, frozen as {frozen.digest[:12]} by {frozen.by}, will "
             f"lose {lost}, which changes its digest", prefix="")  # fmt: skip
