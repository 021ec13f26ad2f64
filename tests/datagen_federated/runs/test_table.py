"""The flat table of federated runs: the original's columns first, and what they mean."""

from __future__ import annotations

import ast
import csv
import json

import numpy as np
import pytest

import datagen_core
from datagen_federated.runs import table

HEADER = (
    "run_id,dataset,task_type,model_type,distribution_type,distribution_param,hidden_layers,"
    "activation,dropout,weight_decay,params_count,optimizer,learning_rate,batch_size,"
    "epochs_per_round,round,client_id,participated,round_fail_reason,data_Distribution,"
    "samples_count,Computation_Time,accuracy,loss,f1,reliability,rounds_participated_so_far,"
    "comm_bytes_up,comm_bytes_down,reliability_Score"
)
"""What the original writes into the first line of its files."""

QUICK = {
    "dataset": "iris", "model_type": "MLP", "hidden_layers": [8, 4], "clients": 3, "rounds": 4,
    "epochs_per_round": 1, "client_dropout_rate": 0.5,
}  # fmt: skip


@pytest.fixture
def made(cache):
    return datagen_core.generate("federated_metrics", 2, QUICK, executor="inline", cache=cache)


@pytest.fixture
def export(made, run_cli, tmp_path):
    def run(*options):
        path = tmp_path / "t.csv"
        words = [word for option in options for word in ("-o", option)]
        answer = run_cli("export", "federated_metrics", "--all-sets", "--format", "csv", path,
                         "--force", *words)  # fmt: skip
        assert answer.code == 0, answer.err
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    return run


def column(rows, name, kind=str):
    return [kind(row[name]) for row in rows]


def test_the_columns_of_the_original_come_first_and_in_its_order(export):
    names = list(export()[0])

    assert ",".join(names[:30]) == HEADER
    assert names[-3:] == ["MLaaS_ID", "sample", "set"]
    assert {"global_accuracy", "validation_loss", "cpu_time", "threads", "torch_version"} <= {
        *names[30:]
    }


def test_there_is_a_row_for_each_run_round_and_client(export, made):
    rows = export()

    assert column(rows, "MLaaS_ID", int) == list(range(1, 25))
    assert column(rows, "sample", int) == [0] * 12 + [1] * 12
    assert column(rows, "round", int)[:12] == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert column(rows, "client_id")[:3] == ["client_1", "client_2", "client_3"]
    assert {row["set"] for row in rows} == {"0"}


def test_a_run_is_named_by_what_it_is(export, made):
    digest = made.record.digest[:16]

    assert list(dict.fromkeys(column(export(), "run_id"))) == [f"{digest}-0", f"{digest}-1"]


def test_values_are_those_of_the_samples(export, made):
    rows = export()
    clients = np.concatenate([made.samples[place]["clients"] for place in range(2)])
    rounds = np.concatenate([np.repeat(made.samples[i]["rounds"], 3) for i in range(2)])

    for name in ("accuracy", "loss", "cpu_time", "reliability", "comm_bytes_down"):
        assert np.array_equal(column(rows, name, float), clients[name], equal_nan=True)
    assert np.array_equal(column(rows, "global_accuracy", float), rounds["global_accuracy"])


def test_those_who_dropped_out_say_so(export):
    rows = export()
    away = [row for row in rows if row["participated"] == "False"]

    assert away
    assert {row["round_fail_reason"] for row in away} == {"dropped_out"}
    assert {row["comm_bytes_up"] for row in away} == {"0"}
    assert {row["round_fail_reason"] for row in rows if row["participated"] == "True"} == {""}


def test_parameters_are_columns(export):
    (row, *_) = export()

    assert (row["dataset"], row["task_type"], row["model_type"]) == (
        "iris",
        "classification",
        "MLP",
    )
    assert (row["hidden_layers"], row["params_count"]) == (
        "8,4",
        str(4 * 8 + 8 + 8 * 4 + 4 + 4 * 3 + 3),
    )
    assert (row["distribution_type"], row["distribution_param"]) == ("iid", "nan")


@pytest.mark.parametrize(("form", "read"), [("python", ast.literal_eval), ("json", json.loads)])
def test_label_counts_are_text_of_either_form(export, form, read):
    (row, *_) = export(f"distribution={form}")
    counts = read(row["data_Distribution"])

    assert [str(key) for key in counts] == ["0", "1", "2"]
    assert sum(counts.values()) == int(row["samples_count"])


def test_the_score_of_the_original_leaks_so_it_is_an_option(export):
    assert set(column(export(), "reliability_Score")) == {"nan"}
    rows = export("reliability_score=original")
    first = [row for row in rows if (row["sample"], row["client_id"]) == ("1", "client_2")]
    expected = np.nanmean(column(first, "accuracy", float))

    assert np.allclose(column(first, "reliability_Score", float), expected)


def test_reliability_looks_back_only(export):
    rows = [row for row in export() if (row["sample"], row["client_id"]) == ("0", "client_1")]
    took_part = np.cumsum([row["participated"] == "True" for row in rows])

    assert column(rows, "rounds_participated_so_far", int) == took_part.tolist()
    assert np.allclose(column(rows, "reliability", float), took_part / np.arange(1, 5))


def test_the_id_has_the_name_and_the_start_that_are_asked_for(export):
    rows = export("id_col=id", "start_id=100")

    assert column(rows, "id", int) == list(range(100, 124))


@pytest.mark.parametrize("option", ["start_id=x", "reliability_score=yes", "distribution=xml"])
def test_wrong_options_are_one_line(made, run_cli, tmp_path, option):
    answer = run_cli("export", "federated_metrics", "--format", "csv", tmp_path / "t", "-o", option)

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert not (tmp_path / "t").exists()


def test_sets_of_a_sweep_make_one_table(made, cache, export):
    points = [{**QUICK, "strategy": "dirichlet", "distribution_param": a} for a in (0.5, 5.0)]
    points += [{**QUICK, "dataset": "diabetes"}]
    datagen_core.sweep("federated_metrics", 1, points, executor="inline", cache=cache)
    rows = export()

    assert column(rows, "MLaaS_ID", int) == list(range(1, len(rows) + 1))
    assert list(dict.fromkeys(column(rows, "distribution_param"))) == ["nan", "0.5", "5.0"]
    assert {row["task_type"] for row in rows} == {"classification", "regression"}
    assert len({row["set"] for row in rows}) == 4


def test_parquet_has_the_same_columns(made, run_cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    run_cli("export", "federated_metrics", "--format", "parquet", tmp_path / "t.parquet")
    read = parquet.read_table(tmp_path / "t.parquet")

    assert ",".join(read.column_names[:30]) == HEADER
    assert read.num_rows == 24
    assert str(read.schema.field("participated").type) == "bool"


def test_text_of_counts_is_written_once_for_equal_rows():
    texts = table._write_counts(np.array([[1, 2], [0, 3], [1, 2]]), "python")

    assert texts.tolist() == ["{0: 1, 1: 2}", "{0: 0, 1: 3}", "{0: 1, 1: 2}"]
