"""The command `datagen federated weights`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import (
    cache_option,
    count_of,
    human_bytes,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)

if TYPE_CHECKING:
    from datagen_federated.runs.weights import WrittenRun

_EXAMPLES = """\b
Examples:
  datagen federated weights
  datagen federated weights -p 2 --sample 0 --sample 7 -o some
  datagen federated weights -p aggregation=uniform --format json"""


@click.command(epilog=_EXAMPLES)
@click.argument("name", default="federated_metrics")
@set_option()
@click.option("--split", help="Only runs of this split.  [default: all runs]")
@click.option(
    "--sample",
    "indices",
    type=click.IntRange(0),
    multiple=True,
    metavar="INDEX",
    help="Only this run; repeatable.",
)
@click.option(
    "-o",
    "--output",
    default="weights",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["npz", "json"]),
    default="npz",
    help="npz, or json as the MLaaS data generator, with files several times as large.",
)
@click.option("--force", is_flag=True, help="Replace the folders of runs.")
@cache_option
@json_option
def weights(*, name: str, form: Any, as_json: bool, **options: Any) -> None:
    """Write the saved weights of runs of NAME, for all clients and the global model.

    Each run becomes a folder, named by its index. Layers are in the order and the layout of Keras's
    get_weights. A client that took no part in a round has no file. Runs save their weights if they
    are made with -p save_weights=true.
    """
    from datagen_federated.runs.weights import write_weights  # help must not pay for numpy

    param_set = select_set(name, options["selector"])
    samples = param_set[options["split"]] if options["split"] else param_set.samples
    say_excluded(samples)
    folder, places = options["output"], options["indices"]
    written = write_weights(param_set, samples, folder, places, form=form, force=options["force"])
    runs = [_report(run, as_json=as_json) for run in written]
    if as_json:
        print_json({"folder": str(folder), "format": form, "runs": runs})


def _report(run: WrittenRun, *, as_json: bool) -> dict[str, Any]:
    if not as_json:
        say(f"{run.folder}: {count_of(run.files, 'file')}, {human_bytes(run.bytes)}")
    return {**run._asdict(), "folder": str(run.folder)}
