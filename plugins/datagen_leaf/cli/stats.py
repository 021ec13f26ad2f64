"""The command `datagen leaf stats`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from datagen_core.commands import select_set
from datagen_leaf.cli.view_stages import set_options
from datagen_leaf.errors import PreprocessingError
from datagen_leaf.preprocessing.histogram import draw_histogram
from datagen_leaf.preprocessing.statistics import describe_sizes, format_as_leaf, format_statistics


@click.command()
@set_options
@click.option("--part", default="data", show_default=True, help="The part of the view.")
@click.option(
    "-o",
    "--output",
    metavar="PNG",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the histogram as well, to this file; replaced if it exists.",
)
@click.option("--as-leaf", is_flag=True, help="Print what LEAF's stats.sh prints.")
def stats(**options: Any) -> None:  # fmt: skip
    """Sum up how many samples the users of NAME have, in figures and a histogram.

    \b
    Examples:
      datagen leaf stats leaf_synthetic -o sizes.png
      datagen leaf stats leaf_synthetic --view niid_0_keep_5_train_6 --part test
    """
    param_set = select_set(options["name"], options["selector"])
    view = options["view"] and param_set.view(options["view"])
    samples = view[options["part"]] if view else param_set.samples
    title = f"{param_set} {view.full_name} {options['part']}" if view else str(param_set)
    if not len(samples):
        raise PreprocessingError(f"{title} has no users; there is nothing to sum up")
    found = describe_sizes(samples.lengths())
    if options["output"]:
        draw_histogram(found, options["output"], title)
    if options["as_json"]:
        click.echo(json.dumps(found.to_json()))
    elif options["as_leaf"]:
        click.echo(format_as_leaf(found), nl=False)
    else:
        click.echo(format_statistics(found, title))
