"""Results of a run: one row per round and client, one row per round, and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.architecture import WeightSpec

FAIL_REASONS = ("", "dropped_out", "not_selected", "diverged", "no_samples")
"""Reasons of a client not to take part in a round, by code: it dropped out, the server did not
select it, its weights became infinite or NaN, or it has no samples."""


def client_dtype(classes: int) -> np.dtype[np.void]:
    """Return the fields of a row of `Run.clients`, for a number of classes or bins."""
    return np.dtype(
        [
            ("round", "i4"),
            ("client_id", "i4"),
            ("participated", "?"),
            ("round_fail_reason", "u1"),
            ("data_Distribution", "i8", (classes,)),
            ("samples_count", "i8"),
            ("Computation_Time", "f8"),
            ("accuracy", "f8"),
            ("loss", "f8"),
            ("f1", "f8"),
            ("rmse", "f8"),
            ("r2", "f8"),
            ("reliability", "f8"),
            ("rounds_participated_so_far", "i4"),
            ("comm_bytes_up", "i8"),
            ("comm_bytes_down", "i8"),
            ("cpu_time", "f8"),
            ("samples_epochs", "i8"),
            ("train_loss", "f8"),
            ("update_norm", "f8"),
            ("threads", "i2"),
        ]
    )


def round_dtype() -> np.dtype[np.void]:
    """Return the fields of a row of `Run.rounds`."""
    scores = ("accuracy", "loss", "f1", "rmse", "r2")
    measured = [f"{part}_{score}" for part in ("global", "validation") for score in scores]
    counts = [("round", "i4"), ("participants", "i4"), ("samples", "i8")]
    return np.dtype([*counts, *((name, "f8") for name in measured)])


@dataclass(frozen=True, eq=False)
class Run:
    """One simulated federated run.

    Attributes
    ----------
    clients
        One row per round and client, rounds outermost, clients in order; `client_dtype`. `round`
        and `client_id` are the original's columns and count from 1.

        - `participated`: whether the client's weights went into the mean; else `round_fail_reason`
          is the code of the reason in `FAIL_REASONS`.
        - `data_Distribution`: samples of the client by class or bin; `samples_count`: their sum.
        - `Computation_Time`: seconds of training, without evaluation and without the first call's
          preparations; `cpu_time`: processor seconds of training, with `threads` threads;
          `samples_epochs`: samples passed through. All 0 if the client did not train.
        - `accuracy`, `loss`, `f1` (macro), `rmse`, `r2`: scores of the client's own model on the
          whole test set; NaN if it did not train or diverged, and for scores of another task. Those
          of a regression are in the target's units; the loss is the mean squared error.
        - `train_loss`: mean over the last epoch, without penalties; `update_norm`: Euclidean norm
          of the change of weights. NaN if the client did not train.
        - `reliability`: `rounds_participated_so_far` / rounds so far.
        - `comm_bytes_down`: bytes of weights sent to the client if it was selected, even if it then
          dropped out; `comm_bytes_up`: bytes that it returned if it took part.
    rounds
        One row per round; `round_dtype`. `participants` and their `samples`, then the scores of the
        global model after the round on the test set and on the validation part (NaN without one).
    updates
        float32 `(rows of clients, 256)`: sketches of changes of weights, of norm 1; zeros if a
        client took no part. None unless `save_updates`.
    weights, global_weights
        float32 `(rows of clients, P)`, NaN if a client took no part, and `(rounds, P)`; flat
        vectors in the order of `specs`. None unless `save_weights`.
    specs
        Names and shapes of the weights.
    """

    clients: NDArray[np.void]
    rounds: NDArray[np.void]
    updates: NDArray[np.float32] | None
    weights: NDArray[np.float32] | None
    global_weights: NDArray[np.float32] | None
    specs: tuple[WeightSpec, ...]

    @property
    def params_count(self) -> int:
        """Number of weights of the model, P."""
        return sum(spec.size for spec in self.specs)


def empty_table(shape: tuple[int, ...], dtype: np.dtype[np.void]) -> NDArray[Any]:
    """Return a table of zeros, with NaN in the floating-point fields."""
    table = np.zeros(shape, dtype)
    for name in dtype.names or ():
        if dtype[name] == np.float64:
            table[name] = np.nan
    return table
