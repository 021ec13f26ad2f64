"""The command `datagen repair`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import Problems, select_sets, trust_option
from datagen_core.cli.runs import execute, read_settings, run_options
from datagen_core.commands import cache_option, json_option, print_json, say, set_option, tell
from datagen_core.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datagen_core.scheduling.plan import Settings
    from datagen_core.scheduling.run import Run
    from datagen_core.scheduling.trusting import Decide
    from datagen_core.upkeep.repair import Outcome, Repair


@click.command("repair")
@click.argument("name", required=False)
@set_option()
@click.option("--dry-run", is_flag=True, help="Only say what is damaged; nothing is changed.")
@trust_option
@run_options
@cache_option
@json_option
def repair_command(
    name: str | None,
    selector: tuple[str, ...],
    decide: Decide,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Set the damaged files of parameter sets aside, and make their samples again.

    Every file is checked as `datagen verify` does. A damaged one is moved into the folder `damaged`
    of its set, never deleted. Samples that no other file holds are made again as `datagen resume`
    makes them, by the same code, and compared with the checksum that the file had. Splits, numbers
    and exclusions stay as they are. Results of preprocessors and views are only set aside. Private
    samples, and damaged documents, are to be restored from a backup.

    \b
    Examples:
      datagen repair --dry-run
      datagen repair noisy_sine -p 0 --executor local
    """
    from datagen_core.upkeep.repair import begin_repair

    settings, problems = read_settings(options), Problems()
    repairs: list[Repair] = []
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            repairs.append(begin_repair(param_set, dry_run=dry_run))
    if not dry_run:
        execute(_take_up(repairs, settings, options["njobs"], decide, problems))
    found = [(each, each.outcomes()) for each in repairs]
    if as_json:
        print_json([_describe(*each) for each in found])
    else:
        _print(found, dry_run=dry_run)
    problems.raise_any()
    left = [words for each in found for words in _list_left(*each)]
    if left and not dry_run:
        raise VerificationError(f"{len(left)} left to repair: {left[0]}")


def _take_up(
    repairs: Sequence[Repair],
    settings: Settings,
    njobs: int | None,
    decide: Decide,
    problems: Problems,
) -> list[Run]:
    from datagen_core.executors.choice import choose_executor
    from datagen_core.scheduling.resuming import take_up
    from datagen_core.upkeep.repair import check_same_code

    choose, runs = cache(choose_executor), []
    for repair in repairs:
        paths = repair.param_set.paths
        for record in repair.runs:
            with problems.collect(repair.param_set):
                run = take_up(paths, record, settings, njobs, choose, decide=decide)
                check_same_code(run)
                runs.append(run)
    return runs


def _describe(repair: Repair, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    files = [each._asdict() for each in outcomes]
    return {"set": str(repair.param_set), "files": files, "problems": repair.problems}


def _print(found: Sequence[tuple[Repair, Sequence[Outcome]]], *, dry_run: bool) -> None:
    for repair, outcomes in found:
        for each in outcomes:
            say(f"{repair.param_set}: {each.problem}")
            for line in _tell(each, dry_run=dry_run):
                say(f"  {line}")
        for problem in repair.problems:
            tell(f"{repair.param_set}: {problem}", prefix="")
    if not any(outcomes or repair.problems for repair, outcomes in found):
        say("nothing is damaged")


def _tell(outcome: Outcome, *, dry_run: bool) -> list[str]:
    if dry_run:
        return []
    place = [f"it lies in {outcome.place}"] if outcome.place else []
    equal = ", equal to what it held" if outcome.equal else ""
    made = [f"its samples are in sound files{equal}"] if outcome.made else []
    return [*place, *made, *([outcome.advice] if outcome.advice else [])]


def _list_left(repair: Repair, outcomes: Sequence[Outcome]) -> list[str]:
    return [*repair.problems, *(f"{each.file}: {each.advice}" for each in outcomes if each.advice)]
