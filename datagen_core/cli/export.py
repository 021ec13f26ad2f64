"""The command `datagen export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.format_options import FormatCommand, take_options
from datagen_core.cli.options import Problems, select_sets
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
    tell,
)

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


@click.command("export", cls=FormatCommand, options_metavar="[OPTIONS] [--KEY VALUE]...")
@click.argument("name")
@click.argument("destination", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    required=True,
    help="csv, npz, parquet, hf (Hugging Face), or one of a plugin (declearn, leaf, pate).",
)
@click.option("--all-sets", is_flag=True, help="All parameter sets of NAME in one table.")
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME",
    help="Only this split; repeatable.  [default: all samples]",
)
@click.option("--view", help="Only this view, by name or name-digest.")
@click.option("--part", help="One part of the view, such as train.  [default: all parts]")
@click.option(
    "--fields",
    multiple=True,
    metavar="A,B",
    help="Only these fields, such as x,y; repeatable. In a generator's own table, its columns.",
)
@click.option(
    "--shards", metavar="N", help="Write N files, FILE-00000-of-0000N, with as many samples each."
)
@click.option(
    "--flat", is_flag=True, help="Repeat what a sample has once on each of its rows, in one table."
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the format; repeatable. --KEY VALUE is the same.",
)
@click.option("--verify", is_flag=True, help="Check the files of the samples first.")
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@set_option()
@cache_option
@json_option
def export_command(
    name: str,
    destination: Path,
    form: str,
    selector: tuple[str, ...],
    *,
    as_json: bool,
    **chosen: Any,
) -> None:  # fmt: skip
    """Write samples of NAME to DESTINATION, a file or a folder, depending on the format.

    A table has one row for each row of ragged fields, with the index of its sample, and in a view
    the name of its user. Fields that a sample has once are then a second table, FILE.samples, to be
    joined by that index; --flat repeats them instead. A table of several sets has their numbers,
    the parameters that differ, the seed and the split as columns.

    The destination appears when everything is written. Options of the format are given like those
    of this command, --KEY VALUE; for several values, use commas or repeat the option.

    \b
    Examples:
      datagen export noisy_sine --format csv samples.csv
      datagen export noisy_sine --all-sets --format parquet samples.parquet
      datagen export noisy_sine --format parquet big.parquet --split train --fields x,y --shards 8
      datagen export noisy_sine --format hf folder --licence mit
      datagen export leaf_synthetic --view niid_0_keep_5_train_6 --format leaf leaf-data
      datagen export image_partition --format declearn clients --client 0 --client 2
    """
    from datagen_core.cli.progress import counting  # slow, as the next one; not for --help
    from datagen_core.upkeep.export import export, select_all

    if chosen["all_sets"] and selector:
        raise click.UsageError("choose one parameter set with -p, or --all-sets")
    options = _take_options(chosen)
    every = chosen["all_sets"]
    problems = Problems()
    param_sets = select_sets(name, (), problems) if every else [select_set(name, selector)]
    problems.raise_any()
    selection = select_all(param_sets, chosen["splits"], chosen["view"], chosen["part"])
    with counting(f"export of {name}", transient=True) as progress:
        written = export(replace(selection, progress=progress), form, destination, options,
                         force=chosen["force"], verify=chosen["verify"])  # fmt: skip
    samples = [each for item in selection.sets for each in item.parts.values()]
    excluded = say_excluded(*samples) + _say_emptied(param_sets)
    mixed = _say_mixed([item.param_set for item in selection.sets])
    if as_json:
        paths = list(map(str, written.paths))
        path = str(destination.absolute())
        print_json({"path": path, "paths": paths, "samples": written.samples, "excluded": excluded,
                    "mixed": mixed})  # fmt: skip
    else:
        what = ", ".join(f"{part} {count}" for part, count in written.samples.items())
        whose = param_sets[0] if len(param_sets) == 1 else f"{len(param_sets)} sets of {name}"
        say(f"{_name(destination, written.paths)}: {whose}, {what}")


def _take_options(chosen: dict[str, Any]) -> dict[str, str]:
    """Return the options of the format, those of all tables among them."""
    options = take_options(chosen["options"], chosen)
    if chosen["fields"]:
        options["fields"] = ",".join(chosen["fields"])
        if not options["fields"].strip(", "):
            raise click.UsageError("--fields names no field; leave it out for all of them")
    if chosen["shards"] is not None:
        options["shards"] = chosen["shards"]
    if chosen["flat"]:
        options["flat"] = "yes"
    return options


def _name(destination: Path, paths: Sequence[Path]) -> str:
    """Return what was written, in words; paths as they were given."""
    names = [str(destination.parent / path.name) for path in paths]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more files"


def _say_mixed(param_sets: Sequence[ParamSet]) -> bool:
    """Name the sets to which other code was allowed to add; return whether there are any."""
    mixed = [each for each in param_sets if each.mixed]
    for each in mixed:
        command = f"datagen verify {each.generator} -p {each.number}"
        tell(f"{each} is mixed: other code was allowed to add to it, and its samples may differ in "
             f"kind; `{command}` says which", prefix="")  # fmt: skip
    return bool(mixed)


def _say_emptied(param_sets: Sequence[ParamSet]) -> int:
    """Name the sets that are left out since all of their samples are excluded; count these."""
    emptied = [each for each in param_sets if each.excluded and not each.existing - each.excluded]
    for each in emptied:
        tell(f"{each}: all {len(each.excluded)} samples are excluded and left out", prefix="")
    return sum(len(each.excluded) for each in emptied)
