"""The sections of cards about federated runs: scores of the last round, curves, and clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from datagen_core.cards import Paragraph, Part, Picture, Section, Table
from datagen_federated.plotting.curves import make_curves
from datagen_federated.plotting.metrics import choose_metric, find_metrics
from datagen_federated.plotting.reading import read_runs
from datagen_federated.plotting.runs import FederatedRun
from datagen_pictures import draw_count_map, draw_curves, encode_png

if TYPE_CHECKING:
    from datagen_core import ParamSet

_MOST = 5
"""Runs; each is read whole."""

_SIZE = (8.0, 3.6)
"""Of curves, in inches."""


def describe_runs(param_set: ParamSet) -> Iterator[Section]:
    """Yield scores, learning curves, and the samples of clients of the first few runs."""
    sizes = param_set.counts
    split = param_set[max(sizes, key=lambda name: sizes[name])]
    first = split.indices_at(np.arange(min(len(split), _MOST))).tolist()
    runs = read_runs(split, [str(index) for index in first], param_set.params)
    which = f"The first {len(runs)} of {len(split):,} runs" if len(split) > len(runs) else "Runs"
    yield Section(
        "Runs", [Paragraph(f"{which} in {split.name}, after the last round."), _tabulate(runs)]
    )
    metric = choose_metric(None, [run.rounds for run in runs], split.title)
    parts: list[Part] = [
        Picture(
            encode_png(draw_curves(make_curves(runs, metric), size=_SIZE)),
            f"Curves of {metric} by round",
        )
    ]
    yield Section("Learning curves", parts)
    counts = runs[0].label_counts
    said = f"Number of samples by client and {counts.title.split()[0].lower()} of run {first[0]}"
    yield Section("Clients", [Picture(encode_png(draw_count_map(counts)), said)])


def _tabulate(runs: Sequence[FederatedRun]) -> Table:
    """Return the scores of the global model after the last round of each run."""
    metrics = find_metrics([run.rounds for run in runs])
    rows = [
        [str(run.index), len(run.sizes), len(run.rounds),
         *(float(run.rounds[-1][f"global_{metric}"]) for metric in metrics)]
        for run in runs
    ]  # fmt: skip
    return Table(("run", "clients", "rounds", *metrics), rows)
