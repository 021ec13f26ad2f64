"""The command `datagen pate report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    tell,
)

_EXAMPLES = """\b
Examples:
  datagen pate report -o images.html
  datagen pate report -p 1 --sample 3 -o teacher_3.html
  datagen pate report -p 0 --shards teachers/shards.npz -o compared.html
  datagen pate report pate_votes -p aggregation=gnmax -o votes.html

\b
The page needs matplotlib: pip install 'datagen[plots]'. With shards it shows class counts of
private images and distances to them, which no epsilon covers: of a set with a finite epsilon, share
a page that was made without --shards. Without shards, some criteria are not checked, and do not
count as passed."""


@click.command(epilog=_EXAMPLES)
@click.argument("name", type=click.Choice(["pate_images", "pate_votes"]), default="pate_images")
@set_option()
@click.option("--split", default="raw", show_default=True, help="Which samples.")
@click.option("--sample", type=click.IntRange(0), metavar="INDEX",
              help="Only this teacher, or block of votes.  [default: all]")  # fmt: skip
@click.option(
    "--shards",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="NPZ",
    help="Private images to compare with.  [default: those of the set, if any]",
)
@click.option("-o", "--output", required=True, metavar="FILE",
              type=click.Path(dir_okay=False, path_type=Path),
              help="The page, .html; replaced if it exists.")  # fmt: skip
@cache_option
@json_option
def report(*, as_json: bool, output: Path, **options: Any) -> None:
    """Draw one page of pictures and checks of a parameter set of NAME, pate_images by default.

    One HTML file with everything in it: parameters, hashes of inputs, the privacy account, success
    criteria of each teacher and over all, class histograms, distributions of confidence and
    distance, images of each class, and the first candidates of the pool.
    """
    from datagen_pate.report import Request, write_page  # help must not pay for numpy

    request = Request(options["split"], options["sample"], options["shards"])
    param_set = select_set(options["name"], options["selector"])
    figures = write_page(param_set, output, request)
    say_excluded(param_set[options["split"]])
    if as_json:
        print_json(figures)
        return
    for note in figures["privacy"]["notes"]:
        tell(f"note: {note}", prefix="")
    overall = figures["success_criteria"]["overall"]
    counts = ", ".join(f"{overall[key]} {key.replace('_', ' ')}" for key in _COUNTED)
    say(f"{output}: {count_of(figures['images'], 'image')}; success criteria: {counts}")


_COUNTED = ("passed", "failed", "not_checked")
