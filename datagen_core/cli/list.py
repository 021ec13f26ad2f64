"""The command `datagen list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    LeftOut,
    Problems,
    describe_nothing,
    filter_option,
    find_sets,
    state_option,
)
from datagen_core.cli.summaries import States, marks, summarize_set
from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, tell
from datagen_core.errors import SelectionError, UnreadableError, human_bytes
from datagen_core.generators.identity import short_text

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


@click.command("list")
@click.argument("name", required=False)
@filter_option
@state_option
@click.option("--sort", "key", metavar="KEY",
              help="Order by created, samples, seed, size, state, version, or a parameter; -KEY "
              "begins with the highest.")  # fmt: skip
@cache_option
@json_option
def list_command(
    name: str | None,
    selector: tuple[str, ...],
    states: tuple[str, ...],
    key: str | None,
    *,
    as_json: bool,
) -> None:
    """Show the data sets of the cache, or the one called NAME.

    There is one line per parameter set: its number, the parameters that differ from the defaults
    or from the other sets, seed, version, samples per split, excluded ones if there are any, the
    day on which it was begun, size on disk, and whether all requested samples exist. Day, version
    and seed are left out where a terminal is too narrow (a seed is among the parameters, too, if it
    is not 0), and each data set is then a table of its own. A set is mixed where --accept-code let
    other code add to it, and private where only its owner adds samples. A set or data set that you
    may not read is one line that says whose it is; one that is damaged is one line that says what
    is wrong.

    \b
    Examples:
      datagen list
      datagen list noisy_sine --json
      datagen list -p left=0 -p 'std_dev=0.*' --sort -size
      datagen list --state holes --state refused
    """
    problems = Problems()
    rows = _summaries(find_sets(name, selector, problems), problems)
    rows = [row for row in rows if not states or {*states} & {*marks(row)}]
    rows = _sort(rows, key) if key else rows
    closed, problems.unreadable = problems.unreadable, []
    if as_json:
        readable = [{**row, "unreadable": False, "damaged": None} for row in rows]
        print_json([*readable, *map(_describe_left_out, [*problems.damaged, *closed])])
    elif rows or closed or problems:
        _print_summaries(rows)
        for what, found in (("damaged", problems.damaged), ("unreadable", closed)):
            for each in found:
                say(f"{each}  {what}: {each.error}", dim=True)
        tell(str(open_cache().path), prefix="cache: ")
        del problems[:-1]  # which have lines of their own
    elif selector or states:
        tell("no parameter set fits")
    else:
        say(f"{describe_nothing(name)}; `datagen generators` lists what can be made")
    problems.raise_any()


def _summaries(param_sets: list[ParamSet], problems: Problems) -> list[dict[str, Any]]:
    """Sum up the readable parameter sets; `problems` gets the errors of the others."""
    rows, states = [], States(param_sets)
    for param_set in param_sets:
        with problems.collect(param_set):
            rows.append(summarize_set(param_set, states))
    return rows


_KEYS = {"created": "created", "samples": "samples", "seed": "seed", "size": "bytes",
         "state": "state", "version": "version"}  # fmt: skip


def _sort(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return rows by a column or a parameter; those that have none stay behind the others.

    Raises
    ------
    SelectionError
        If nothing is called so.
    """
    name = key.removeprefix("-")
    values = [row[_KEYS[name]] if name in _KEYS else row["params"].get(name) for row in rows]
    if rows and name not in _KEYS and not any(name in row["params"] for row in rows):
        known = sorted({*_KEYS, *(each for row in rows for each in row["params"])})
        raise SelectionError(f"cannot sort by {name!r}; choose one of {', '.join(known)}")
    places = [place for place, value in enumerate(values) if value is not None]
    places.sort(key=lambda place: _rank(values[place]), reverse=name != key)
    return [rows[place] for place in places + [p for p, v in enumerate(values) if v is None]]


def _rank(value: object) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float)
    return not is_number, value if isinstance(value, int | float) else 0, str(value)


def _describe_left_out(found: LeftOut) -> dict[str, Any]:
    named = {"generator": found.generator, "number": found.number}
    if isinstance(found.error, UnreadableError):
        closed = {"unreadable": True, "owner": found.error.owner, "path": found.error.path}
        return {**named, **closed, "damaged": None}
    return {**named, "unreadable": False, "damaged": str(found.error)}


def _print_summaries(rows: list[dict[str, Any]]) -> None:
    from datagen_core.cli.tables import print_table

    if not rows:
        return
    splits = list(dict.fromkeys(split for row in rows for split in row["splits"]))
    accounts = ["account"] if any(row["account"] for row in rows) else []
    excluded = ["excluded"] if any(row["excluded"] for row in rows) else []
    columns = (*splits, *excluded, "created", "size", "state", *accounts)
    header = ("data set", "set", "parameters", "seed", "version", *columns)
    seed, version = header.index("seed"), header.index("version")
    created = len(header) - len(accounts) - 3
    counts = [
        [*(row["splits"].get(split, 0) for split in splits), *(row[key] for key in excluded)]
        for row in rows
    ]
    lines = [
        _cells(row, count, human_bytes(row["bytes"]))
        for row, count in zip(rows, counts, strict=True)
    ]
    # Parameters have the seed, too, where it is not 0.
    spare = [seed, created] if _has_versions(rows) else [seed, version, created]
    print_table("", header, [line[: len(header)] for line in lines], spare, grouped=True)


def _has_versions(rows: list[dict[str, Any]]) -> bool:
    """Return whether a data set has parameter sets of several versions."""
    versions = {(row["generator"], row["version"]) for row in rows}
    return len(versions) > len({row["generator"] for row in rows})


def _cells(row: dict[str, Any], counts: list[Any], size: str) -> tuple[Any, ...]:
    named = (row["generator"], row["number"], row["description"], row["seed"], row["version"])
    account = " ".join(f"{name}={short_text(value)}" for name, value in row["account"].items())
    day = (row["created"] or "")[:10]
    return (*named, *counts, day, size, ", ".join(marks(row)), account)
