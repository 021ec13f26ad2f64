"""The success criteria of the original's README."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

REQUIRED: Mapping[str, tuple[str, float]] = {
    "average_confidence": (">=", 0.9),
    "diversity_ratio": (">=", 0.75),
    "min_nn_distance": (">=", 1.0),
    "histogram_l1_distance": ("<", 0.2),
}
"""What each value must be."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<": operator.lt}


def judge(
    values: Mapping[str, float | None], required: Mapping[str, tuple[str, float]] = REQUIRED
) -> dict[str, Any]:
    """Return for each criterion its value, what is required, and `pass`, `fail` or `not_checked`.

    A value of None could not be known. `passed`, `failed` and `not_checked` count the criteria;
    none that was not checked counts as passed.
    """
    judged = {
        name: {
            "value": values.get(name),
            "required": f"{sign} {bound}",
            "result": _compare(values.get(name), sign, bound),
        }
        for name, (sign, bound) in required.items()
    }
    results = [each["result"] for each in judged.values()]
    counts = {"passed": "pass", "failed": "fail", "not_checked": "not_checked"}
    return {"criteria": judged} | {name: results.count(word) for name, word in counts.items()}


def _compare(value: float | None, sign: str, bound: float) -> str:
    if value is None:
        return "not_checked"
    return "pass" if _COMPARE[sign](value, bound) else "fail"
