"""The command `datagen list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import LeftOut, Problems
from datagen_core.cli.summaries import States, summarize_set
from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, tell
from datagen_core.errors import UnreadableError
from datagen_core.generators.identity import short_text

if TYPE_CHECKING:
    from datagen_core.reading.cache import Dataset


@click.command("list")
@click.argument("name", required=False)
@cache_option
@json_option
def list_command(name: str | None, *, as_json: bool) -> None:
    """Show the data sets of the cache, or the one called NAME.

    There is one line per parameter set: its number, the parameters that differ from the defaults
    or from the other sets, seed, version if there are several, samples per split, excluded ones if
    there are any, size on disk, and whether all requested samples exist. A set is mixed where
    other code was let add to it with --accept-code, and private where only its owner adds samples.
    A set or data set that may not be read is one line, which says whose it is, and one that is
    damaged is one that says what is wrong.

    \b
    Examples:
      datagen list
      datagen list noisy_sine --json
    """
    cache = open_cache()
    datasets = [cache[name]] if name is not None else list(cache.datasets())
    problems = Problems()
    rows = _summaries(datasets, problems)
    closed, problems.unreadable = problems.unreadable, []
    if as_json:
        readable = [{**row, "unreadable": False, "damaged": None} for row in rows]
        print_json([*readable, *map(_describe_left_out, [*problems.damaged, *closed])])
    elif rows or closed or problems:
        _print_summaries(rows)
        for what, found in (("damaged", problems.damaged), ("unreadable", closed)):
            for each in found:
                say(f"{each}  {what}: {each.error}", dim=True)
        tell(str(cache.path), prefix="cache: ")
        del problems[:-1]  # which have lines of their own
    else:
        say(f"{cache.path} is empty; `datagen generators` lists what can be made")
    problems.raise_any()


def _summaries(datasets: list[Dataset], problems: Problems) -> list[dict[str, Any]]:
    """Sum up the readable parameter sets; `problems` gets the errors of the others."""
    rows = []
    states = States([param_set for dataset in datasets for param_set in dataset.values()])
    for dataset in datasets:
        problems.add(dataset)
        for param_set in dataset.values():
            with problems.collect(param_set):
                rows.append(summarize_set(param_set, states))
    return rows


def _describe_left_out(found: LeftOut) -> dict[str, Any]:
    named = {"generator": found.generator, "number": found.number}
    if isinstance(found.error, UnreadableError):
        closed = {"unreadable": True, "owner": found.error.owner, "path": found.error.path}
        return {**named, **closed, "damaged": None}
    return {**named, "unreadable": False, "damaged": str(found.error)}


def _print_summaries(rows: list[dict[str, Any]]) -> None:
    from datagen_core.cli.tables import human_bytes, print_table

    if not rows:
        return
    splits = list(dict.fromkeys(split for row in rows for split in row["splits"]))
    accounts = ["account"] if any(row["account"] for row in rows) else []
    excluded = ["excluded"] if any(row["excluded"] for row in rows) else []
    versions = ["version"] if _has_versions(rows) else []
    columns = (*versions, *splits, *excluded, "size", "state", *accounts)
    header = ("data set", "set", "parameters", "seed", *columns)
    counts = [
        [
            *(row[key] for key in versions),
            *(row["splits"].get(split, 0) for split in splits),
            *(row[key] for key in excluded),
        ]
        for row in rows
    ]
    lines = [
        _cells(row, count, human_bytes(row["bytes"]))
        for row, count in zip(rows, counts, strict=True)
    ]
    print_table("", header, [line[: len(header)] for line in lines])


def _has_versions(rows: list[dict[str, Any]]) -> bool:
    """Return whether a data set has parameter sets of several versions."""
    versions = {(row["generator"], row["version"]) for row in rows}
    return len(versions) > len({row["generator"] for row in rows})


def _cells(row: dict[str, Any], counts: list[Any], size: str) -> tuple[Any, ...]:
    named = (row["generator"], row["number"], row["description"], row["seed"])
    account = " ".join(f"{name}={short_text(value)}" for name, value in row["account"].items())
    marks = [mark for mark in ("mixed", "private") if row[mark]]
    return (*named, *counts, size, ", ".join([row["state"], *marks]), account)
