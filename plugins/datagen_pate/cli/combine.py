"""The command `datagen pate combine`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)

if TYPE_CHECKING:
    from datagen_pate.compat.combining import Source

_EXAMPLES = """\b
Examples:
  datagen pate combine --teachers-dir teachers --output combined_dataset --percentage 0.1
  datagen pate combine --teachers-dir teachers --output half --percentage 0.5 --end-id 100
  datagen pate combine -p 0 --output combined_dataset --seed 42

\b
Files: <name>_samples.pt, <name>_labels.csv, <name>_teacher_ids.csv, <name>_metadata.json. Rows
are in the order of teachers. A student can also learn from a parameter set as it is:
`datagen pate train-student`."""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--teachers-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with teacher_<id>/.  [default: teachers]",
)
@set_option("A parameter set of pate_images instead: number, key=value,… or digest.")
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the files; existing ones of the same name are replaced.",
)
@click.option(
    "--percentage",
    type=float,
    default=1.0,
    show_default=True,
    help="The share of all samples, from 0 to 1.",
)
@click.option("--start-id", type=click.IntRange(0), default=0, show_default=True,
              help="The first teacher.")  # fmt: skip
@click.option(
    "--end-id", type=click.IntRange(1), help="The teacher after the last one.  [default: all]"
)
@click.option("--seed", type=click.IntRange(0), default=42, show_default=True,
              help="Of the random choice.")  # fmt: skip
@click.option(
    "--no-stratify", is_flag=True, help="Draw freely; otherwise classes keep their shares."
)
@click.option("--name", default="combined_synthetic", show_default=True,
              help="Beginning of the files' names.")  # fmt: skip
@click.option("--compat", type=click.Choice(["original"]),
              help="Teachers sorted by name, so that 10 comes before 2.")  # fmt: skip
@cache_option
@json_option
def combine(*, as_json: bool, **options: Any) -> None:
    """Join the synthetic sets of all teachers, whole or a share of them."""
    from datagen_pate.compat.combining import Combination  # help must not pay for numpy
    from datagen_pate.compat.combining import combine as join

    if options["teachers_dir"] and options["selector"]:
        raise click.UsageError("choose --teachers-dir or a parameter set with -p")
    wanted = Combination(
        options["percentage"], options["seed"], not options["no_stratify"], options["name"]
    )
    found = join(_list_sources(options), options["output"], wanted)
    if as_json:
        print_json(found)
    else:
        teachers = count_of(found["num_teachers"], "teacher")
        size = f"{count_of(found['total_samples'], 'sample')} of {teachers}"
        say(f"{found['samples_path']}: {size}")


def _list_sources(options: dict[str, Any]) -> list[Source]:
    from datagen_pate.compat.combining import (  # help must not pay for numpy
        list_sources,
        read_sources,
    )
    from datagen_pate.compat.trees import list_teachers

    start, end = options["start_id"], options["end_id"]
    if not options["selector"]:
        folder = options["teachers_dir"] or Path("teachers")
        return read_sources(list_teachers(folder, start, end, options["compat"]))
    param_set = select_set("pate_images", options["selector"])
    sources = list_sources(param_set, start, end)
    say_excluded(param_set.samples)
    return sources
