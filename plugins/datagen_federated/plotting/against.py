"""The last score of the global model against a parameter, over several parameter sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_federated.plotting.comparison import (
    ComparedSet,
    describe_differences,
    differing_names,
    is_number,
    part_by_data,
    text_of,
)
from datagen_federated.plotting.metrics import Metric, as_curve, is_regression, label_metric
from datagen_pictures import PictureError, PointPanel, Points, draw_points, ordered_colours

if TYPE_CHECKING:
    from datagen_pictures import Figure

_NOTE = "points: means of the runs of a set\nbars: from the least to the greatest run"


def draw_against(
    sets: Sequence[ComparedSet], metric: Metric, parameter: str, title: str = ""
) -> Figure:
    """Return a picture of the last scores of sets against one of their parameters.

    Sets that are equal in all other parameters are joined by a line. Sets of different data are in
    axes of their own.

    Raises
    ------
    PictureError
        When the sets do not differ in the parameter.
    """
    names = differing_names([one.params for one in sets])
    if parameter not in names:
        others = f"; they differ in {', '.join(names)}" if names else ""
        raise PictureError(f"the parameter sets do not differ in {parameter!r}{others}")
    panels = [
        _make_panel(some, metric, parameter, name) for name, some in part_by_data(sets, parameter)
    ]
    return draw_points(panels, title)


def _make_panel(
    sets: Sequence[ComparedSet], metric: Metric, parameter: str, name: str
) -> PointPanel:
    lines = [*_part(sets, parameter).items()]
    are_numbers = all(is_number(one.params.get(parameter)) for one in sets)
    rows = [
        _make_points(some, metric, parameter, label, are_numbers=are_numbers)
        for label, some in lines
    ]
    firsts = [some[0].params for _, some in lines]
    others = [key for key in differing_names(firsts) if key != parameter]
    if len(others) == 1 and all(is_number(first.get(others[0])) for first in firsts):
        order = sorted(range(len(rows)), key=lambda place: float(firsts[place][others[0]]))
        colours = ordered_colours(np.linspace(0, 1, len(rows)))
        rows = [replace(rows[at], colour=each) for at, each in zip(order, colours, strict=True)]
    every = [table for one in sets for table in one.rounds]
    score = label_metric(metric, regression=is_regression(every))
    several = any(len(one.rounds) > 1 for one in sets)
    return PointPanel(rows, (parameter, f"{score},\nlast round"), name, _NOTE if several else "")


def _part(sets: Sequence[ComparedSet], parameter: str) -> dict[str, list[ComparedSet]]:
    """Return the sets that are equal in all but one parameter, by what they differ from others."""
    lines: dict[str, list[ComparedSet]] = {}
    others = [{k: v for k, v in one.params.items() if k != parameter} for one in sets]
    labels = describe_differences(others) if differing_names(others) else [""] * len(sets)
    for label, one in zip(labels, sets, strict=True):
        lines.setdefault(label, []).append(one)
    return lines


def _make_points(
    sets: Sequence[ComparedSet], metric: Metric, parameter: str, label: str, *, are_numbers: bool
) -> Points:
    if are_numbers:
        sets = sorted(sets, key=lambda one: float(one.params[parameter]))
    values: Any = [one.params.get(parameter) for one in sets]
    scores = [_last_scores(one, metric) for one in sets]
    return Points(
        values if are_numbers else [text_of(value) for value in values],
        np.array([np.mean(some) for some in scores]),
        np.array([np.min(some) for some in scores]),
        np.array([np.max(some) for some in scores]),
        label,
    )


def _last_scores(one: ComparedSet, metric: Metric) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the score of each run in the last round in which it has one."""
    curves = [as_curve(table[f"global_{metric}"]) for table in one.rounds]
    return np.array([curve[np.isfinite(curve)][-1] for curve in curves if np.isfinite(curve).any()])
