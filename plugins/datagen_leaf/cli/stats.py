"""The command `datagen leaf stats`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from datagen_core.commands import print_json, say_excluded, say_text, select_set
from datagen_leaf.cli.view_stages import set_options
from datagen_leaf.errors import PreprocessingError
from datagen_leaf.preprocessing.statistics import (
    SizeStatistics,
    bins_of,
    describe_sizes,
    format_as_leaf,
    format_statistics,
)
from datagen_pictures import BLUE, ORANGE, Bars, draw_bars, save_figure


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
    say_excluded(samples)
    found = describe_sizes(samples.lengths())
    if options["output"]:
        _draw(found, options["output"], title)
    if options["as_json"]:
        print_json(found.to_json())
    elif options["as_leaf"]:
        say_text(format_as_leaf(found))
    else:
        say_text(format_statistics(found, title))


def _draw(found: SizeStatistics, path: Path, title: str) -> None:
    names, counts = zip(*bins_of(found), strict=True)
    colours = [BLUE] * (len(names) - 1) + [ORANGE]  # the last bin is the overflow
    axis_labels = ("number of samples", "number of users")
    bars = draw_bars([Bars(counts, colours)], names, axis_labels, title, size=(8.7, 4.9))
    save_figure(bars, path)
