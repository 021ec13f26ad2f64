"""Spaces of parameters: their rules, and points drawn from them. Pure.

A space is a mapping, in a file of JSON or TOML, of name -> rule, where a rule is

- a value, which all points have;
- `[value, …]` or `{"choice": [value, …]}`: one of them;
- `{"uniform": [low, high]}`, `{"log_uniform": [low, high]}`: a number between them, with six
  significant digits;
- `{"integers": [low, high]}`: a whole number from low to high, both included.

With `"cases": [{"weight": 2, "space": {…}}, …]` one of the spaces is drawn in proportion to its
weight (1 unless given), and its parameters are added, so that parameters that belong together are
drawn together. A list of such lists draws from each of them. `inner.dt` names the parameter `dt`
inside of `inner`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from datagen_core.errors import StudyError, shorten

Space = Mapping[str, Any]
Point = dict[str, Any]

CASES = "cases"


def check_space(space: object, known: Collection[str], where: str = "") -> set[str]:
    """Return the names of all parameters that points of a space can have.

    Parameters
    ----------
    space
        The content of a file.
    known
        The names that parameters may have.
    where
        The place of the space in the file, for messages.

    Raises
    ------
    StudyError
        For the first rule that is wrong, with its key.
    """
    if not isinstance(space, Mapping):
        raise StudyError(f"{where or 'the space'} is an object of parameters, not {_show(space)}")
    names = set(space) - {CASES}
    for name in space:
        if name != CASES:
            _check_name(name, known, _join(where, name))
            _check_rule(space[name], _join(where, name))
    return names | _check_cases(space.get(CASES), known, names, _join(where, CASES))


def draw_point(space: Space, rng: np.random.Generator) -> Point:
    """Draw a point from a checked space; parameters are drawn in the order of the space.

    Parameters of cases are drawn last.
    """
    point = {name: _draw(rule, rng) for name, rule in space.items() if name != CASES}
    for cases in _group(space.get(CASES, [])):
        weights = np.array([case.get("weight", 1) for case in cases], np.float64)
        chosen = cases[int(rng.choice(len(cases), p=weights / weights.sum()))]
        point |= draw_point(chosen["space"], rng)
    return point


def _group(cases: list[Any]) -> list[list[Any]]:
    """Return the lists of cases; one case of each is drawn."""
    return cases if not cases or isinstance(cases[0], list) else [cases]


def _draw(rule: Any, rng: np.random.Generator) -> Any:
    if isinstance(rule, list):
        return rule[int(rng.integers(len(rule)))]
    if isinstance(rule, Mapping):
        ((kind, arguments),) = rule.items()
        return _DRAWS[kind](arguments, rng)
    return rule


def _draw_uniform(bounds: list[float], rng: np.random.Generator) -> float:
    low, high = bounds
    return _round(rng.uniform(low, high), bounds)


def _draw_log_uniform(bounds: list[float], rng: np.random.Generator) -> float:
    low, high = bounds
    return _round(math.exp(rng.uniform(math.log(low), math.log(high))), bounds)


def _draw_integer(bounds: list[int], rng: np.random.Generator) -> int:
    low, high = bounds
    return int(rng.integers(low, high, endpoint=True))


def _round(value: float, bounds: list[float]) -> float:
    """Return six significant digits, for readers; never outside the bounds."""
    return float(min(max(float(f"{value:.6g}"), bounds[0]), bounds[1]))


_DRAWS: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "choice": _draw,
    "uniform": _draw_uniform,
    "log_uniform": _draw_log_uniform,
    "integers": _draw_integer,
}


def _check_name(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`datagen show` lists them"
        raise StudyError(f"{where}: there is no such parameter; {hint}")


def _check_rule(rule: object, where: str) -> None:
    if isinstance(rule, Mapping):
        if len(rule) != 1 or not set(rule) <= set(_DRAWS):
            kinds = ", ".join(_DRAWS)
            raise StudyError(
                f"{where}: a rule has one of the keys {kinds}, not {_show(rule)}; put an object "
                "that is a value into a list"
            )
        ((kind, arguments),) = rule.items()
        _CHECKS[kind](arguments, where)
    elif isinstance(rule, list):
        _check_choice(rule, where)


def _check_choice(values: object, where: str) -> None:
    if not isinstance(values, list) or not values:
        raise StudyError(f"{where}: choices are a list of values, not {_show(values)}")


def _check_bounds(bounds: object, where: str) -> None:
    if not _is_pair(bounds, int, float):
        raise StudyError(f"{where}: bounds are [low, high], not {_show(bounds)}")


def _check_positive(bounds: Any, where: str) -> None:
    _check_bounds(bounds, where)
    if bounds[0] <= 0:
        raise StudyError(f"{where}: bounds of log_uniform are above 0, not {_show(bounds)}")


def _check_integers(bounds: object, where: str) -> None:
    if not _is_pair(bounds, int):
        raise StudyError(f"{where}: integers are [low, high], whole numbers, not {_show(bounds)}")


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "choice": _check_choice,
    "uniform": _check_bounds,
    "log_uniform": _check_positive,
    "integers": _check_integers,
}


def _is_pair(bounds: object, *types: type) -> bool:
    if not isinstance(bounds, list) or len(bounds) != 2:
        return False
    return all(_is_number(bound, *types) for bound in bounds) and bounds[0] <= bounds[1]


def _is_number(value: object, *types: type) -> bool:
    fits = isinstance(value, types or (int, float)) and not isinstance(value, bool)
    return fits and math.isfinite(value)  # type: ignore[arg-type]  # a number, as was just seen


def _check_cases(
    cases: object, known: Collection[str], taken: Collection[str], where: str
) -> set[str]:
    """Return the names in all cases; each is in one list of cases only, and not beside them."""
    if cases is None:
        return set()
    if not isinstance(cases, list) or not cases:
        raise StudyError(f"{where}: cases should be a list, each with weight and space")
    names: set[str] = set()
    for group in _group(cases):
        found = _check_group(group, known, where)
        twice = sorted(found & (names | set(taken)))
        if twice:
            raise StudyError(f"{where}: {twice[0]} is given in a case and beside it; give it once")
        names |= found
    return names


def _check_group(cases: object, known: Collection[str], where: str) -> set[str]:
    if not isinstance(cases, list) or not cases:
        raise StudyError(f"{where}: cases should be a list, not {_show(cases)}")
    names: set[str] = set()
    for number, case in enumerate(cases):
        place = f"{where}[{number}]"
        _check_case(case, place)
        names |= check_space(case["space"], known, place)
    return names


def _check_case(case: object, where: str) -> None:
    if not isinstance(case, Mapping) or not {"space"} <= set(case) <= {"space", "weight"}:
        raise StudyError(f"{where}: a case has weight and space, not {_show(case)}")
    weight = case.get("weight", 1)
    if not _is_number(weight) or weight <= 0:
        raise StudyError(f"{where}: a weight is a number above 0, not {_show(weight)}")


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else str(name)


def _show(value: object) -> str:
    return shorten(repr(value), 60)
