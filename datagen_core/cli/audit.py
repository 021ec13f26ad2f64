"""The command `datagen audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import (
    Problems,
    count_problems,
    describe_nothing,
    raise_problems,
    select_sets,
)
from datagen_core.cli.summaries import describe_splits, name_set
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    set_option,
)
from datagen_core.errors import VerificationError, count_of

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.upkeep.audit import Audit


@click.command("audit")
@click.argument("name", required=False)
@set_option()
@click.option("--content", is_flag=True, help="Equal content in different splits is a problem.")
@cache_option
@json_option
def audit_command(
    name: str | None, selector: tuple[str, ...], *, content: bool, as_json: bool
) -> None:
    """Prove of the cache, or of NAME, that each sample is in exactly one split, and always was.

    The split ledger, in all generations that are kept, is compared with the shards and the runs:
    no sample is in two splits, was never asked for, is in no file, or left its split; no name that
    is retired is used; random choices are drawn again. No row is in two parts of a view.

    Samples of equal content in different splits, where raw counts as one, are reported.
    With --content they are a problem: a model would be tested with what it has seen. All samples
    are read for it.

    \b
    Examples:
      datagen audit
      datagen audit noisy_sine -p 0 --content
    """
    problems, results = Problems(), []
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            found = _audit(param_set)
            wrong = [*found.problems, *(map(str, found.equal) if content else ())]
            equal = [each._asdict() for each in found.equal]
            results.append({**name_set(param_set), **found._asdict(), "equal": equal})
            problems += [VerificationError(f"{param_set}: {each}") for each in wrong]
            if not as_json:
                _print(param_set, found, wrong=len(wrong))
    if as_json:
        print_json(results)
    elif not (results or problems or problems.unreadable):
        say(f"{describe_nothing(name)}: there is nothing to prove")
    problems.tell_unreadable()
    raise_problems([str(each) for each in problems])


def _audit(param_set: ParamSet) -> Audit:
    from datagen_core.cli.progress import counting  # slow; not for --help
    from datagen_core.upkeep.audit import audit

    with counting(str(param_set), transient=True) as report:
        return audit(param_set, report)


def _print(param_set: ParamSet, found: Audit, *, wrong: int) -> None:
    excluded = f", {found.excluded} excluded" if found.excluded else ""
    verdict = count_problems(wrong) if wrong else "each in exactly one split"
    say(
        f"{param_set}: {count_of(found.samples, 'sample')}, "
        f"{describe_splits(found.splits)}{excluded}, "
        f"{count_of(found.generations, 'generation')}: {verdict}"
    )
    for each in found.equal:
        say(f"  {each}")
