"""Learning curves of several parameter sets in one picture, and the sets' differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_core.commands import count_of
from datagen_federated.plotting.curves import Band
from datagen_federated.plotting.metrics import SMALL_IS_GOOD, Metric, is_regression, label_metric
from datagen_federated.plotting.runs import Table
from datagen_pictures import (
    GREY,
    MARKERS,
    MOST_COLOURS,
    Curve,
    Curves,
    Scale,
    draw_panels,
    line_colours,
    ordered_colours,
    shorten,
    wrap,
)

if TYPE_CHECKING:
    from datagen_pictures import Figure

_VALUE = 30  # characters of a value in the legend
_LABEL = 46  # characters of a line of the legend
_MOST_LINES = 3
_MOST_NAMED = 10  # values of a sweep over a number; more have a colour bar
_NOTE = "lines: means of the runs of a set\nbands: from the least to the greatest run"
_GREY: Any = {"color": GREY, "linewidth": 0.8, "alpha": 0.6}
# The parameters that readers look for.
_DATA = ("dataset", "variant", "file", "target", "task_type")
_FIRST = ("dataset", "strategy", "distribution_param", "alpha", "clients", "model_type")


@dataclass(frozen=True, eq=False)
class ComparedSet:
    """The runs of a parameter set.

    Attributes
    ----------
    params
        Its parameters, and its seed; what differs from other sets is its name in the legend.
    rounds
        The tables of rounds of its runs, at least one.
    """

    params: Mapping[str, Any]
    rounds: tuple[Table, ...]


def draw_comparison(sets: Sequence[ComparedSet], metric: Metric, title: str = "") -> Figure:
    """Return a picture of the mean curves of several parameter sets; see `make_comparison`.

    Sets of different data are in axes of their own, since their scores cannot be compared.
    """
    panels = [make_comparison(some, metric, name) for name, some in part_by_data(sets)]
    return draw_panels(panels, title)


def part_by_data(sets: Sequence[ComparedSet], but: str = "") -> list[tuple[str, list[ComparedSet]]]:
    """Return sets by what they learn from, in the order of the first ones, with its description.

    The description is empty where all learn from the same. A parameter `but` does not count.
    """
    groups: dict[str, list[ComparedSet]] = {}
    for one in sets:
        key = _full([one.params.get(name) for name in _DATA if name != but])
        groups.setdefault(key, []).append(one)
    if len(groups) == 1:
        return [("", list(sets))]
    names = describe_differences([
        {name: some[0].params.get(name) for name in _DATA} for some in groups.values()
    ])  # fmt: skip
    return list(zip(names, groups.values(), strict=True))


def make_comparison(sets: Sequence[ComparedSet], metric: Metric, name: str = "") -> Curves:
    """Return the mean curve of the global model of each set, with a band over several runs.

    Where one parameter differs, and is a number, colours have its order, and many values are named
    by a colour bar. Else, of more than `MOST_COLOURS` sets, the best ones by their last round have
    colours and a line in the legend; the others are grey, and have one line for all.

    Parameters
    ----------
    sets
        Sets that learn from the same data.
    name
        The title of the axes.
    """
    bands = [Band.over(one.rounds, f"global_{metric}") for one in sets]
    scale = _find_scale(sets)
    if scale is None:
        curves = _colour_best(sets, bands, metric)
    else:
        curves = _colour_in_order(sets, bands, scale)
    every = [table for one in sets for table in one.rounds]
    several = any(len(one.rounds) > 1 for one in sets)
    return Curves(
        curves,
        label_metric(metric, regression=is_regression(every)),
        name,
        _NOTE if several else "",
        scale if scale is not None and len(sets) > _MOST_NAMED else None,
    )


def _find_scale(sets: Sequence[ComparedSet]) -> Scale | None:
    """Return the scale of the only parameter in which sets differ, if it is a number."""
    names = differing_names([one.params for one in sets])
    values = [one.params.get(name) for one in sets for name in names[:1]]
    if len(names) != 1 or not all(map(is_number, values)):
        return None
    return Scale.over(names[0], [float(value) for value in values if value is not None])


def _colour_in_order(
    sets: Sequence[ComparedSet], bands: Sequence[Band], scale: Scale
) -> list[Curve]:
    """Return the curves by the value of a parameter; a few have colours at even distances."""
    order = sorted(range(len(sets)), key=lambda place: sets[place].params[scale.name])
    labels = _name_sets([sets[place] for place in order])
    colours = ordered_colours(np.linspace(0, 1, len(order)))
    if len(order) > _MOST_NAMED:
        colours = [scale.colour(sets[place].params[scale.name]) for place in order]
        labels = [""] * len(order)
    return [
        bands[place].as_curve(label, **_look(turn, colour))
        for turn, (place, label, colour) in enumerate(zip(order, labels, colours, strict=True))
    ]


def _colour_best(sets: Sequence[ComparedSet], bands: Sequence[Band], metric: Metric) -> list[Curve]:
    chosen = _choose_best(bands, metric)
    others = sorted(set(range(len(sets))) - set(chosen))
    names = _name_sets(sets)
    labels = chain([count_of(len(others), "other")], repeat(""))
    curves = [
        Curve(bands[place].rounds, bands[place].mean, label, _GREY)
        for place, label in zip(others, labels, strict=False)
    ]
    for turn, (place, colour) in enumerate(zip(chosen, line_colours(len(chosen)), strict=True)):
        curves.append(bands[place].as_curve(names[place], **_look(turn, colour)))
    return curves


def _look(turn: int, colour: Any) -> dict[str, Any]:
    return {"color": colour, "linewidth": 1.8, "marker": MARKERS[turn % len(MARKERS)]}


def _name_sets(sets: Sequence[ComparedSet]) -> list[str]:
    labels = describe_differences([one.params for one in sets])
    return [_label(label, len(one.rounds)) for label, one in zip(labels, sets, strict=True)]


def is_number(value: object) -> bool:
    """Return whether the value of a parameter has an order and distances."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def differing_names(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the parameters in which sets differ, those that readers look for first."""
    names = dict.fromkeys([*_FIRST, *(name for one in sets for name in one)])
    return [name for name in names if len({_full(one.get(name)) for one in sets}) > 1]


def describe_differences(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each set the parameters in which the sets differ, `clients=10 alpha=0.5`.

    Parameters that are None are left out.
    """
    if len(sets) == 1:
        return ["the only parameter set"]
    differing = differing_names(sets)
    described = [
        [f"{name}={text_of(one[name])}" for name in differing if one.get(name) is not None]
        for one in sets
    ]
    return [" ".join(words) or "all parameters as in the others" for words in described]


def _choose_best(bands: Sequence[Band], metric: Metric) -> list[int]:
    """Return the places of the sets with colours, ascending."""
    sign = -1.0 if metric in SMALL_IS_GOOD else 1.0
    last = np.array([sign * band.mean[np.isfinite(band.mean)][-1] for band in bands])
    return sorted(np.argsort(-last, kind="stable")[:MOST_COLOURS].tolist())


def _label(label: str, runs: int) -> str:
    several = f" ({count_of(runs, 'run')})" if runs > 1 else ""
    return wrap(label, _LABEL, _MOST_LINES) + several


def text_of(value: object) -> str:
    """Return the value of a parameter as text, shortened if it is long."""
    if isinstance(value, float):
        return f"{value:g}"
    return shorten(value if isinstance(value, str) else _full(value), _VALUE)


def _full(value: object) -> str:
    """Return a value's JSON in full: shortened texts of two values may be equal."""
    return json.dumps(value, separators=(",", ":"))
