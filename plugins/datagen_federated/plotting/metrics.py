"""Scores that can be drawn, their units, and the scores that runs have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from datagen_pictures import PictureError

Metric = Literal["accuracy", "loss", "f1", "rmse", "r2"]
"""The scores by name, as in the tables of a run."""

METRICS: tuple[Metric, ...] = get_args(Metric)

SMALL_IS_GOOD = frozenset({"loss", "rmse"})
"""Scores for which small values are good."""

_LABELS = {
    "accuracy": "Accuracy (share of right answers)",
    "loss": "Loss (mean cross-entropy, nats)",
    "f1": "F1 score (macro average, 0 to 1)",
    "rmse": "RMSE (units of the target)",
    "r2": "R² (share of variance explained)",
}
_SQUARED_LOSS = "Loss (mean squared error, squared units of the target)"


def find_metrics(rounds: Sequence[NDArray[np.void]]) -> tuple[Metric, ...]:
    """Return the scores for which some global model has a number.

    Parameters
    ----------
    rounds
        The tables of rounds of runs.
    """
    return tuple(
        metric
        for metric in METRICS
        if any(np.isfinite(table[f"global_{metric}"]).any() for table in rounds)
    )


def choose_metric(wanted: str | None, rounds: Sequence[NDArray[np.void]], title: str) -> Metric:
    """Return the score to draw: the wanted one, else accuracy, or rmse for a regression.

    Parameters
    ----------
    wanted
        A score by name; None if the runs decide.
    rounds
        The tables of rounds of the runs.
    title
        The name of the runs in messages.

    Raises
    ------
    PictureError
        When the runs do not have it; the message lists their scores.
    """
    there = find_metrics(rounds)
    if not there:
        raise PictureError(
            f"{title} has no scores: the global model diverged in all rounds; "
            "make runs with a smaller learning_rate"
        )
    default: Metric = "accuracy" if "accuracy" in there else "rmse"
    for metric in there:
        if metric == (wanted or default):
            return metric
    raise PictureError(f"{title} has no {wanted or default}; it has {', '.join(there)}")


def is_regression(rounds: Sequence[NDArray[np.void]]) -> bool:
    """Return whether runs are regressions, which have no accuracy."""
    there = find_metrics(rounds)
    return "rmse" in there and "accuracy" not in there


def label_metric(metric: Metric, *, regression: bool) -> str:
    """Return the label of an axis: a score with its unit."""
    return _SQUARED_LOSS if regression and metric == "loss" else _LABELS[metric]


def as_curve(values: Any) -> NDArray[np.float64]:
    """Return scores as float64, with NaN for infinity, which cannot be drawn."""
    curve = np.asarray(values, np.float64)
    return np.where(np.isfinite(curve), curve, np.nan)
