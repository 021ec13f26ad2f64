"""Pictures of federated runs: learning curves, and the samples of clients by class."""

from datagen_federated.plotting.against import draw_against
from datagen_federated.plotting.comparison import (
    ComparedSet,
    describe_differences,
    draw_comparison,
)
from datagen_federated.plotting.curves import Band, make_curves
from datagen_federated.plotting.metrics import METRICS, Metric, choose_metric, find_metrics
from datagen_federated.plotting.reading import read_rounds, read_runs
from datagen_federated.plotting.runs import FederatedRun

__all__ = [
    "METRICS",
    "Band",
    "ComparedSet",
    "FederatedRun",
    "Metric",
    "choose_metric",
    "describe_differences",
    "draw_against",
    "draw_comparison",
    "find_metrics",
    "make_curves",
    "read_rounds",
    "read_runs",
]
