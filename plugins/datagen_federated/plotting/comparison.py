"""Learning curves of several parameter sets in one picture, and the sets' differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_federated.plotting.curves import Band, finish_curves, plot_band
from datagen_federated.plotting.metrics import SMALL_IS_GOOD, Metric, is_regression, label_metric
from datagen_federated.plotting.runs import Table
from datagen_federated.plotting.style import GREY, MARKERS, MOST_COLOURS, line_colours, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALUE = 30  # characters of a value in the legend
_LABEL = 46  # characters of a line of the legend
_MOST_LINES = 3
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


def plot_comparison(axes: Axes, sets: Sequence[ComparedSet], metric: Metric) -> None:
    """Draw the mean curve of the global model of each set, with a band over several runs.

    Of more than `MOST_COLOURS` sets, the best ones by their last round have colours and a line in
    the legend; the others are grey.
    """
    bands = [Band.over(one.rounds, f"global_{metric}") for one in sets]
    chosen = _choose_best(bands, metric)
    for place in sorted(set(range(len(sets))) - set(chosen)):
        axes.plot(bands[place].rounds, bands[place].mean, color=GREY, linewidth=0.8, alpha=0.6)
    lines = axes.lines[:1]  # one grey line stands for all in the legend
    for line in lines:
        line.set_label(f"{len(sets) - len(chosen)} others")
    for turn, (place, colour) in enumerate(zip(chosen, line_colours(len(chosen)), strict=True)):
        look = {"color": colour, "linewidth": 1.8, "marker": MARKERS[turn % len(MARKERS)]}
        lines.append(plot_band(axes, bands[place], _label(sets[place]), **look))
    every = [table for one in sets for table in one.rounds]
    finish_curves(axes, lines, label_metric(metric, regression=is_regression(every)))


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


def wrap(text: str, width: int, lines: int) -> str:
    """Return text in at most `lines` lines, with an ellipsis if it was cut."""
    import textwrap  # rarely needed

    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder=" …", break_on_hyphens=False)
    return "\n".join(wrapped)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return shorten(value if isinstance(value, str) else _full(value), _VALUE)


def _full(value: object) -> str:
    """Return a value's JSON in full: shortened texts of two values may be equal."""
    return json.dumps(value, separators=(",", ":"))
