"""The commands that show what there is: data sets, generators, provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import folder_option
from datagen_core.commands import cache_option, json_option, open_cache, select_set, set_option
from datagen_core.errors import DatagenError
from datagen_core.generators.identity import short_text
from datagen_core.store.runs import read_account

if TYPE_CHECKING:
    from datagen_core.reading.cache import Dataset, ParamSet


@click.command("list")
@click.argument("name", required=False)
@cache_option
@json_option
def list_command(name: str | None, *, as_json: bool) -> None:
    """Show the data sets of the cache, or the one called NAME.

    A line for each parameter set: its number, the parameters that differ from the defaults, seed,
    samples in each split, size on disk, and whether all samples that were asked for are there.

    \b
    Examples:
      datagen list
      datagen list noisy_sine --json
    """
    cache = open_cache()
    datasets = [cache[name]] if name is not None else list(cache.values())
    rows, problems = _summaries(datasets)
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo(f"{cache.path} is empty; `datagen generators` lists what can be made")
    else:
        _print_summaries(rows)
        click.echo(f"cache: {cache.path}", err=True)
    if problems:
        raise problems[0]


def _summaries(datasets: list[Dataset]) -> tuple[list[dict[str, Any]], list[DatagenError]]:
    """Sum up what can be read; a damaged parameter set hides no other."""
    rows, problems = [], []
    for param_set in (param_set for dataset in datasets for param_set in dataset.values()):
        try:
            rows.append(_summary(param_set))
        except DatagenError as error:
            problems.append(error)
    return rows, problems


def _summary(param_set: ParamSet) -> dict[str, Any]:
    existing, reserved = len(param_set.existing), param_set.reserved
    return {
        "generator": param_set.generator,
        "number": param_set.number,
        "params": param_set.params,
        "changed": param_set.record.changed,
        "description": param_set.describe(),
        "seed": param_set.seed,
        "splits": param_set.counts,
        "samples": existing,
        "reserved": reserved,
        "bytes": param_set.bytes,
        "state": "complete" if existing >= reserved else _state(param_set),
        "account": read_account(param_set.paths),
        "digest": param_set.record.digest,
        "path": str(param_set.paths.root),
    }


def _state(param_set: ParamSet) -> str:
    """Ask the executors; only where samples are missing, since that needs more imports."""
    from datagen_core.scheduling.status import statuses

    states = {status.state for status in statuses(param_set.paths)}
    return "running" if "running" in states else "holes"


def _print_summaries(rows: list[dict[str, Any]]) -> None:
    from datagen_core.cli.tables import human_bytes, print_table

    splits = list(dict.fromkeys(split for row in rows for split in row["splits"]))
    accounts = ["account"] if any(row["account"] for row in rows) else []
    header = ("data set", "set", "parameters", "seed", *splits, "size", "state", *accounts)
    lines = [_cells(row, splits, human_bytes(row["bytes"])) for row in rows]
    print_table("", header, [line[: len(header)] for line in lines])


def _cells(row: dict[str, Any], splits: list[str], size: str) -> tuple[Any, ...]:
    named = (row["generator"], row["number"], row["description"], row["seed"])
    counts = [row["splits"].get(split, 0) for split in splits]
    account = " ".join(f"{name}={short_text(value)}" for name, value in row["account"].items())
    return (*named, *counts, size, row["state"], account)


@click.command("generators")
@click.option("--check", is_flag=True, help="Load each one, and say which do not work.")
@folder_option
@json_option
def generators_command(folder: Path | None, *, check: bool, as_json: bool) -> None:
    """Show the generators that there are: installed plugins, and those of datasets.py.

    \b
    Examples:
      datagen generators
      datagen generators --check
    """
    from datagen_core.generators.registry import folder_generators, installed_generators

    found = installed_generators()
    try:
        found |= folder_generators(folder)
    except DatagenError as error:  # a broken file hides no plugin
        click.echo(f"datagen: warning: {error}", err=True)
    rows = [(name, origin, _check(name, folder) if check else "") for name, origin in found.items()]
    if as_json:
        keys = ("name", "origin", "check")
        click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        return
    from datagen_core.cli.tables import print_table

    header = ("generator", "from", "works") if check else ("generator", "from")
    print_table("", header, [row[: len(header)] for row in rows])


def _check(name: str, folder: Path | None) -> str:
    from datagen_core.generators.registry import load_generator

    try:
        load_generator(name, folder)
    except DatagenError as error:
        return str(error)
    return "yes"


@click.command("show")
@click.argument("name")
@set_option()
@folder_option
@cache_option
@json_option
def show_command(
    name: str, selector: tuple[str, ...], folder: Path | None, *, as_json: bool
) -> None:
    """Describe generator NAME: parameters with types and defaults, schema, preprocessors.

    With -p, describe a parameter set of the cache instead: parameters, schema and provenance.

    \b
    Examples:
      datagen show noisy_sine
      datagen show noisy_sine -p 0
    """
    described = _show_set(select_set(name, selector)) if selector else _show_generator(name, folder)
    if as_json:
        click.echo(json.dumps(described))
        return
    from datagen_core.cli.tables import print_table

    for key, value in described.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = [[_cell(cell) for cell in row.values()] for row in value]
            print_table(f"\n{key}", list(value[0]), rows)
        else:
            click.echo(f"{key:<13}{_cell(value)}")


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _show_set(param_set: ParamSet) -> dict[str, Any]:
    from datagen_core.store.sets import read_schema

    record = param_set.record
    return {
        **{key: value for key, value in _summary(param_set).items() if key != "changed"},
        "version": record.version,
        "batch_size": record.batch_size,
        "schema": read_schema(param_set.paths),
        "views": param_set.views,
        **record.provenance,
    }


def _show_generator(name: str, folder: Path | None) -> dict[str, Any]:
    from datagen_core.generators.params import describe_params
    from datagen_core.generators.registry import load_generator

    generator, source = load_generator(name, folder)
    return {
        "generator": generator.name,
        "source": source,
        "doc": generator.summary,
        "version": generator.version,
        "batch_size": generator.batch_size,
        "memory": generator.memory,
        "options": dict(generator.options),
        "preprocessors": list(generator.preprocessors),
        "params": describe_params(generator.params_type),
        "schema": _describe_schema(generator.schema),
    }


def _describe_schema(schema: Any) -> Any:
    if schema is None:
        return "inferred from the first batch"
    return "follows from the parameters" if callable(schema) else schema.to_json()
