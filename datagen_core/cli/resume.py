"""The command `datagen resume`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import Problems, trust_option
from datagen_core.cli.runs import (
    choose_patiently,
    count_runs,
    execute,
    read_settings,
    run_options,
    runs_to_json,
    select_runs,
)
from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, set_option
from datagen_core.errors import IncompleteRunError
from datagen_core.ranges import IntervalSet

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus
    from datagen_core.scheduling.trusting import Decide
    from datagen_core.store.layout import SetPaths


@click.command("resume")
@click.argument("name", required=False)
@set_option()
@click.option("--run", "number", type=int, help="Only this run.")
@click.option(
    "--generators",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder that now holds the generator's file, where it was moved.",
)
@trust_option
@run_options
@cache_option
@json_option
def resume_command(
    name: str | None,
    selector: tuple[str, ...],
    number: int | None,
    folder: Path | None,
    decide: Decide,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Make the missing samples of runs: of one parameter set, one data set, or the whole cache.

    Jobs that are still alive are not started again, but waited for. Where nothing is missing,
    nothing is done.

    A run names code, and the folders and options that it is to have. What you have run before is
    used as it is; anything else, as of a colleague's run, is shown, and needs a yes or --trust.

    \b
    Examples:
      datagen resume
      datagen resume noisy_sine -p 0 --mem 4GB
      datagen resume walk --generators ~/moved/project
      datagen resume walk -p 0 --trust
    """
    from datagen_core.scheduling.driving import explain  # slow; not for --help
    from datagen_core.scheduling.resuming import take_up
    from datagen_core.store.folders import remove_all_litter, remove_litter

    settings = read_settings(options)
    choose = cache(partial(choose_patiently, waits=settings.wait))
    runs, problems = [], Problems()
    remove_all_litter(open_cache().path)
    for param_set, status in _left_over(select_runs(name, selector, number, problems)):
        if not status.missing:
            remove_litter(param_set.paths.root.parent, *param_set.paths.all_temporary)
            continue
        with problems.collect(param_set):
            paths, njobs = param_set.paths, options["njobs"]
            runs.append(
                take_up(paths, status.record, settings, njobs, choose, folder, decide=decide)
            )
    statuses = execute(runs)
    results = list(zip(runs, statuses, strict=True))
    if as_json:
        print_json(runs_to_json(runs, statuses))
    elif results or not problems:
        say(count_runs("resumed", len(results)) or "nothing is missing")
    problems.raise_any()
    incomplete = [(run, status) for run, status in results if status.missing and settings.wait]
    if incomplete:
        raise IncompleteRunError(explain(incomplete))


def _left_over(
    found: Iterable[tuple[ParamSet, RunStatus]],
) -> Iterator[tuple[ParamSet, RunStatus]]:
    """Pass on runs, but for those whose missing samples another one makes, as imported ones may."""
    begun: defaultdict[SetPaths, IntervalSet] = defaultdict(IntervalSet)
    for param_set, status in found:
        left = status.missing - begun[param_set.paths]
        begun[param_set.paths] |= status.missing
        if left or not status.missing:
            yield param_set, status
