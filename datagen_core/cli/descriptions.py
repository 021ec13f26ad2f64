"""What `datagen show` prints for people: generators, and parameter sets."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import click

from datagen_core.cli.layout import first_line, prose_width, wrap
from datagen_core.cli.summaries import describe_splits, marks
from datagen_core.cli.tables import print_sheet, print_table
from datagen_core.commands import say, tell
from datagen_core.errors import count_of, human_bytes, printable
from datagen_core.generators.schema import Field, Schema
from datagen_core.ranges import IntervalSet
from datagen_core.store.documents import one_line

_INDENT, _HANGING = "  ", "      "


def print_generator(described: Mapping[str, Any], *, full: bool) -> None:
    """Print what `describe_generator` returns; parameters in groups, with their choices.

    Parameters
    ----------
    full
        Whether what parameters mean takes as many lines as it needs.
    """
    sheet = {key: described[key] for key in described if key not in {"params", "schema"}}
    schema = described["schema"]
    told = {"schema": schema} if isinstance(schema, str) else {}
    bare = {} if described["params"] else {"parameters": "none"}
    print_sheet([*_cells({**sheet, **told, **bare})])
    if not told:
        _print_schema(schema)
    params = sorted(described["params"], key=lambda each: bool(each["group"]))
    is_cut = False
    for title, group in groupby(params, lambda each: str(each["group"])):
        say("")
        say(title or "parameters")
        for each in group:
            is_cut |= _print_param(each, full=full)
    if is_cut:
        tell("what ends in … is cut; --full prints it all", dim=True)


def _print_param(param: Mapping[str, Any], *, full: bool) -> bool:
    """Print a parameter in a few lines; return whether its meaning is cut."""
    width = prose_width()
    name, *rest = wrap(_declare(param), width - len(_HANGING))
    head = f"{_INDENT}{name}"
    lines = [head.replace(param["name"], click.style(param["name"], bold=True), 1), *rest]
    meaning = printable(" ".join(param["description"].split()))
    shown, is_cut = first_line(meaning, width - len(_HANGING))
    meanings = wrap(meaning, width - len(_HANGING)) if full else [shown]
    lines += meanings if meaning else []
    for place, line in enumerate(lines):
        click.echo(line if not place else f"{_HANGING}{line}")  # noqa: TID251 (all is printable)
    return is_cut and not full


def _declare(param: Mapping[str, Any]) -> list[str]:
    """Return the words of `name: type = default`, with the choices instead of the type."""
    choices, name, default = param["choices"], f"{param['name']}:", param["default"]
    words = [param["type"].replace("None", "null")]
    if choices is not None:
        words = list(map(value_text, choices))
    end = "(required)" if param["required"] else f"= {value_text(default)}"
    words = [word if word is words[-1] else f"{word} |" for word in words]
    return [printable(word) for word in (f"{name} {words[0]}", *words[1:], end)]


def value_text(value: object) -> str:
    """Return a value as `-p` takes it."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _cells(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and values that say something, in words."""
    for key, value in described.items():
        if value not in (None, "", [], {}):
            yield key.replace("_", " "), in_words(value)


