"""The command `datagen show`."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import folder_option
from datagen_core.cli.summaries import (
    describe_draws,
    describe_exclusions,
    describe_frozen,
    describe_relabel,
    describe_splits,
    summarize_set,
)
from datagen_core.commands import cache_option, json_option, print_json, say, select_set, set_option
from datagen_core.ranges import IntervalSet
from datagen_core.store.documents import one_line
from datagen_core.store.ledger import read_ledger

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.store.assignments import Exclusion


@click.command("show")
@click.argument("name")
@set_option()
@click.option("--runs", is_flag=True,
              help="List the set's runs: code, versions, who, when, where, how long.")  # fmt: skip
@folder_option
@cache_option
@json_option
def show_command(
    name: str, selector: tuple[str, ...], folder: Path | None, *, runs: bool, as_json: bool
) -> None:
    """Describe generator NAME: parameters with types and defaults, schema, preprocessors.

    With -p, describe a parameter set of the cache instead: parameters, schema, provenance, the
    samples that are excluded, each time with the reason, random choices, names that splits had, and
    what was frozen. It says which codes made how many of its samples, and how many samples were
    made anew and equal before another code added to it.

    \b
    Examples:
      datagen show noisy_sine
      datagen show noisy_sine -p 0
      datagen show noisy_sine -p 0 --runs
    """
    if runs:
        _show_runs(select_set(name, selector), as_json=as_json)
        return
    param_set = select_set(name, selector) if selector else None
    described = _show_generator(name, folder) if param_set is None else _show_set(param_set)
    if as_json:
        print_json(described)
        return
    from datagen_core.cli.tables import print_table

    if param_set is not None:
        found = zip(described["exclusions"], param_set.exclusions, strict=False)  # it may grow
        described["exclusions"] = [_exclusion_cells(*each) for each in found]
        described["relabels"] = [
            {**each, "reason": one_line(each["reason"])} for each in described["relabels"]
        ]
        described["frozen"] = [_frozen_cells(each) for each in described["frozen"]]
        described["codes"] = [_in_words(each) for each in described["codes"]]
    for key, value in described.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            header = list(dict.fromkeys(chain.from_iterable(value)))  # few fields have options
            rows = [[_cell(row[name]) if name in row else "" for name in header] for row in value]
            say("")
            print_table(key, header, rows)
        else:
            say(f"{key:<14}{_cell(value)}")


def _show_runs(param_set: ParamSet, *, as_json: bool) -> None:
    from datagen_core.cli.tables import print_table
    from datagen_core.scheduling.history import list_attempts

    found = list_attempts(param_set.paths)
    if as_json:
        print_json(found)
    elif found:
        print_table("", list(found[0]), [list(_in_words(each).values()) for each in found])
    else:
        say(f"{param_set} has no runs that are known")


def _in_words(described: dict[str, Any]) -> dict[str, str]:
    """Return the cells of a run or a code, with ranges, lists and versions in words."""
    versions = " ".join(f"{name} {version}" for name, version in described["packages"].items())
    texts = {"samples": IntervalSet(described["samples"]).brief(), "packages": versions}
    return {key: _words(value) for key, value in {**described, **texts}.items()}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "" if value is None else str(value)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _exclusion_cells(described: dict[str, Any], exclusion: Exclusion) -> dict[str, Any]:
    """Return the cells of an exclusion."""
    texts = {"samples": exclusion.samples.brief(), "reason": exclusion.line}
    return {**described, **texts, "from": describe_splits(described["from"])}


def _frozen_cells(frozen: dict[str, Any]) -> dict[str, Any]:
    shown = {**frozen, "samples": frozen["count"], "note": one_line(frozen["note"])}
    return {key: value for key, value in shown.items() if key not in {"count", "content"}}


def _show_set(param_set: ParamSet) -> dict[str, Any]:
    from datagen_core.scheduling.history import list_codes
    from datagen_core.store.sets import read_schema

    record, schema = param_set.record, read_schema(param_set.paths)
    return {
        **{key: value for key, value in summarize_set(param_set).items() if key != "changed"},
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
