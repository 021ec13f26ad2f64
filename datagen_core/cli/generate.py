"""The command `datagen generate`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import WholeNumber, folder_option
from datagen_core.cli.parameters import read_layers, read_points
from datagen_core.cli.runs import (
    choose_patiently,
    execute,
    read_settings,
    run_options,
    runs_to_json,
    set_numbers,
)
from datagen_core.commands import (
    cache_option,
    find_profile,
    json_option,
    open_cache,
    print_json,
    say,
    tell,
)
from datagen_core.errors import GeneratorError, IncompleteRunError, count_of

_NOTE_SECONDS = 3.0
"""Time between lines about a long beginning."""

if TYPE_CHECKING:
    from datagen_core.executors.base import Executor
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.scheduling.demands import Demand
    from datagen_core.scheduling.plan import Settings
    from datagen_core.scheduling.run import Run
    from datagen_core.scheduling.status import RunStatus


@click.command("generate")
@click.argument("name")
@click.option("-n", "samples", type=WholeNumber(1), metavar="N",
              help="Number of samples to add: 1000000, 1_000_000 or 1e6.")  # fmt: skip
@click.option("--total", type=WholeNumber(1), metavar="N",
              help="Number of samples to reach, written as for -n.")  # fmt: skip
@click.option("-p", "--param", "assignments", multiple=True, metavar="KEY=VALUE",
              help="A parameter; JSON where that fits its type, else text. KEY.PART=VALUE is one "
              "inside another; @FILE.toml or @FILE.json has many.")  # fmt: skip
@click.option("--params", metavar="TEXT|@FILE", help="Parameters as JSON or a Python dict.")
@click.option("--sweep", "sweeps", multiple=True, metavar="KEY=V1,V2,…",
              help="One parameter set for each value, or each combination. A value may be "
              "start:stop:step, lin:first:last:n or log:first:last:n. Also a JSON list, or @FILE "
              "with a JSON list of mappings. Repeatable.")  # fmt: skip
@click.option("--seed", type=WholeNumber(0, 10**1000), metavar="N", default=0, show_default=True)
@click.option("--generator-version", "version", metavar="V",
              help="Refuse another version of the generator; it begins other sets.")  # fmt: skip
@run_options
@click.option("--dry-run", is_flag=True, help="Print the plan and do nothing.")
@folder_option
@cache_option
@json_option
def generate_command(  # noqa: PLR0913, PLR0917 (one for each argument and option)
    name: str,
    samples: int | None,
    total: int | None,
    assignments: tuple[str, ...],
    sweeps: tuple[str, ...],
    params: str | None,
    seed: int,
    version: str | None,
    folder: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Make samples of generator NAME.

    NAME is an installed generator, one of generators.py in the current folder (or in --generators
    DIR), or path/to/file.py:name. Sample i depends only on the generator, its parameters, the seed
    and i: the number of jobs does not matter, and a later call adds to the existing samples. Where
    the code or a package that it uses changed since these were made, some of them are made anew
    first: when they differ, nothing is added.

    \b
    Examples:
      datagen generate noisy_sine -n 1000 -p left=0 -p std_dev=0.5 --njobs 4
      datagen generate noisy_sine -n 1000 --params "{'left': 0, 'std_dev': 0.5}"
      datagen generate ./my_file.py:walk --total 5000 --executor slurm --time 30
      datagen generate noisy_sine -n 1000000 --njobs 40 --dry-run
      datagen generate noisy_sine -n 100 --sweep left=-2,-1 --sweep std_dev=0.1,0.5 --njobs 4
      datagen generate noisy_sine -n 100 -p @wide.toml --sweep std_dev=log:1e-3:1:4
    """
    from datagen_core.scheduling.demands import load, make_demands

    if (samples is None) == (total is None):
        raise click.UsageError("give the number of samples: -n N to add N, or --total N to reach N")
    settings = read_settings(options)
    layers = read_layers(assignments, params)
    loaded = load(name, folder)
    points = read_points(layers, sweeps, loaded.generator)
    _check_version(loaded.generator, version)
    demands = make_demands(
        loaded, points, seed, open_cache().path, samples or total or 0,
        total=total is not None,
    )  # fmt: skip
    if dry_run:
        _plan(demands, settings, as_json=as_json)
        return
    runs, statuses = make_samples(demands, settings, verbose=options["verbose"])
    if sweeps:
        report_sets(demands, runs, statuses, as_json=as_json)
    else:
        _report(demands[0], runs, statuses, total, as_json=as_json)
    refuse_holes(runs, statuses)


def _plan(demands: Sequence[Demand], settings: Settings, *, as_json: bool) -> None:
    from datagen_core.cli.dry_run import print_plans

    _print_notes(demands)
    executor = _choose_executor(settings, waits=False)
    print_plans(demands, executor, settings, as_json=as_json)


def make_samples(
    demands: Sequence[Demand], settings: Settings, *, verbose: bool
) -> tuple[list[Run], list[RunStatus]]:
    """Make what is demanded, in one submission; return the runs with their statuses."""
    from datagen_core.scheduling.run import check_made

    _print_notes(demands)
    executor = _choose_executor(settings, waits=settings.wait)
    runs = _begin(demands, executor, settings)
    _describe(runs, verbose=verbose)
    statuses = execute(runs)
    check_made(demands, runs)
    return runs, statuses


