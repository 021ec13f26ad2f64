"""What a run was measured to do, as records and tables."""

import csv
from pathlib import Path

import numpy as np
import pytest

from datagen_federations.sessions.preparing import PreparedClients
from datagen_federations.sessions.records import (
    MEASURED,
    MEASURED_ROUND,
    client_dtype,
    global_dtype,
    make_records,
    write_tables,
)
from datagen_federations.sessions.running import Outcome

CLIENTS = PreparedClients(Path("data"), ("anna", "ben"), (2,), 3, np.array([[1, 2, 3], [0, 0, 4]]))
SIZES = {"anna": {"train": 6, "valid": 2}, "ben": {"train": 4, "valid": 0}}


def member(**values):
    return {"train_steps": 3, "train_seconds": 0.5, "valid_seconds": 0.25, **values}


ROUNDS = [
    {
        "event": "round", "round": 1, "seconds": 1.5, "accuracy": 0.75, "loss": 2.0,
        "clients": {"ben": member(accuracy=0.5, loss=3.0), "anna": member(accuracy=1.0, loss=1.0)},
    },
    {"event": "round", "round": 2, "seconds": 0.5, "clients": {"ben": {"train_steps": 9}}},
]  # fmt: skip


@pytest.fixture
def records():
    return make_records(Outcome(ROUNDS, SIZES), CLIENTS)


def test_rows_are_in_the_order_of_rounds_and_names(records):
    clients, rounds = records

    assert clients["round"].tolist() == [1, 1, 2, 2]
    assert clients["client_id"].tolist() == [1, 2, 1, 2]
    assert clients["accuracy"].tolist()[:2] == [1.0, 0.5]
    assert rounds["round"].tolist() == [1, 2]


def test_who_did_not_train_did_not_take_part(records):
    clients, rounds = records

    assert clients["participated"].tolist() == [True, True, False, True]
    assert clients["train_steps"].tolist() == [3, 3, 0, 9]
    assert rounds["participants"].tolist() == [2, 1]
    assert rounds["samples"].tolist() == [10, 4]


def test_a_round_without_evaluation_has_no_metrics(records):
    clients, rounds = records

    assert np.isnan(clients["accuracy"][2:]).all()
    assert rounds["global_accuracy"][0] == 0.75
    assert np.isnan(rounds["global_loss"][1])
    assert rounds["seconds"].tolist() == [1.5, 0.5]


def test_sizes_and_counts_are_those_of_the_client(records):
    clients, _ = records

    assert clients["data_Distribution"][:2].tolist() == [[1, 2, 3], [0, 0, 4]]
    assert clients["samples_count"].tolist() == [6, 4] * 2
    assert clients["valid_count"].tolist() == [2, 0] * 2


def test_what_is_measured_is_a_member():
    assert set(MEASURED) <= set(client_dtype(3).names)
    assert set(MEASURED_ROUND) <= set(global_dtype().names)


def test_tables_name_the_clients(tmp_path, records):
    write_tables(tmp_path, *records, CLIENTS.names)
    with (tmp_path / "clients.csv").open(newline="") as file:
        clients = list(csv.DictReader(file))
    lines = (tmp_path / "rounds.csv").read_text().splitlines()

    assert [row["client"] for row in clients] == ["anna", "ben"] * 2
    assert "client_id" not in clients[0]
    assert lines[0] == "round,participants,samples,global_accuracy,global_loss,seconds"
    assert lines[1] == "1,2,10,0.75,2.0,1.5"
