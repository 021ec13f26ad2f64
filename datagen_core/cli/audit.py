"""The command `datagen audit`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import Problems, select_sets
from datagen_core.cli.summaries import describe_splits
from datagen_core.commands import (
    cache_option,
    json_option,
    open_cache,
    print_json,
    say,
    set_option,
    tell,
)
from datagen_core.errors import VerificationError

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

    Samples of equal content that are in different splits, where raw counts as one, are told of.
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
            results.append({"set": str(param_set), **found._asdict(), "equal": equal})
            problems += [VerificationError(f"{param_set}: {each}") for each in wrong]
            if not as_json:
                _print(param_set, found, wrong=len(wrong))
    if as_json:
        print_json(results)
    elif not (results or problems or problems.unreadable):
        say(f"{open_cache().path} is empty: there is nothing to prove")
    _raise(problems)


def _audit(param_set: ParamSet) -> Audit:
    from datagen_core.upkeep.audit import audit

    with _progress(str(param_set)) as report:
        return audit(param_set, report)


def _print(param_set: ParamSet, found: Audit, *, wrong: int) -> None:
    excluded = f", {found.excluded} excluded" if found.excluded else ""
    verdict = f"{wrong} problem{'s' * (wrong != 1)}" if wrong else "each in exactly one split"
    say(
        f"{param_set}: {found.samples} samples, {describe_splits(found.splits)}{excluded}, "
        f"{found.generations} generation{'s' * (found.generations != 1)}: {verdict}"
    )
    for each in found.equal:
        say(f"  {each}")


def _raise(problems: Problems) -> None:
    """End with the exit code of a verification, also where a set cannot be read."""
    problems.tell_unreadable()
    lines = [str(each) for each in problems]
    for each in lines[1:]:
        tell(each, prefix="  ")
    if lines:
        count = f"{len(lines)} problem{'s' * (len(lines) != 1)}"
        raise VerificationError(f"{count} found: {lines[0]}")


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], Any]]:
    """Show how many samples are compared, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress  # slow; not for --help

    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
