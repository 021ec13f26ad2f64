"""Learning curves: scores by round of clients, of the global model, and of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from datagen_federated.plotting.metrics import Metric, as_curve, is_regression, label_metric
from datagen_federated.plotting.runs import FederatedRun, Table
from datagen_federated.plotting.style import (
    GREY,
    INK,
    MARKERS,
    MOST_COLOURS,
    line_colours,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_NAME = 24  # characters of a client's name in the legend
_MOST_MARKERS = 40  # rounds; lines of more have no points
_BAND = 0.15  # opacity
_FAINT, _FAINTEST = 0.8, 0.15  # opacity of grey lines, for few clients and for very many
_GLOBAL: Any = {"color": INK, "linewidth": 2.6, "marker": "o", "markersize": 3.5, "zorder": 4}
_CLIENT: Any = {"linewidth": 1.0, "markersize": 3.0, "zorder": 3}
_VALIDATION: Any = {"linestyle": "--", "linewidth": 1.6}


@dataclass(frozen=True, eq=False)
class Band:
    """A score of several runs by round.

    Attributes
    ----------
    rounds
        The numbers of the rounds, ascending, int64 `(R,)`.
    mean, low, high
        Mean, least and greatest over the runs that have a number, float64 `(R,)`; NaN if no run
        has.
    runs
        Number of runs.
    """

    rounds: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    runs: int

    @classmethod
    def over(cls, tables: Sequence[Table], field: str) -> Self:
        """Return the band of a field over tables of rounds."""
        rounds = np.unique(np.concatenate([table["round"] for table in tables]))
        values = np.full((len(tables), len(rounds)), np.nan)
        for row, table in zip(values, tables, strict=True):
            row[np.searchsorted(rounds, table["round"])] = as_curve(table[field])
        known = np.isfinite(values)
        low = np.where(known, values, np.inf).min(axis=0)
        high = np.where(known, values, -np.inf).max(axis=0)
        total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        mean = np.divide(total, count, out=np.full(len(rounds), np.nan), where=count > 0)
        return cls(rounds.astype(np.int64), mean, as_curve(low), as_curve(high), len(tables))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not np.isfinite(self.mean).any()


def plot_curves(axes: Axes, runs: Sequence[FederatedRun], metric: Metric) -> None:
    """Draw the learning curves of one run, or of several runs together.

    One run: a thin line for each client, with gaps where it took no part, in different colours for
    at most `MOST_COLOURS` clients and grey for more; the global model on the test set, thick and
    black, and on the validation part, dashed. Several runs: the mean of the global model on the
    test set with a band from the least to the greatest, and the mean on the validation part;
    clients are left out, since they differ between runs.

    Parameters
    ----------
    axes
        The axes to draw on.
    runs
        Runs of one parameter set.
    metric
        The score.
    """
    tables = [run.rounds for run in runs]
    lines = _plot_clients(axes, runs[0], metric) if len(runs) == 1 else []
    several = f"\n(mean and range of {len(runs)} runs)" if len(runs) > 1 else ""
    server = Band.over(tables, f"global_{metric}")
    lines.append(plot_band(axes, server, f"global model, test set{several}"))
    validation = Band.over(tables, f"validation_{metric}")
    if not validation.is_empty:
        several = f"\n(mean of {len(runs)} runs)" if len(runs) > 1 else ""
        label = f"global model, validation part{several}"
        lines.append(plot_mean(axes, validation, label, **_VALIDATION))
    finish_curves(axes, lines, label_metric(metric, regression=is_regression(tables)))


def plot_band(axes: Axes, band: Band, label: str, **look: Any) -> Line2D:
    """Draw a mean as a line with points, over a band if there are several runs."""
    if band.runs > 1:
        colour, between = look.get("color", INK), (band.low, band.high)
        axes.fill_between(band.rounds, *between, color=colour, alpha=_BAND, linewidth=0, zorder=1)
    return plot_mean(axes, band, label, **look)


def plot_mean(axes: Axes, band: Band, label: str, **look: Any) -> Line2D:
    """Draw a mean as a line with points; many rounds have no points."""
    drawn = {**_GLOBAL, **look}
    if len(band.rounds) > _MOST_MARKERS:
        drawn["marker"] = ""
    return axes.plot(band.rounds, band.mean, label=label, **drawn)[0]


def finish_curves(axes: Axes, lines: Sequence[Line2D], score: str) -> None:
    """Label the axes, and name some of the lines in a legend beside them."""
    from matplotlib.ticker import MaxNLocator  # after house_style, which requires it

    axes.set_xlabel("Round")
    axes.set_ylabel(score)
    first, last = axes.dataLim.intervalx
    axes.set_xlim(first - 0.5, last + 0.5)  # no tick at 0, since rounds count from 1
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    # Explicit handles and labels, since labels that begin with _ would be left out.
    legend = axes.legend(
        lines,
        [str(line.get_label()) for line in lines],
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        borderaxespad=0,
        labelspacing=0.35,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _plot_clients(axes: Axes, run: FederatedRun, metric: Metric) -> list[Line2D]:
    """Draw a line for each client, and return the lines for the legend."""
    curves, names = run.client_curves(metric), run.client_names
    if len(names) > MOST_COLOURS:
        return [_plot_grey(axes, run.client_rounds, curves)]
    lines = []
    for place, colour in enumerate(line_colours(len(names))):
        look: Any = {"color": colour, "marker": MARKERS[place % len(MARKERS)], **_CLIENT}
        label = shorten(names[place], _NAME)
        lines += axes.plot(run.client_rounds, curves[place], label=label, **look)
    return lines


def _plot_grey(axes: Axes, rounds: NDArray[np.int64], curves: NDArray[np.float64]) -> Line2D:
    """Draw many lines, fainter the more there are, and return one with a label for all."""
    crowd = max(int(np.isfinite(curves).sum(axis=0).max()), MOST_COLOURS)
    alpha = max(_FAINTEST, _FAINT * (MOST_COLOURS / crowd) ** 0.5)
    # With points: a client that takes part once has no line.
    look: Any = {"color": GREY, "linewidth": 0.6, "marker": ".", "markersize": 2.0}
    first, *_ = axes.plot(rounds, curves.T, alpha=alpha, zorder=2, **look)
    first.set_label(f"{len(curves)} clients")
    return first
