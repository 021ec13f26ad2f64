"""The command `datagen show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import folder_option
from datagen_core.cli.summaries import (
    describe_draws,
    describe_exclusions,
    describe_frozen,
    describe_relabel,
    summarize_set,
)
from datagen_core.commands import cache_option, json_option, print_json, say, select_set, set_option
from datagen_core.store.ledger import read_ledger

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet


@click.command("show")
@click.argument("name")
@set_option()
@click.option("--runs", is_flag=True,
              help="List the set's runs: code, versions, who, when, where, how long.")  # fmt: skip
@click.option("--full", is_flag=True,
              help="All of what parameters mean; of a set, also those at defaults.")  # fmt: skip
@folder_option
@cache_option
@json_option
def show_command(
    name: str,
    selector: tuple[str, ...],
    folder: Path | None,
    *,
    runs: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Describe generator NAME: parameters with choices and defaults, schema, preprocessors.

    Only the first line of what a parameter means is printed; --full prints all of it.

    With -p, describe a parameter set of the cache instead: parameters, schema, provenance, the
    samples that are excluded, each time with the reason, random choices, names that splits had, and
    what was frozen. It says which codes made how many of its samples, and how many samples were
    made anew and equal before another code added to it.

    \b
    Examples:
      datagen show noisy_sine
      datagen show federated_metrics --full
      datagen show noisy_sine -p 0
      datagen show noisy_sine -p 0 --runs
    """
    if runs:
        _show_runs(select_set(name, selector), as_json=as_json)
        return
    from datagen_core.cli.descriptions import print_generator, print_set

    if selector:
        param_set = select_set(name, selector)
        described = describe_set(param_set)
        if as_json:
            print_json({key: value for key, value in described.items() if key != "changed"})
        else:
            print_set(described, [each.line for each in param_set.exclusions], full=full)
        return
    described = describe_generator(name, folder)
    if as_json:
        print_json(described)
    else:
        print_generator(described, full=full)


def _show_runs(param_set: ParamSet, *, as_json: bool) -> None:
    from datagen_core.cli.descriptions import words_of_code
    from datagen_core.cli.tables import print_table
    from datagen_core.scheduling.history import list_attempts

    found = list_attempts(param_set.paths)
    if as_json:
        print_json(found)
    elif found:
        print_table("", list(found[0]), [list(words_of_code(each).values()) for each in found])
    else:
        say(f"{param_set} has no runs that are known")


def describe_set(param_set: ParamSet) -> dict[str, Any]:
    """Return a parameter set in plain JSON types, and which parameters were changed."""
    from datagen_core.scheduling.history import list_codes
    from datagen_core.store.sets import read_schema

    record, schema = param_set.record, read_schema(param_set.paths)
    return {
        **summarize_set(param_set),
        **({"owner": dict(record.owner)} if record.owner else {}),
        "batch_size": record.batch_size,
        "schema": schema.to_json() if schema else None,
        "views": param_set.views,
        "codes": list_codes(param_set.paths),
        "exclusions": describe_exclusions(param_set, param_set.exclusions),
        "draws": describe_draws(param_set),
        "relabels": [describe_relabel(each) for each in read_ledger(param_set.paths).relabels],
        "frozen": [describe_frozen(param_set, each) for each in param_set.frozen],
        **record.provenance,
    }


_FOLLOWS = "follows from the parameters"


def describe_generator(name: str, folder: Path | None) -> dict[str, Any]:
    """Return a generator in plain JSON types."""
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
        "private": _FOLLOWS if callable(generator.private) else generator.private,
        "preprocessors": list(generator.preprocessors),
        "params": describe_params(generator.params_type),
        "schema": _describe_fields(generator),
    }


def _describe_fields(generator: DatasetGenerator) -> str | list[dict[str, Any]]:
    schema = generator.schema
    if schema is None:
        return "inferred from the first batch"
    return _FOLLOWS if callable(schema) else schema.to_json()
