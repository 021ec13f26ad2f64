"""The flat table of federated runs: one row per run, round and client.

The first 30 columns are those of the MLaaS data generator, in its order; then come the global model
and further measurements, then `MLaaS_ID`, the sample's index and the number of the parameter set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.simulation import FAIL_REASONS
from datagen_partitions.errors import ExportOptionError
from datagen_partitions.schemes import principal_value

if TYPE_CHECKING:
    from datagen_core import ParamSet

Block = dict[str, NDArray[Any]]

_ORIGINAL = (
    "run_id", "dataset", "task_type", "model_type", "distribution_type", "distribution_param",
    "hidden_layers", "activation", "dropout", "weight_decay", "params_count", "optimizer",
    "learning_rate", "batch_size", "epochs_per_round", "round", "client_id", "participated",
    "round_fail_reason", "data_Distribution", "samples_count", "Computation_Time", "accuracy",
    "loss", "f1", "reliability", "rounds_participated_so_far", "comm_bytes_up", "comm_bytes_down",
    "reliability_Score",
)  # fmt: skip
"""The columns of the original, in its order."""

_CONSTANT = (
    "dataset", "model_type", "activation", "dropout", "weight_decay", "optimizer", "learning_rate",
    "batch_size", "epochs_per_round", "aggregation", "client_dropout_rate", "participation",
    "precision",
)  # fmt: skip
"""Parameters that are columns under their own names."""

_OPTIONS = {"reliability_score": ("none", "original"), "distribution": ("python", "json")}


def make_rows(  # noqa: PLR0913 (the options of the table)
    columns: Mapping[str, Any],
    indices: NDArray[np.int64],
    param_set: ParamSet,
    first_row: int,
    *,
    id_col: str = "MLaaS_ID",
    start_id: str = "1",
    reliability_score: str = "none",
    distribution: str = "python",
) -> Block:
    """Return the rows of runs in the table of `datagen export federated_metrics`.

    Parameters
    ----------
    columns, indices, param_set
        Consecutive runs, their indices, and their parameter set.
    first_row
        Number of rows before these in the table.
    id_col, start_id
        Name of the column that numbers the rows, and its first number.
    reliability_score
        `original` fills `reliability_Score` as the original does: the client's mean accuracy over
        all rounds of the run. It leaks later rounds into every row, so the column is NaN (`none`)
        by default; `reliability` uses earlier rounds only.
    distribution
        The form of `data_Distribution`: `python`, the original's text `{0: 12, 1: 11}`, or `json`.

    Raises
    ------
    ExportOptionError
        When an option has another value.
    """
    _check(reliability_score=reliability_score, distribution=distribution)
    runs = _Runs(columns, indices)
    made: Block = {
        **_constants(param_set, runs.rows),
        **runs.identity(param_set.record.digest),
        **runs.members("clients"),
        **runs.globals(),
        "client_id": name_clients(columns),
        "round_fail_reason": np.array(FAIL_REASONS, object)[runs.clients["round_fail_reason"]],
        "data_Distribution": _write_counts(runs.clients["data_Distribution"], distribution),
        "reliability_Score": runs.scores() if reliability_score == "original" else runs.nothing(),
        id_col: np.arange(runs.rows) + _number(start_id) + first_row,
        "sample": runs.samples,
        "set": np.full(runs.rows, param_set.number),
    }
    last = (id_col, "sample", "set")
    ours = [name for name in made if name not in {*_ORIGINAL, *last}]
    return {name: made[name] for name in (*_ORIGINAL, *ours, *last)}


class _Runs:
    """The rows of consecutive runs."""

    def __init__(self, columns: Mapping[str, Any], indices: NDArray[np.int64]) -> None:
        self._columns = columns
        self._lengths = columns["clients"].lengths
        self.clients = columns["clients"].rows()
        self.rows = len(self.clients)
        self.samples = np.repeat(indices, self._lengths)

    def identity(self, digest: str) -> Block:
        """Return columns that are constant within a run."""
        constant = ("params_count", "torch_version")
        repeated = {name: np.repeat(self._columns[name], self._lengths) for name in constant}
        return {"run_id": name_runs(digest, self.samples), **repeated}

    def members(self, name: str) -> Block:
        """Return the members of a record as columns."""
        rows = self._columns[name].rows()
        return {member: rows[member] for member in _members_of(rows)}

    def globals(self) -> Block:
        """Return the records of rounds, repeated for each client."""
        rows = repeat_rounds(self._columns)
        renamed = {"participants": "round_participants", "samples": "round_samples"}
        return {
            renamed.get(name, name): rows[name] for name in _members_of(rows) if name != "round"
        }

    def scores(self) -> NDArray[np.float64]:
        """Return the client's mean accuracy over all rounds in which it trained."""
        run = np.repeat(np.arange(len(self._lengths)), self._lengths)
        keys = np.stack([run, self.clients["client_id"]], axis=1)
        _, client = np.unique(keys, axis=0, return_inverse=True)
        known = ~np.isnan(self.clients["accuracy"])
        sums = np.bincount(client[known], self.clients["accuracy"][known], minlength=self.rows)
        counts = np.bincount(client[known], minlength=self.rows)
        means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        return np.asarray(means[client], np.float64)

    def nothing(self) -> NDArray[np.float64]:
        """Return a column without values."""
        return np.full(self.rows, np.nan)


