"""The flat table of federated runs with a real server: one row a run, round and client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OF_ROUNDS = {
    "global_accuracy": "global_accuracy",
    "global_loss": "global_loss",
    "participants": "round_participants",
    "seconds": "round_seconds",
}
"""What a round measures, as columns; the other members are of simulated runs."""


def make_rows(
    columns: Mapping[str, Any], indices: NDArray[np.int64], param_set: Any, first_row: int
) -> dict[str, NDArray[Any]]:
    """Return the rows of some runs; the table of `datagen export federated_training`.

    First `run_id`, `seed`, `scheme`, `round` and `client`, the client's name; then what the client
    and the round were measured to do, `sample`, the run's index, and `set`, the parameter set.
    `data_Distribution` is JSON, `{"0": 12, "1": 11}`.

    Parameters
    ----------
    columns, indices, param_set
        Consecutive runs, their indices, and the parameter set that they belong to.
    first_row
        How many rows the table has already; rows are not numbered.
    """
    del first_row
    clients, lengths = columns["clients"].rows(), columns["clients"].lengths
    samples, digest = np.repeat(indices, lengths), param_set.record.digest
    runs = [f"{digest[:16]}-{index}" for index in samples.tolist()]
    members = {name: clients[name] for name in clients.dtype.names if name != "client_id"}
    return {
        "run_id": np.array(runs, object),
        "seed": np.repeat(columns["seed"], lengths),
        "scheme": np.full(len(clients), param_set.params["scheme"], object),
        "round": clients["round"],
        "client": _names(columns, clients["client_id"]),
        **members,
        "data_Distribution": _write_counts(clients["data_Distribution"]),
        **_rounds(columns),
        "sample": samples,
        "set": np.full(len(clients), digest[:12], object),
    }


def _names(columns: Mapping[str, Any], ids: NDArray[np.int32]) -> NDArray[Any]:
    names = columns["client_names"]
    firsts = np.repeat(names.offsets[:-1], columns["clients"].lengths)
    return np.asarray(names.values[firsts + ids - 1], object)


def _rounds(columns: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the records of rounds, repeated for each client."""
    rounds = columns["rounds"]
    per_round = np.repeat(columns["clients"].lengths // rounds.lengths, rounds.lengths)
    rows = np.repeat(rounds.rows(), per_round)
    return {column: rows[member] for member, column in _OF_ROUNDS.items()}


def _write_counts(counts: NDArray[np.int64]) -> NDArray[Any]:
    return np.array([json.dumps(dict(enumerate(row))) for row in counts.tolist()], object)
