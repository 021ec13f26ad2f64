"""The command `datagen study`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.generate import make_samples, refuse_holes, report_sets
from datagen_core.cli.options import WholeNumber, folder_option
from datagen_core.cli.runs import read_settings, run_options
from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    open_cache,
    print_json,
    say,
    say_text,
)

if TYPE_CHECKING:
    from datagen_core.scheduling.studies import Study

_EXAMPLES = """\b
Examples:
  datagen study noisy_sine --space space.toml --runs 20 --seed 1 --dry-run
  datagen study noisy_sine --space space.toml --runs 20 --seed 1 --total 1000 --njobs 4

\b
A space.toml:
  left = -1                                # for all
  right = [1, 2, 3]                        # one of them
  std_dev = {log_uniform = [1e-3, 1]}      # also uniform, and integers
  cases = [{weight = 2, space = {left = 0}}, {space = {left = -2, right = 2}}]"""

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("study", epilog=_EXAMPLES)
@click.argument("name")
@click.option("--space", "space_file", type=_FILE, metavar="FILE", required=True,
              help="The space to draw from, as JSON or TOML.")  # fmt: skip
@click.option("--runs", "points", type=WholeNumber(1), metavar="N", required=True,
              help="Number of points to draw.")  # fmt: skip
@click.option("--seed", type=WholeNumber(0, 10**1000), metavar="N", default=0, show_default=True,
              help="Seed of the draws and of the parameter sets.")  # fmt: skip
@click.option("--total", type=WholeNumber(1), metavar="N", default=1, show_default=True,
              help="Number of samples of each parameter set.")  # fmt: skip
@click.option("-o", "--output", type=_FILE, metavar="JSON",
              help="The manifest of the points.  [default: study.json]")  # fmt: skip
@run_options
@click.option("--dry-run", is_flag=True, help="Make nothing; write the manifest, or print it.")
@folder_option
@cache_option
@json_option
def study_command(  # noqa: PLR0913, PLR0917 (one for each argument and option)
    name: str,
    space_file: Path,
    points: int,
    seed: int,
    total: int,
    output: Path | None,
    folder: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a random study of generator NAME: draw points from a space, and make their samples.

    The same seed, space and number of points give the same study, and a longer one begins with the
    points of a shorter one: a second call goes on with an interrupted study, and a higher --total
    adds samples. All points are checked and written to the manifest before anything is made.
    """
    from datagen_core.scheduling.demands import load, make_demands  # slow; not for --help
    from datagen_core.scheduling.studies import plan_study, read_space

    settings, loaded = read_settings(options), load(name, folder)
    study = plan_study(loaded.generator, read_space(space_file), points, seed)
    if dry_run and output is None:
        _print(study, as_json=as_json)
        return
    output = output or Path("study.json")
    words = _publish(study, output)
    answer = {"manifest": str(output), "points": points, "redrawn": len(study.redrawn)}
    if not as_json:
        say(words)
    if not dry_run:
        demands = make_demands(loaded, study.params, seed, open_cache().path, total, total=True)
        runs, statuses = make_samples(demands, settings, verbose=options["verbose"])
        report_sets(demands, runs, statuses, as_json=as_json, **answer)
        refuse_holes(runs, statuses)
    elif as_json:
        print_json(answer)


def _print(study: Study, *, as_json: bool) -> None:
    from datagen_core.scheduling.studies import format_study  # as above

    if as_json:
        print_json(study.to_json())
    else:
        say_text(format_study(study.to_json()))


def _publish(study: Study, output: Path) -> str:
    """Write the manifest, and return what there is to say of the study."""
    from datagen_core.scheduling.studies import publish_study  # as above

    is_new = publish_study(output, study.to_json())
    redrawn = f"; {len(study.redrawn)} drawn again" if study.redrawn else ""
    return f"{output}: {count_of(len(study.points), 'point')}{redrawn}" + (
        "" if is_new else "; written before"
    )