def name_runs(digest: str, samples: NDArray[np.int64]) -> NDArray[Any]:
    """Return the `run_id` of each row, from the set's digest and the sample's index."""
    return np.array([f"{digest[:16]}-{index}" for index in samples.tolist()], object)


def name_clients(columns: Mapping[str, Any]) -> NDArray[Any]:
    """Return the name of each row's client."""
    names, clients = columns["client_names"], columns["clients"]
    firsts = np.repeat(names.offsets[:-1], clients.lengths)
    return np.asarray(names.values[firsts + clients.rows()["client_id"] - 1], object)


def repeat_rounds(columns: Mapping[str, Any]) -> NDArray[Any]:
    """Return the records of rounds, repeated for each client: one per row of `clients`."""
    rounds = columns["rounds"]
    per_round = np.repeat(columns["clients"].lengths // rounds.lengths, rounds.lengths)
    return np.repeat(rounds.rows(), per_round)


def _members_of(rows: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of the members of records."""
    return rows.dtype.names or ()


def _constants(param_set: ParamSet, rows: int) -> Block:
    params = FederatedMetricsParams.model_validate(param_set.params)
    number = principal_value(params.strategy, params)
    values = {name: getattr(params, name) for name in _CONSTANT}
    values |= {
        "task_type": params.task_type or _task_of(param_set),
        "distribution_type": params.strategy,
        "distribution_param": np.nan if number is None else number,
        "hidden_layers": ",".join(map(str, params.hidden_layers)),
    }
    return {name: _repeat(value, rows) for name, value in values.items()}


def _task_of(param_set: ParamSet) -> str:
    """Return the task of runs; those of a regression have no accuracy."""
    rounds = param_set.samples[0]["rounds"]
    return "regression" if np.isnan(rounds["global_accuracy"]).all() else "classification"


def _repeat(value: Any, rows: int) -> NDArray[Any]:
    if isinstance(value, str | tuple):
        return np.full(rows, value if isinstance(value, str) else json.dumps(value), object)
    return np.full(rows, value)


def _write_counts(counts: NDArray[np.int64], form: str) -> NDArray[Any]:
    """Return label counts as text; each distinct row is formatted once."""
    rows, place = np.unique(counts, axis=0, return_inverse=True)
    write = json.dumps if form == "json" else str
    texts = [write(dict(enumerate(row))) for row in rows.tolist()]
    return np.array(texts, object)[place.reshape(-1)]


def _check(**chosen: str) -> None:
    for name, value in chosen.items():
        if value not in _OPTIONS[name]:
            raise ExportOptionError(
                f"{name} should be {' or '.join(_OPTIONS[name])}, not {value!r}"
            )


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ExportOptionError(f"start_id should be a whole number, not {text!r}") from None
