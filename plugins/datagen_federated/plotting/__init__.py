"""Pictures of federated runs: learning curves, and the samples of clients by class."""

from datagen_federated.errors import PlotError
from datagen_federated.plotting.comparison import ComparedSet, describe_differences
from datagen_federated.plotting.curves import Band
from datagen_federated.plotting.figures import (
    Kind,
    check_picture_path,
    draw_bars,
    draw_comparison,
    draw_curves,
    draw_heat_map,
    draw_overview,
    save_figure,
)
from datagen_federated.plotting.metrics import METRICS, Metric, choose_metric, find_metrics
from datagen_federated.plotting.reading import read_rounds, read_runs
from datagen_federated.plotting.runs import FederatedRun

__all__ = [
    "METRICS",
    "Band",
    "ComparedSet",
    "FederatedRun",
    "Kind",
    "Metric",
    "PlotError",
    "check_picture_path",
    "choose_metric",
    "describe_differences",
    "draw_bars",
    "draw_comparison",
    "draw_curves",
    "draw_heat_map",
    "draw_overview",
    "find_metrics",
    "read_rounds",
    "read_runs",
    "save_figure",
]
