"""Sweeps: many parameter sets from lists of values. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from datagen_core.errors import ParamsError, shorten
from datagen_core.generators.arguments import Argument, read_typed
from datagen_core.scheduling.demands import MOST_POINTS
from datagen_core.scheduling.grids import read_grid

Point = dict[str, Any]


def parse_sweeps(texts: Sequence[str], base: Mapping[str, Any]) -> list[Point]:
    """Return one mapping of parameters for each combination, the last sweep varying fastest.

    Parameters
    ----------
    texts
        `key=value,value,…`, where a value may be a grid such as `-1:1:0.5` (see
        `datagen_core.scheduling.grids`); `key=[…]`, a JSON list, where values hold commas or look
        like grids; or `@file`, a JSON list of mappings, which are points of several parameters.
    base
        Parameters that all points share.

    Raises
    ------
    ParamsError
        For a text that is none of these, a parameter that is given twice, and too many points.
    """
    axes = [_read_axis(text) for text in texts]
    count = math.prod(map(len, axes))
    if count > MOST_POINTS:
        raise ParamsError(
            f"--sweep combines to {count:,} parameter sets, more than {MOST_POINTS:,}; leave out "
            "values, or give the points themselves with --sweep @FILE"
        )
    points = []
    for combination in product(*axes):
        point = dict(base)
        for part in combination:
            _refuse_twice(point, part)
            point |= part
        points.append(point)
    return points


def _read_axis(text: str) -> list[Point]:
    if text.startswith("@"):
        return _read_points(text)
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise ParamsError(
            f"{text!r} is not a sweep: write key=value,value,… or key=start:stop:step or key=[…] "
            "or @file.json"
        )
    try:
        return [{key.strip(): value} for value in _read_values(values.strip())]
    except ParamsError as error:
        raise ParamsError(f"--sweep {key.strip()}: {error}") from None


def _read_values(text: str) -> list[Any]:
    if not text.startswith("["):
        parts = [part.strip() for part in text.split(",")]
        return [Argument.typed(each) for part in parts for each in read_grid(part) or [part]]
    listed = Argument.typed(text).value
    if not isinstance(listed, list) or not listed:
        raise ParamsError(f"{shorten(text, 60)!r} is not a JSON list of values")
    return listed


def _read_points(text: str) -> list[Point]:
    path = text[1:]
    try:
        points = json.loads(read_typed(text))
    except (ValueError, RecursionError) as error:
        raise ParamsError(f"{path} is not JSON: {error}") from None
    if not isinstance(points, list) or not points or not all(isinstance(p, dict) for p in points):
        raise ParamsError(
            f'{path} holds no list of mappings, such as [{{"left": 0}}, {{"left": 1}}]'
        )
    return points


def _refuse_twice(point: Mapping[str, Any], part: Mapping[str, Any]) -> None:
    twice = sorted(point.keys() & part.keys())
    if twice:
        raise ParamsError(
            f"parameter {twice[0]!r} is given twice; name it once, with -p or in one sweep"
        )