def in_words(value: object) -> str:
    """Return a value of a document as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {in_words(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    return "" if value is None else str(value)


def _print_schema(schema: Sequence[Mapping[str, Any]]) -> None:
    """Print the fields of samples; records with their members."""
    fields = Schema.from_json(schema).fields
    rows = [(name, _describe_type(each), _describe_shape(each)) for name, each in fields.items()]
    say("")
    print_table("fields", ("name", "type", "shape"), rows)


def _describe_type(field: Field) -> str:
    if not field.dtype.names:
        return field.element.__name__ if field.element else str(field.dtype)
    members = []
    for name in field.dtype.names:
        kind = field.dtype[name]
        shape = f" ({', '.join(map(str, kind.shape))})" if kind.shape else ""
        measured = " (measured)" if name in field.measured else ""
        members.append(f"{name} {kind.base}{shape}{measured}")
    return f"record of {', '.join(members)}"


def _describe_shape(field: Field) -> str:
    return ", ".join(map(str, (*(("n",) if field.ragged else ()), *field.shape)))


def print_set(described: Mapping[str, Any], reasons: Sequence[str], *, full: bool) -> None:
    """Print what `describe_set` returns.

    Parameters
    ----------
    reasons
        Why samples are excluded, a line for each of the exclusions.
    full
        Whether parameters at their defaults are printed, too.
    """
    print_sheet([*_cells(_sum_up(described, full=full))])
    if described["schema"]:
        _print_schema(described["schema"])
    tables = {
        "codes": [words_of_code(each) for each in described["codes"]],
        "exclusions": [
            _exclusion_cells(*each) for each in zip(described["exclusions"], reasons, strict=False)
        ],
        "draws": described["draws"],
        "relabels": [
            {**each, "reason": one_line(each["reason"])} for each in described["relabels"]
        ],
        "frozen": [_frozen_cells(each) for each in described["frozen"]],
    }
    for title, rows in tables.items():
        if rows:
            header = [key for key in rows[0] if any(row[key] not in (None, "") for row in rows)]
            say("")
            print_table(title, header, [[_cell(row[key]) for key in header] for row in rows])


_ASIDE = {"schema", "codes", "exclusions", "draws", "relabels", "frozen", "params", "description",
          "number", "generator", "samples", "bytes", "mixed", "private", "excluded", "reserved",
          "command", "path"}  # fmt: skip


def _sum_up(described: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    """Return what a sheet has of a set, the path last, which may be longer than a line."""
    changed = described["changed"]
    shown = described["params"] if full else changed
    default = len(described["params"]) - len(shown)
    texts = [f"{key}={value_text(value)}" for key, value in shown.items()]
    more = [f"({count_of(default, 'other')} at the default: --full)"] if default else []
    missing = described["reserved"] - described["samples"]
    plugin = name_plugin(described.get("plugin"))
    return {
        "set": f"{described['generator']} {described['number']}",
        "parameters": " ".join([*texts, *more]),
        "samples": f"{described['samples']}{f' ({missing} missing)' if missing else ''}",
        "excluded": described["excluded"] or None,
        **{key: value for key, value in described.items() if key not in {*_ASIDE, "changed"}},
        "plugin": plugin,
        "state": ", ".join(marks(described)),
        "size": human_bytes(described["bytes"]),
        "command": shlex.join(described.get("command", ())),
        "path": described["path"],
    }


def words_of_code(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a run or a code, with ranges, lists and versions in words."""
    texts = {"samples": IntervalSet(described["samples"]).brief()}
    if "plugin" in described:
        texts["plugin"] = name_plugin(described["plugin"])
    return {key: in_words(value) for key, value in {**described, **texts}.items()}


def name_plugin(plugin: object) -> str:
    """Return the distribution and version of a plugin, as provenance has it, in words."""
    if not isinstance(plugin, Mapping):  # of a file, or of an earlier version
        return ""
    is_editable = plugin.get("editable") is True
    return f"{plugin.get('name')} {plugin.get('version')}{' (editable)' if is_editable else ''}"


def _exclusion_cells(described: Mapping[str, Any], reason: str) -> dict[str, Any]:
    samples = IntervalSet(described["samples"]).brief()
    texts = {"samples": samples, "reason": reason, "from": describe_splits(described["from"])}
    return {**described, **texts}


def _frozen_cells(frozen: Mapping[str, Any]) -> dict[str, Any]:
    shown = {**frozen, "samples": frozen["count"], "note": one_line(frozen["note"])}
    return {key: value for key, value in shown.items() if key not in {"count", "content"}}


def _cell(value: object) -> str | int:
    return value if isinstance(value, int) and not isinstance(value, bool) else in_words(value)
