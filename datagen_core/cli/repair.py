"""The command `datagen repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from datagen_core.cli.options import Problems, load_generator_of, select_sets, trust_option
from datagen_core.cli.runs import execute, read_settings, run_options
from datagen_core.cli.summaries import name_set
from datagen_core.commands import cache_option, json_option, print_json, say, set_option, tell
from datagen_core.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datagen_core.scheduling.plan import Settings
    from datagen_core.scheduling.run import Run
    from datagen_core.scheduling.trusting import Decide
    from datagen_core.store.derived import DerivedPaths
    from datagen_core.store.runs import RunRecord
    from datagen_core.upkeep.preprocess import Maker
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
    makes them, by the same code, and compared with the checksum that the file had; so are results,
    by the preprocessor that made the others. What code would make that is not trusted, or is other
    code now, stays where it is. Splits, numbers and exclusions stay as they are. Files of views are
    only set aside. Private samples, and damaged documents, are to be restored from a backup.

    \b
    Examples:
      datagen repair --dry-run
      datagen repair noisy_sine -p 0 --executor local
    """
    from datagen_core.upkeep.repair import find_repair

    problems = Problems()
    terms = _Terms(read_settings(options), options["njobs"], decide, problems)
    repairs: list[Repair] = []
    for param_set in select_sets(name, selector, problems):
        with problems.collect(param_set):
            repairs.append(find_repair(param_set))
    if not dry_run:
        _mend(repairs, terms)
    found = [(each, each.outcomes()) for each in repairs]
    if as_json:
        print_json([_describe(*each) for each in found])
    else:
        _print(found, dry_run=dry_run)
    problems.raise_any()
    left = [words for each in found for words in _list_left(*each)]
    if left and not dry_run:
        raise VerificationError(f"{len(left)} left to repair: {left[0]}")


class _Terms(NamedTuple):
    """How files are to be made again: settings, number of jobs, who says yes, what goes wrong."""

    settings: Settings
    njobs: int | None
    decide: Decide
    problems: Problems


def _mend(repairs: Sequence[Repair], terms: _Terms) -> None:
    """Decide first, then set aside what may be made again, and make it: samples before results."""
    runs: list[Run] = []
    makers: list[tuple[Repair, DerivedPaths, Maker]] = []
    for repair in repairs:
        with terms.problems.collect(repair.param_set):
            trusted = list(_find_trusted(repair, terms))
            found = _find_makers(repair, terms)
            repair.set_aside(trusted, found)
            runs += _take_up(repair, trusted, terms)
            makers += [(repair, *each) for each in found.items()]
    execute(runs)
    for repair, derived, make in makers:
        with terms.problems.collect(repair.param_set):
            make(repair.lost_results(derived))


def _find_trusted(repair: Repair, terms: _Terms) -> Iterator[RunRecord]:
    from datagen_core.scheduling.resuming import check_trusted

    for run in repair.runs:
        with terms.problems.collect(repair.param_set):
            check_trusted(repair.param_set.paths, run, terms.settings, decide=terms.decide)
            yield run


def _find_makers(repair: Repair, terms: _Terms) -> dict[DerivedPaths, Maker]:
    from datagen_core.upkeep.preprocess import find_maker

    makers, param_set = {}, repair.param_set
    for derived in repair.results:
        with terms.problems.collect(param_set):
            generator = load_generator_of(param_set, param_set.generator, None, terms.decide)
            makers[derived] = find_maker(param_set, derived, generator)
    return makers


def _take_up(repair: Repair, records: Sequence[RunRecord], terms: _Terms) -> list[Run]:
    from datagen_core.executors.choice import choose_executor
    from datagen_core.scheduling.resuming import take_up
    from datagen_core.upkeep.repair import check_same_code

    paths, runs = repair.param_set.paths, []
    settings, njobs, decide, problems = terms
    for record in records:
        with problems.collect(repair.param_set), repair.putting_back(record):
            run = take_up(paths, record, settings, njobs, choose_executor, decide=decide)
            check_same_code(run)
            runs.append(run)
    return runs


def _describe(repair: Repair, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    files = [each._asdict() for each in outcomes]
    return {**name_set(repair.param_set), "files": files, "problems": repair.problems}


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
