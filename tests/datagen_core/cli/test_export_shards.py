"""`datagen export --shards`: all files appear, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

import datagen_core
from datagen_core.reading.tables import Layout, pieces
from datagen_core.upkeep import export as exporting
from exported_tables import LENGTHS, plain, rows_of, tables


@pytest.mark.parametrize("form", ["csv", "npz", "parquet"])
def test_shards_have_as_many_samples(make_set, run_cli, tmp_path, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    make_set(tables, 10)
    (folder := tmp_path / "out").mkdir()
    answer = run_cli("export", "tables", "--format", form, folder / f"t.{form}", "--shards", "3")

    names = [f"t{each}-{n:05}-of-00003.{form}" for each in ("", ".samples") for n in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert answer.out == f"{folder}/t-00000-of-00003.{form} and 5 more files: tables 0, all 10\n"
    if form == "csv":
        samples = [rows_of(folder / name) for name in names[3:]]
        assert [len(each) for each in samples] == [3, 3, 4]
        rows = [row["sample"] for name in names[:3] for row in rows_of(folder / name)]
        assert rows == [str(i) for i in range(10) for _ in range(LENGTHS[i % 3])]


@pytest.mark.parametrize(
    ("shards", "message"),
    [("0", "a number from 1"), ("x", "a number from 1"), ("4", "files need at least 4")],
)
def test_numbers_of_shards_that_cannot_be_are_said(make_set, run_cli, tmp_path, shards, message):
    make_set(plain)
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv", "--shards", shards)

    assert (answer.code, message in answer.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_files_of_another_export_are_not_mixed_in(make_set, run_cli, tmp_path):
    make_set(plain)
    words = ("export", "plain", "--format", "csv", tmp_path / "t.csv", "--force", "--shards")
    run_cli(*words, "3")

    assert "t-00000-of-00003.csv belongs to another export called t.csv" in run_cli(*words, "2").err
    assert run_cli(*words, "3").code == 0
    assert len(list(tmp_path.glob("t-*"))) == 3


def test_a_shard_that_fails_leaves_none(make_set, run_cli, tmp_path, monkeypatch):
    make_set(plain, 12)
    monkeypatch.setattr("datagen_core.reading.table_files.refuse_twice", fail_late())
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv", "--shards", "3")

    assert "disk on fire" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def fail_late():
    """Return a function that fails when it is called for the third time."""
    calls = []

    def fail(*names):
        calls.append(names)
        if len(calls) == 3:
            message = "disk on fire"
            raise datagen_core.DatagenError(message)

    return fail


def test_own_tables_number_their_rows_through_all_shards(two_sets, with_table, run_cli, tmp_path):
    run_cli("export", "tables", "--all-sets", "--format", "csv", tmp_path / "t.csv",
            "--shards", "2")  # fmt: skip

    rows = [row["id"] for n in (0, 1) for row in rows_of(tmp_path / f"t-0000{n}-of-00002.csv")]
    assert rows == ["1", "2", "3", "4", "5", "6"]


def test_users_of_a_view_have_a_table_and_shards(users, run_cli, tmp_path):
    words = ["--view", "mine", "--part", "test", "--format", "csv", "--shards", "2"]
    run_cli("export", "tables", *words, tmp_path / "t.csv")
    files = [
        tmp_path / f"t{each}-0000{n}-of-00002.csv" for each in ("", ".samples") for n in (0, 1)
    ]

    assert [[row["user"] for row in rows_of(file)] for file in files] == [["a"], ["b"]] * 2
    assert [row["sample"] for file in files[:2] for row in rows_of(file)] == ["0", "2"]
    assert [row["name"] for file in files[2:] for row in rows_of(file)] == ["t0", "t2"]


def test_progress_counts_samples(make_set):
    told = []
    selection = replace(
        exporting.select(make_set(plain, 10)),
        progress=lambda done, total: told.append((done, total)),
    )
    list(pieces(selection, Layout(shards=3)))

    assert told == [(3, 10), (6, 10), (10, 10)]
