"""What a run hands out: a row for each round and client, a row for each round, and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.models.architecture import WeightSpec

FAIL_REASONS = ("", "dropped_out", "not_selected", "diverged", "no_samples")
"""Why a client did not take part in a round, by code: it dropped out, the server did not select it,
its weights became infinite or NaN, or it has no samples."""


def client_dtype(classes: int) -> np.dtype[np.void]:
    """Return the fields of a row of `Run.clients`, for so many classes or bins."""
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
        One row a round and client, rounds outermost, clients in order; `client_dtype`. Rounds and
        clients count from 1.

        - `participated`: whether its weights went into the mean; else `round_fail_reason` is the
          code of the reason in `FAIL_REASONS`.
        - `data_Distribution`: its samples by class or bin; `samples_count` their sum.
        - `Computation_Time`: seconds that training took, without evaluation and without the first
          call's preparations; `cpu_time` its processor seconds, with `threads` threads;
          `samples_epochs` the samples that it went through. All 0 when it did not train.
        - `accuracy`, `loss`, `f1` (macro), `rmse`, `r2`: its own model on the whole test set; NaN
          when it did not train or diverged, or where they mean nothing for the task. Of a
          regression they are in the target's units, loss the mean squared error.
        - `train_loss`: mean over the last epoch, without penalties; `update_norm`: Euclidean norm
          of its change of weights. NaN when it did not train.
        - `reliability`: `rounds_participated_so_far` / rounds so far.
        - `comm_bytes_down`: bytes of weights sent to it, when it was selected, whether or not it
          then dropped out; `comm_bytes_up`: those it returned, when it took part.
    rounds
        One row a round; `round_dtype`. `participants` and their `samples`, then the scores of the
        global model after the round on the test set and on the validation part (NaN without one).
    updates
        float32 `(rows of clients, 256)`: sketches of changes of weights, of norm 1; zeros where a
        client took no part. None unless asked for.
    weights, global_weights
        float32 `(rows of clients, P)`, NaN where a client took no part, and `(rounds, P)`. Flat,
        as `specs` says. None unless asked for.
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
        """How many weights the model has, P."""
        return sum(spec.size for spec in self.specs)


def empty_table(shape: tuple[int, ...], dtype: np.dtype[np.void]) -> NDArray[Any]:
    """Return a table of zeros, and of NaN in the floating-point fields."""
    table = np.zeros(shape, dtype)
    for name in dtype.names or ():
        if dtype[name] == np.float64:
            table[name] = np.nan
    return table
