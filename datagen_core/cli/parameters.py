"""Parameters on the command line: `-p`, `--params`, presets in files, and sweeps over them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from datagen_core.errors import ParamsError, shorten
from datagen_core.generators.arguments import read_document, read_typed
from datagen_core.reading.selection import parse_assignment

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator

_Values = dict[str, Any]


class Layer(NamedTuple):
    """Values of parameters that were given at one place, which go before those of earlier ones.

    Attributes
    ----------
    values
        The values by name; `inner.dt` names a part of a parameter.
    preset
        The file that they stand in; empty for those on the command line.
    """

    values: Mapping[str, Any]
    preset: str = ""


def read_layers(assignments: Sequence[str], text: str | None = None) -> list[Layer]:
    """Return what `--params` gives, followed by each `-p`: `key=value`, or `@FILE`, a preset.

    Raises
    ------
    ParamsError
        When a file or `--params` does not hold a mapping.
    SelectionError
        For a `-p` that is none of these.
    """
    if "@" in assignments:
        raise ParamsError("-p @ names no file; write -p @FILE.toml or -p @FILE.json")
    layers = [Layer(_read_text(text))] if text else []
    return layers + [
        Layer(read_document(each[1:]), each[1:])
        if each.startswith("@")
        else Layer(dict([parse_assignment(each)]))
        for each in assignments
    ]


def merge(layers: Iterable[Layer], generator: DatasetGenerator) -> _Values:
    """Return the values of all layers, of which the later ones go first.

    Raises
    ------
    ParamsError
        For a preset with a parameter that the generator lacks; file and key are named.
    """
    from datagen_core.generators.binding import flatten, resolve  # pydantic is slow

    merged: _Values = {}
    for values, preset in layers:
        flat = flatten(generator.params_type, values) if preset else values
        if preset:
            resolve(generator.params_type, flat, f"{preset}: {generator.name}")
        merged = _overrule(merged, flat)
    return merged


def read_points(
    layers: Sequence[Layer], sweeps: Sequence[str], generator: DatasetGenerator
) -> list[_Values]:
    """Return the parameters of each set that is asked for; a sweep goes before presets.

    Raises
    ------
    ParamsError
        For what is no sweep, a parameter that is given twice, or a wrong key of a preset.
    """
    base = merge(layers, generator)
    if not sweeps:
        return [base]
    from datagen_core.scheduling.sweep import parse_sweeps  # slow; not for --help

    typed = merge([layer for layer in layers if not layer.preset], generator)
    return [_overrule(base, point) for point in parse_sweeps(sweeps, typed)]


def _overrule(values: Mapping[str, Any], later: Mapping[str, Any]) -> _Values:
    """Return values with later ones in their place; a whole one replaces its parts, too."""
    wholes = [f"{name}." for name in later]
    kept = {key: value for key, value in values.items() if not f"{key}.".startswith(tuple(wholes))}
    return kept | dict(later)


def _read_text(text: str) -> _Values:
    """Read JSON, a Python literal, or either of them in `@file`."""
    text = read_typed(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _read_literal(text)
    if not isinstance(value, dict):
        raise ParamsError(
            f"--params takes a mapping, such as '{{\"left\": 0}}', not {shorten(text, 60)!r}"
        )
    return value


def _read_literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ParamsError(
            f"--params is neither JSON nor a Python dict: {shorten(text, 60)!r}"
        ) from None
