"""The tables of a run while it is simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.architecture import WeightSpec, count_weights
from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.aggregation import Weights
from datagen_federated.simulation.inputs import Groups, Indices
from datagen_federated.simulation.metrics import Scores
from datagen_federated.simulation.participation import REASONS
from datagen_federated.simulation.records import Run, client_dtype, empty_table, round_dtype
from datagen_federated.simulation.sketch import WIDTH, sketch
from datagen_federated.simulation.training import Fit

_BYTES = 4
"""Bytes of a weight in a message between client and server."""


class Recorder:
    """Fills the tables of a run, round by round and client by client, both counted from 0."""

    def __init__(
        self,
        params: TrainingParams,
        specs: tuple[WeightSpec, ...],
        shares: Sequence[Indices],
        groups: Groups,
    ) -> None:
        self._specs, size, shape = specs, count_weights(specs), (params.rounds, len(shares))
        self._sizes, self._bytes = np.array([len(share) for share in shares]), _BYTES * size
        self._epochs = params.epochs_per_round
        self._clients = empty_table(shape, client_dtype(groups.count))
        self._clients["data_Distribution"] = [
            np.bincount(groups.of[share], minlength=groups.count) for share in shares
        ]
        self._clients["round"] = np.arange(1, shape[0] + 1)[:, None]
        self._clients["client_id"] = np.arange(1, shape[1] + 1)
        self._clients["samples_count"] = self._sizes
        self._clients["threads"] = params.threads
        self._clients["Computation_Time"] = self._clients["cpu_time"] = 0
        self._rounds = empty_table(shape[:1], round_dtype())
        self._rounds["round"] = np.arange(1, shape[0] + 1)
        self._updates = np.zeros((*shape, WIDTH), np.float32) if params.save_updates else None
        self._weights = _room((*shape, size), params)
        self._global_weights = _room((shape[0], size), params)

    def record_fit(self, number: int, client: int, fit: Fit) -> None:
        """Record times and loss of a client's training."""
        row = self._clients[number, client]
        row["Computation_Time"], row["cpu_time"], row["train_loss"] = fit.wall, fit.cpu, fit.loss
        row["samples_epochs"] = self._epochs * self._sizes[client]

    def record_model(
        self, number: int, client: int, models: tuple[Weights, Weights], scores: Scores
    ) -> None:
        """Record a client's model; `models` are the global weights before, and its own after."""
        begin, weights = models
        row, change = self._clients[number, client], weights - begin
        row["update_norm"] = np.sqrt(np.sum(change.astype(np.float64) ** 2))
        _fill(row, "", scores)
        if self._updates is not None:
            self._updates[number, client] = sketch(change)
        if self._weights is not None:
            self._weights[number, client] = weights

    def record_participation(self, number: int, reasons: NDArray[np.uint8]) -> None:
        """Record the participants of a round, from the code of each client's reason."""
        rows, took_part = self._clients[number], reasons == REASONS[""]
        rows["round_fail_reason"], rows["participated"] = reasons, took_part
        before = self._clients["rounds_participated_so_far"][number - 1] if number else 0
        rows["rounds_participated_so_far"] = before + took_part
        rows["reliability"] = rows["rounds_participated_so_far"] / (number + 1)
        rows["comm_bytes_up"] = self._bytes * took_part
        rows["comm_bytes_down"] = self._bytes * (reasons != REASONS["not_selected"])
        self._rounds["participants"][number] = np.sum(took_part)
        self._rounds["samples"][number] = np.sum(self._sizes[took_part])

    def record_round(self, number: int, weights: Weights, test: Scores, validation: Scores) -> None:
        """Record the global model after a round."""
        _fill(self._rounds[number], "global_", test)
        _fill(self._rounds[number], "validation_", validation)
        if self._global_weights is not None:
            self._global_weights[number] = weights

    def finish(self) -> Run:
        """Return the run, its clients in one table."""
        updates, weights = self._updates, self._weights
        return Run(
            clients=self._clients.reshape(-1),
            rounds=self._rounds,
            updates=None if updates is None else updates.reshape(-1, WIDTH),
            weights=None if weights is None else weights.reshape(-1, weights.shape[-1]),
            global_weights=self._global_weights,
            specs=self._specs,
        )


def _room(shape: tuple[int, ...], params: TrainingParams) -> NDArray[np.float32] | None:
    return np.full(shape, np.nan, np.float32) if params.save_weights else None


def _fill(row: np.void, prefix: str, scores: Scores) -> None:
    for name, value in scores._asdict().items():
        row[prefix + name] = value