def _check_version(generator: DatasetGenerator, version: str | None) -> None:
    if version not in {None, generator.version}:
        raise GeneratorError(
            f"{generator.name} has version {generator.version} now, which cannot go on with "
            f"parameter sets of version {version}; use the generator as it was, or leave out "
            "--generator-version to begin a new set"
        )


def _choose_executor(settings: Settings, *, waits: bool) -> Executor:
    from datagen_core.executors.choice import fallback_reason

    executor = choose_patiently(settings.executor, waits=waits)
    if why := fallback_reason(settings.executor, executor):
        tell(why)
    return executor


def _print_notes(demands: Sequence[Demand]) -> None:
    """Print notes on stderr before anything runs, each line once."""
    notes = [note for demand in demands for note in demand.notes]
    news = [line for demand in demands for line in demand.news]
    for line in dict.fromkeys(notes + news):
        tell(line)


def _begin(demands: Sequence[Demand], executor: Executor, settings: Settings) -> list[Run]:
    """Begin runs; say now and then how far that is, and what is to be done when it is cut short."""
    from datagen_core.scheduling.run import begin  # slow; not for --help
    from datagen_core.store.advice import command_for_all  # the same

    name, begun, told = demands[0].generator.name, 0, time.monotonic()

    def observe(done: int) -> None:
        nonlocal begun, told
        begun = done
        if time.monotonic() - told > _NOTE_SECONDS and done < len(demands):
            told = time.monotonic()
            tell(f"{name}: begun {done:,} of {len(demands):,} parameter sets", prefix="")

    try:
        return begin(demands, executor, settings, observe)
    except KeyboardInterrupt:
        if begun:
            resume = command_for_all({demand.paths for demand in demands}, "resume")
            tell(
                f"{begun:,} of {len(demands):,} parameter sets are begun: `{resume}` makes their "
                "samples, and then this command with --total those of the others"
            )
        raise


def _describe(runs: Sequence[Run], *, verbose: bool) -> None:
    profile = find_profile()
    if verbose and profile:
        tell(f"{profile.name} of {profile.path} ({profile.reason})", prefix="profile      ")
    for run in runs if verbose else ():
        record = run.demand.record
        tell(str(run.demand.cache), prefix="cache        ")
        tell(f"{run.paths.set.root.name} ({record.digest})", prefix="set          ")
        tell(f"{run.record.id}: samples {run.record.start} to {run.record.stop - 1}",
             prefix="run          ")  # fmt: skip
        tell(run.executor.name, prefix="executor     ")


def _report(
    demand: Demand,
    runs: Sequence[Run],
    statuses: Sequence[RunStatus],
    total: int | None,
    *,
    as_json: bool,
) -> None:
    """Print the result for one parameter set; there is no run when it has enough samples."""
    name = demand.record.generator
    if as_json:
        found = runs_to_json(runs, statuses)
        print_json(found[0] if found else {"generator": name, "run": None, "missing": 0})
    elif not runs:
        say(f"{name} has {count_of(total or 0, 'sample')} or more already; nothing to do")
    elif not statuses[0].missing:
        record = statuses[0].record
        say(f"{name}: {count_of(record.interval.size, 'sample')} made, "
                   f"{record.start} to {record.stop - 1}")  # fmt: skip
    elif not runs[0].settings.wait:
        say(f"submitted run {runs[0].record.number} of {name}; see `{_status(runs)}`")


def _status(runs: Sequence[Run]) -> str:
    from datagen_core.store.advice import command_for_all  # as slow as runs

    return command_for_all({run.paths.set for run in runs}, "status")


def report_sets(
    demands: Sequence[Demand],
    runs: Sequence[Run],
    statuses: Sequence[RunStatus],
    *,
    as_json: bool,
    **more: Any,
) -> None:
    """Print the result for many parameter sets; the answer in JSON has `more`, too."""
    name = demands[0].record.generator
    if as_json:
        numbers = set_numbers(demands[0].paths.root.parent)
        sets = [numbers.get(demand.paths) for demand in demands]
        folders = [demand.paths.root.name for demand in demands]
        found = runs_to_json(runs, statuses)
        answer = {"generator": name, "sets": sets, "folders": folders, "runs": found}
        print_json({**more, **answer})
    elif runs and not runs[0].settings.wait:
        say(f"submitted {count_of(len(runs), 'run')} of {name}; see `{_status(runs)}`")
    elif not runs:
        say(f"all {len(demands)} parameter sets of {name} have that many samples already; "
                   "nothing to do")  # fmt: skip
    else:
        made = sum(len(status.done) for status in statuses)
        whole = f"{len(runs)} of {count_of(len(demands), 'parameter set')}"
        say(f"{name}: {count_of(made, 'sample')} made in {whole}; `datagen list {name}` shows them")


def refuse_holes(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> None:
    """Raise for runs that ended with samples missing."""
    from datagen_core.scheduling.driving import explain  # slow; not for --help

    pairs = zip(runs, statuses, strict=True)
    incomplete = [(run, status) for run, status in pairs if status.missing and run.settings.wait]
    if incomplete:
        raise IncompleteRunError(explain(incomplete))
