"""Measurements of a run as records: one row per round, and one row per round and client."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import replacing
from datagen_federated.plotting import FederatedRun, make_curves
from datagen_federated.simulation import round_dtype
from datagen_federations.sessions.preparing import PreparedClients
from datagen_federations.sessions.running import Outcome
from datagen_pictures import draw_curves, save_figure

Records = NDArray[np.void]

MEASURED = ("train_seconds", "valid_seconds")
"""Members of a client's row that differ between equal runs."""

MEASURED_ROUND = ("seconds",)
"""Members of a round's row that differ between equal runs."""


def client_dtype(classes: int) -> np.dtype[np.void]:
    """Return the members of a row of clients."""
    return np.dtype(
        [
            ("round", "i4"),
            ("client_id", "i4"),
            ("participated", "?"),
            ("data_Distribution", "i8", (classes,)),
            ("samples_count", "i8"),
            ("valid_count", "i8"),
            ("accuracy", "f8"),
            ("loss", "f8"),
            ("train_steps", "i8"),
            ("train_seconds", "f8"),
            ("valid_seconds", "f8"),
        ]
    )


def global_dtype() -> np.dtype[np.void]:
    """Return the members of a row of rounds: those of simulated runs, and `seconds`."""
    return np.dtype([*round_dtype().descr, ("seconds", "f8")])


def make_records(outcome: Outcome, clients: PreparedClients) -> tuple[Records, Records]:
    """Return the rows of all clients, rounds outermost, and the rows of all rounds.

    `round` and `client_id` are columns of simulated runs and count from 1. `accuracy` and `loss` of
    a client are scores of the round's new global model on the client's own validation part (its
    training part if it has none); `global_accuracy` and `global_loss` are those over all of these
    samples. They are NaN in a round without evaluation; the other scores, which only simulated runs
    have, are always NaN. `data_Distribution` counts the labels of a client's training part,
    `samples_count` is their sum, and `samples` the sum over all participants. `train_seconds` and
    `valid_seconds` are times of training and evaluation on the client, `seconds` is the time of a
    whole round with all messages.
    """
    rows = [_client_rows(event, outcome, clients) for event in outcome.rounds]
    return np.concatenate(rows), np.concatenate(
        [_round_row(event, outcome) for event in outcome.rounds]
    )


def _client_rows(event: dict[str, object], outcome: Outcome, clients: PreparedClients) -> Records:
    table = np.zeros(len(clients.names), client_dtype(clients.classes))
    table["round"] = event["round"]
    table["client_id"] = np.arange(len(clients.names)) + 1
    table["data_Distribution"] = clients.counts
    measured = dict(event["clients"])  # type: ignore[call-overload]
    for row, name in zip(table, clients.names, strict=True):
        row["samples_count"] = outcome.sizes[name]["train"]
        row["valid_count"] = outcome.sizes[name]["valid"]
        row["participated"] = "train_steps" in measured.get(name, {})
        for member in ("accuracy", "loss", "train_seconds", "valid_seconds"):
            row[member] = measured.get(name, {}).get(member, np.nan)
        row["train_steps"] = measured.get(name, {}).get("train_steps", 0)
    return table


def _round_row(event: dict[str, object], outcome: Outcome) -> Records:
    row = np.zeros(1, global_dtype())
    for member in row.dtype.names or ():
        if row.dtype[member].kind == "f":
            row[member] = np.nan
    measured = dict(event["clients"])  # type: ignore[call-overload]
    row["round"], row["seconds"] = event["round"], event["seconds"]
    trained = [name for name, each in measured.items() if "train_steps" in each]
    row["participants"] = len(trained)
    row["samples"] = sum(outcome.sizes[name]["train"] for name in trained)
    row["global_accuracy"] = event.get("accuracy", np.nan)
    row["global_loss"] = event.get("loss", np.nan)
    return row


def write_tables(folder: Path, clients: Records, rounds: Records, names: Sequence[str]) -> None:
    """Write `rounds.csv` and `clients.csv`."""
    ours = ("round", "participants", "samples", "global_accuracy", "global_loss", "seconds")
    _write(folder / "rounds.csv", {name: rounds[name].tolist() for name in ours})
    columns = {name: clients[name].tolist() for name in clients.dtype.names or ()}
    columns["client_id"] = [names[number - 1] for number in columns["client_id"]]
    named = {{"client_id": "client"}.get(name, name): column for name, column in columns.items()}
    _write(folder / "clients.csv", named)


def _write(path: Path, columns: dict[str, list[object]]) -> None:
    with replacing(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def draw_curve(path: Path, clients: Records, rounds: Records, names: Sequence[str]) -> None:
    """Draw the learning curves: accuracy by round, of each client's data and of all together.

    Raises
    ------
    MissingPackageError
        When matplotlib is not installed.
    """
    run = FederatedRun(clients, rounds, tuple(names))
    save_figure(draw_curves(make_curves([run], "accuracy")), path)
