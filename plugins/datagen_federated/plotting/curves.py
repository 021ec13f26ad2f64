"""Learning curves: scores by round of clients, of the global model, and of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datagen_federated.plotting.metrics import Metric, as_curve, is_regression, label_metric
from datagen_federated.plotting.runs import FederatedRun, Table
from datagen_pictures import GREY, INK, MARKERS, MOST_COLOURS, Curve, Curves, line_colours, shorten

_NAME = 24  # characters of a client's name in the legend
_MOST_MARKERS = 40  # rounds; lines of more have no points
_FAINT, _FAINTEST = 0.8, 0.15  # opacity of grey lines, for few clients and for very many
_GLOBAL: Any = {"color": INK, "linewidth": 2.6, "marker": "o", "markersize": 3.5, "zorder": 4}
_CLIENT: Any = {"linewidth": 1.0, "markersize": 3.0, "zorder": 3}
# With points: a client that takes part once has no line.
_CROWD: Any = {"color": GREY, "linewidth": 0.6, "marker": ".", "markersize": 2.0, "zorder": 2}
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

    def as_curve(self, label: str, *, banded: bool = True, **look: Any) -> Curve:
        """Return the mean as a line with points, over a band if there are several runs.

        Lines of many rounds have no points.
        """
        drawn = {**_GLOBAL, **look}
        if len(self.rounds) > _MOST_MARKERS:
            drawn["marker"] = ""
        between = (self.low, self.high) if banded and self.runs > 1 else None
        return Curve(self.rounds, self.mean, label, drawn, between)


def make_curves(runs: Sequence[FederatedRun], metric: Metric) -> Curves:
    """Return the learning curves of one run, or of several runs together.

    One run: a thin line for each client, with gaps where it took no part, in different colours for
    at most `MOST_COLOURS` clients and grey for more; the global model on the test set, thick and
    black, and on the validation part, dashed. Several runs: the mean of the global model on the
    test set with a band from the least to the greatest, and the mean on the validation part;
    clients are left out, since they differ between runs.

    Parameters
    ----------
    runs
        Runs of one parameter set.
    metric
        The score.
    """
    tables = [run.rounds for run in runs]
    curves = _make_clients(runs[0], metric) if len(runs) == 1 else []
    several = f"\n(mean and range of {len(runs)} runs)" if len(runs) > 1 else ""
    server = Band.over(tables, f"global_{metric}")
    curves.append(server.as_curve(f"global model, test set{several}"))
    validation = Band.over(tables, f"validation_{metric}")
    if not validation.is_empty:
        several = f"\n(mean of {len(runs)} runs)" if len(runs) > 1 else ""
        label = f"global model, validation part{several}"
        curves.append(validation.as_curve(label, banded=False, **_VALIDATION))
    return Curves(curves, label_metric(metric, regression=is_regression(tables)))


def _make_clients(run: FederatedRun, metric: Metric) -> list[Curve]:
    """Return a line for each client; grey ones, fainter the more there are, for very many."""
    rounds, values, names = run.client_rounds, run.client_curves(metric), run.client_names
    if len(names) > MOST_COLOURS:
        crowd = max(int(np.isfinite(values).sum(axis=0).max()), MOST_COLOURS)
        alpha = max(_FAINTEST, _FAINT * (MOST_COLOURS / crowd) ** 0.5)
        label = f"{len(values)} clients"
        return [Curve(rounds, values.T, label, {"alpha": alpha, **_CROWD})]
    return [
        Curve(
            rounds,
            values[place],
            shorten(names[place], _NAME),
            {"color": colour, "marker": MARKERS[place % len(MARKERS)], **_CLIENT},
        )
        for place, colour in enumerate(line_colours(len(names)))
    ]
