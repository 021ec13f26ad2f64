"""Learning curves of several parameter sets in one picture, and the sets' differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_federated.plotting.curves import Band
from datagen_federated.plotting.metrics import SMALL_IS_GOOD, Metric, is_regression, label_metric
from datagen_federated.plotting.runs import Table
from datagen_pictures import (
    GREY,
    MARKERS,
    MOST_COLOURS,
    Curve,
    Curves,
    draw_curves,
    line_colours,
    shorten,
    wrap,
)

if TYPE_CHECKING:
    from datagen_pictures import Figure

_VALUE = 30  # characters of a value in the legend
_LABEL = 46  # characters of a line of the legend
_MOST_LINES = 3
_INCHES_PER_SET = 0.5  # three lines in a legend
_GREY: Any = {"color": GREY, "linewidth": 0.8, "alpha": 0.6}
# The parameters that readers look for.
_FIRST = ("dataset", "strategy", "distribution_param", "alpha", "clients", "model_type")


@dataclass(frozen=True, eq=False)
class ComparedSet:
    """The runs of a parameter set.

    Attributes
    ----------
    label
        The name of the set in the legend.
    rounds
        The tables of rounds of its runs, at least one.
    """

    label: str
    rounds: tuple[Table, ...]


def make_comparison(sets: Sequence[ComparedSet], metric: Metric) -> Curves:
    """Return the mean curve of the global model of each set, with a band over several runs.

    Of more than `MOST_COLOURS` sets, the best ones by their last round have colours and a line in
    the legend; the others are grey, and have one line for all.
    """
    bands = [Band.over(one.rounds, f"global_{metric}") for one in sets]
    chosen = _choose_best(bands, metric)
    others = sorted(set(range(len(sets))) - set(chosen))
    labels = chain([f"{len(others)} others"], repeat(""))
    curves = [
        Curve(bands[place].rounds, bands[place].mean, label, _GREY)
        for place, label in zip(others, labels, strict=False)
    ]
    for turn, (place, colour) in enumerate(zip(chosen, line_colours(len(chosen)), strict=True)):
        look: Any = {"color": colour, "linewidth": 1.8, "marker": MARKERS[turn % len(MARKERS)]}
        curves.append(bands[place].as_curve(_label(sets[place]), **look))
    every = [table for one in sets for table in one.rounds]
    return Curves(curves, label_metric(metric, regression=is_regression(every)))


def draw_comparison(sets: Sequence[ComparedSet], metric: Metric, title: str = "") -> Figure:
    """Return a picture of the mean curves of several parameter sets; see `make_comparison`."""
    height = max(5.6, _INCHES_PER_SET * min(len(sets), MOST_COLOURS))
    return draw_curves(make_comparison(sets, metric), title, (11.0, height))


def describe_differences(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each set the parameters in which the sets differ, `clients=10 alpha=0.5`.

    Parameters that are None are left out.
    """
    if len(sets) == 1:
        return ["the only parameter set"]
    names = list(dict.fromkeys([*_FIRST, *(name for one in sets for name in one)]))
    differing = [name for name in names if len({_full(one.get(name)) for one in sets}) > 1]
    described = [
        [f"{name}={_text(one[name])}" for name in differing if one.get(name) is not None]
        for one in sets
    ]
    return [" ".join(words) or "all parameters as in the others" for words in described]


def _choose_best(bands: Sequence[Band], metric: Metric) -> list[int]:
    """Return the places of the sets with colours, ascending."""
    sign = -1.0 if metric in SMALL_IS_GOOD else 1.0
    last = np.array([sign * band.mean[np.isfinite(band.mean)][-1] for band in bands])
    return sorted(np.argsort(-last, kind="stable")[:MOST_COLOURS].tolist())


def _label(one: ComparedSet) -> str:
    runs = f" ({len(one.rounds)} runs)" if len(one.rounds) > 1 else ""
    return wrap(one.label, _LABEL, _MOST_LINES) + runs


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return shorten(value if isinstance(value, str) else _full(value), _VALUE)


def _full(value: object) -> str:
    """Return a value's JSON in full: shortened texts of two values may be equal."""
    return json.dumps(value, separators=(",", ":"))
