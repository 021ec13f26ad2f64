"""The flat table of runs of `federated_training`: one row per run, round and client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.runs.table import name_clients, name_runs, repeat_rounds

if TYPE_CHECKING:
    from datagen_core import ParamSet

_OF_ROUNDS = {
    "global_accuracy": "global_accuracy",
    "global_loss": "global_loss",
    "participants": "round_participants",
    "seconds": "round_seconds",
}
"""Columns of measurements of a round, by member; only simulated runs fill the other members."""


def make_rows(
    columns: Mapping[str, Any], indices: NDArray[np.int64], param_set: ParamSet, first_row: int
) -> dict[str, NDArray[Any]]:
    """Return the rows of runs in the table of `datagen export federated_training`.

    Columns are `run_id`, `seed`, `scheme`, `round` and `client`, the client's name; then
    measurements of the client and of the round, `sample`, the run's index, and `set`, the number of
    the parameter set. `data_Distribution` is JSON, `{"0": 12, "1": 11}`.

    Parameters
    ----------
    columns, indices, param_set
        Consecutive runs, their indices, and their parameter set.
    first_row
        Number of rows before these in the table; rows are not numbered.
    """
    del first_row
    clients, lengths = columns["clients"].rows(), columns["clients"].lengths
    samples, digest = np.repeat(indices, lengths), param_set.record.digest
    rounds = repeat_rounds(columns)
    members = {name: clients[name] for name in clients.dtype.names if name != "client_id"}
    return {
        "run_id": name_runs(digest, samples),
        "seed": np.repeat(columns["seed"], lengths),
        "scheme": np.full(len(clients), param_set.params["scheme"], object),
        "round": clients["round"],
        "client": name_clients(columns),
        **members,
        "data_Distribution": _write_counts(clients["data_Distribution"]),
        **{column: rounds[member] for member, column in _OF_ROUNDS.items()},
        "sample": samples,
        "set": np.full(len(clients), param_set.number),
    }


def _write_counts(counts: NDArray[np.int64]) -> NDArray[Any]:
    return np.array([json.dumps(dict(enumerate(row))) for row in counts.tolist()], object)
