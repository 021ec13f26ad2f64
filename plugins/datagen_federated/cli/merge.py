"""The command `datagen federated merge`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.commands import count_of, json_option, print_json, say, tell
from datagen_federated.merging import Merged, find_files, merge_files

_EXAMPLES = """\b
Examples:
  datagen federated merge clients.csv more.csv --output merged.csv
  datagen federated merge "outputs/runs/*.csv" --output merged.csv --dedupe
  datagen federated merge merged.csv new.csv --output merged.csv --dedupe --force"""


@click.command(epilog=_EXAMPLES)
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    help="The csv file to write.",
)
@click.option("--id-col", default="MLaaS_ID", help="Name of the id column.")
@click.option("--start-id", default=1, help="The first row's id.")
@click.option("--dedupe", is_flag=True, help="Keep only the first row of each identity.")
@click.option("--force", is_flag=True, help="Replace the output; it may be one of FILES.")
@json_option
def merge(  # noqa: PLR0913 (each is one argument or option)
    *,
    files: tuple[str, ...],
    output: Path,
    id_col: str,
    start_id: int,
    dedupe: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Join csv FILES of runs into one table, with an id for every row.

    FILES are paths or globs ("**" for any folders), of this program or of the MLaaS data generator.
    Columns are those of all files; values are not changed. With --dedupe, a row is left out if an
    earlier one has the same run_id, round and client_id; without these, if it has the same values
    in all columns but the id.
    """
    found = find_files(files)
    merged = merge_files(
        found, output, id_column=id_col, start=start_id, dedupe=dedupe, force=force
    )
    _warn(merged)
    if as_json:
        print_json({"output": str(output), **merged._asdict()})
    else:
        say(f"{output}: {_describe(merged)}")


def _warn(merged: Merged) -> None:
    if merged.conflicts:
        tell(
            f"datagen: warning: {merged.conflicts} of the rows left out differ from those kept in "
            "accuracy, loss or f1; check whether the files are of different versions",
            prefix="",
        )


def _describe(merged: Merged) -> str:
    size = (
        f"{count_of(merged.rows, 'row')} of {count_of(merged.files, 'file')}, "
        f"{merged.columns} columns"
    )
    return f"{size}; {count_of(merged.dropped, 'row')} left out" if merged.dropped else size
