"""`datagen export`: flat tables, formats of plugins, and a destination whole or not there."""

from __future__ import annotations

import csv
import os
import signal
import sys

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache
from datagen_core.reading import tables as making
from datagen_core.upkeep import export as exporting
from exported_tables import EXPECTED, LENGTHS, lines_of, plain, rows_of, tables, uneven


@datagen_core.generator(4)
def named(size):
    for _ in range(size):
        yield {"user": np.arange(2), "b": np.arange(2)}


def test_a_table_has_a_row_for_each_row(make_set, run_cli, tmp_path):
    make_set(tables)
    path = tmp_path / "t.csv"
    answer = run_cli("export", "tables", "--format", "csv", path, "--flat")
    header, *rows = csv.reader(path.read_text().splitlines())

    assert answer.out == f"{path}: tables 0, all 3\n"
    assert header == ["sample", "y", "r_a", "r_b", "name", "v_0", "v_1"]
    assert [tuple(row[i] for i in (0, 4, 5, 6, 1, 2, 3)) for row in rows] == EXPECTED


def test_what_a_sample_has_once_is_a_table_of_its_own(make_set, run_cli, tmp_path):
    make_set(tables)
    path = tmp_path / "t.csv"
    answer = run_cli("export", "tables", "--format", "csv", path)

    assert answer.out == f"{path} and {tmp_path}/t.samples.csv: tables 0, all 3\n"
    assert lines_of(path) == [
        ["sample", "y", "r_a", "r_b"],
        *[[row[0], *row[4:]] for row in EXPECTED],
    ]
    assert lines_of(tmp_path / "t.samples.csv") == [
        ["sample", "name", "v_0", "v_1"],
        *[[str(index), f"t{index}", "0.1", "1.0"] for index in range(3)],
    ]


def test_samples_without_ragged_fields_are_rows(make_set, run_cli, tmp_path):
    make_set(plain)
    run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv")

    assert rows_of(tmp_path / "t.csv")[2] == {
        "sample": "2", "x_0_0": "2", "x_0_1": "2", "x_1_0": "2", "x_1_1": "2", "y": "2.0",
    }  # fmt: skip


def test_a_view_has_parts_and_users(users, run_cli, tmp_path):
    answer = run_cli("export", "tables", "--view", "mine", "--format", "csv", tmp_path / "t.csv")
    rows = rows_of(tmp_path / "t.csv")

    assert "train 1, test 2" in answer.out
    # The users of one part have fixed fields, those of the other do not.
    assert list(rows[0]) == ["part", "user", "sample", "y", "r_a", "r_b"]
    assert [(row["part"], row["user"], row["sample"], row["y"]) for row in rows] == [
        ("train", "b", "2", "3"),
        ("train", "b", "0", "0"),
        ("test", "a", "0", "0"),
        ("test", "b", "2", "2"),
    ]


def test_one_part_needs_no_name(users, run_cli, tmp_path):
    words = ["--view", "mine", "--part", "test", "--format", "csv", tmp_path / "t.csv", "--json"]
    answer = run_cli("export", "tables", *words)

    assert answer.json == {
        "path": str(tmp_path / "t.csv"),
        "paths": [str(tmp_path / "t.csv"), str(tmp_path / "t.samples.csv")],
        "samples": {"test": 2},
        "excluded": 0,
        "mixed": False,
    }
    assert list(rows_of(tmp_path / "t.csv")[0])[:2] == ["user", "sample"]


def test_a_split_is_exported_alone(make_set, run_cli, tmp_path):
    make_set(plain).move(2, "train")
    for split in ("train", "raw"):
        run_cli("export", "plain", "--split", split, "--format", "csv", tmp_path / split)

    assert [len(rows_of(tmp_path / split)) for split in ("train", "raw")] == [2, 1]


def test_numpy_archives_hold_an_array_for_each_column(users, run_cli, tmp_path):
    run_cli("export", "tables", "--view", "mine", "--format", "npz", tmp_path / "archive")
    with np.load(tmp_path / "archive") as arrays:
        assert arrays["user"].tolist() == ["b", "b", "a", "b"]
        assert arrays["y"].tolist() == [3, 0, 0, 2]
        assert "r" in arrays


def test_parquet_files_hold_lists_and_records(make_set, run_cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    make_set(tables)
    run_cli("export", "tables", "--format", "parquet", tmp_path / "t.parquet", "--flat")
    rows = parquet.read_table(tmp_path / "t.parquet").to_pylist()

    assert rows[2] == {"sample": 2, "y": 3, "r": {"a": 0.5, "b": 7}, "name": "t2", "v": [0.1, 1.0]}


def test_without_pyarrow_one_line_says_what_to_install(make_set, run_cli, tmp_path, monkeypatch):
    make_set(tables)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = run_cli("export", "tables", "--format", "parquet", tmp_path / "t.parquet")

    assert answer.code == 2
    assert answer.err.endswith("pyarrow is not installed; run: pip install 'datagen[parquet]'\n")


def test_many_blocks_are_one_table(make_set, run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr("datagen_core.reading.tables._ROWS", 2)
    make_set(tables, 20)
    for name in ("csv", "npz", "parquet"):
        run_cli("export", "tables", "--format", name, tmp_path / name, "--flat")
    with np.load(tmp_path / "npz") as arrays:
        found = arrays["sample"].tolist()

    assert found == np.repeat(np.arange(20), [LENGTHS[i % 3] for i in range(20)]).tolist()
    assert [int(row["sample"]) for row in rows_of(tmp_path / "csv")] == found


def test_floats_lose_nothing(make_set, tmp_path):
    @datagen_core.generator(50)
    def floats(size, rng):
        yield {"x": rng.normal(size=size)}

    param_set = make_set(floats, 50)
    exporting.export(exporting.select(param_set), "csv", tmp_path / "t.csv")

    assert [float(row["x"]) for row in rows_of(tmp_path / "t.csv")] == param_set[
        "raw"
    ].get()["x"].tolist()  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--format", "xls"], 2, "there is no format 'xls'; the formats are csv, npz, parquet"),
        (
            ["--format", "csv", "-o", "a=1"],
            2,
            "format 'csv' has no option 'a'; it has fields, shards, flat",
        ),
        (["--format", "csv", "-o", "a"], 2, "'a' is not an option of a format; write KEY=VALUE"),
        (["--format", "csv", "--split", "raw", "--view", "mine"], 2, "a split or a view"),
        (["--format", "csv", "--part", "train"], 2, "a part needs a view"),
        (["--format", "csv", "--split", "test"], 2, "no split 'test'"),
        (["--format", "csv", "--view", "other"], 2, "no view matches 'other'"),
        (["--format", "csv", "--view", "mine", "--part", "dev"], 2, "no part 'dev'"),
        (["--format", "csv", "-p", "4"], 2, "number 4"),
        (["--format", "csv", "--fields", ""], 2, "--fields names no field"),
    ],
)
def test_what_cannot_be_written_is_said(users, run_cli, tmp_path, words, code, message):
    answer = run_cli("export", "tables", *words, tmp_path / "t.csv")

    assert answer.code == code
    assert message in answer.err
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [(uneven, "a and b differ in length"), (named, "'user' has the name of a column")],
)
def test_fields_that_fit_no_table_are_said(make_set, run_cli, tmp_path, recipe, message):
    make_set(recipe)
    answer = run_cli("export", recipe.name, "--format", "csv", tmp_path / "t.csv")

    assert message in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_an_empty_split_is_said(make_set, run_cli, tmp_path):
    make_set(plain).move(3, "train")
    answer = run_cli("export", "plain", "--split", "raw", "--format", "csv", tmp_path / "t.csv")

    assert "plain 0 has no samples in raw" in answer.err


def test_a_generator_may_have_a_table_of_its_own(two_sets, with_table, run_cli, tmp_path):
    answer = run_cli("export", "tables", "--all-sets", "--format", "csv", tmp_path / "t.csv",
                     "-o", "mark=s")  # fmt: skip

    assert answer.code == 0
    assert lines_of(tmp_path / "t.csv") == [
        ["id", "mark", "v0", "set", "seed"],
        *[[str(n + 1), f"s{n // 3}", "0.1", str(n // 3), str(n // 3)] for n in range(6)],
    ]


def test_unknown_options_of_a_table_are_refused(two_sets, with_table, run_cli, tmp_path):
    answer = run_cli("export", "tables", "-p", "0", "--format", "csv", tmp_path / "t.csv",
                     "-o", "colour=s")  # fmt: skip

    assert (answer.code, "it has fields, shards, flat, mark" in answer.err) == (2, True)


def test_all_parameter_sets_make_one_table(two_sets, run_cli, tmp_path):
    run_cli("export", "tables", "--all-sets", "--format", "csv", tmp_path / "t.csv")
    head, *rows = lines_of(tmp_path / "t.csv")

    assert head[:4] == ["set", "seed", "split", "sample"]
    assert [row[:3] for row in rows] == [[n, n, "raw"] for n in "01" for _ in EXPECTED]


def test_sets_without_the_split_are_left_out(two_sets, cache, run_cli, tmp_path):
    Cache(cache)["tables"][1].move(2, "train")
    asked = ("export", "tables", "--all-sets", "--format", "csv", tmp_path / "t.csv", "--split")

    assert run_cli(*asked, "train").code == 0
    assert len(lines_of(tmp_path / "t.csv")) == 2
    assert "none of the parameter sets has" in run_cli(*asked, "test").err


def test_one_set_and_all_sets_exclude_each_other(two_sets, run_cli, tmp_path):
    answer = run_cli("export", "tables", "--all-sets", "-p", "0", "--format", "csv", tmp_path / "t")

    assert (answer.code, "-p, or --all-sets" in answer.err) == (2, True)


def test_some_fields_are_exported(make_set, run_cli, tmp_path):
    make_set(tables)
    run_cli("export", "tables", "--format", "csv", tmp_path / "a.csv", "--fields", "r,y")
    run_cli("export", "tables", "--format", "csv", tmp_path / "b.csv", "--fields", "v")
    answer = run_cli("export", "tables", "--format", "csv", tmp_path / "c.csv", "--fields", "q")

    assert lines_of(tmp_path / "a.csv")[0] == ["sample", "r_a", "r_b", "y"]
    assert lines_of(tmp_path / "b.csv")[0] == ["sample", "v_0", "v_1"]
    assert "has no field 'q'; it has y, r, name, v" in answer.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "cache"]


def test_uneven_fields_are_exported_alone(make_set, run_cli, tmp_path):
    make_set(uneven)

    assert "choose fields with --fields" in run_cli(
        "export", "uneven", "--format", "csv", tmp_path / "t.csv").err  # fmt: skip
    run_cli("export", "uneven", "--format", "csv", tmp_path / "b.csv", "--fields", "b")
    assert len(rows_of(tmp_path / "b.csv")) == 9


def test_columns_of_a_generators_own_table_are_chosen(two_sets, with_table, run_cli, tmp_path):
    words = ("export", "tables", "--all-sets", "--format", "csv")
    run_cli(*words, tmp_path / "t.csv", "--fields", "v0,set")

    assert lines_of(tmp_path / "t.csv")[0] == ["v0", "set"]
    assert "has no column 'q'; it has id, mark, v0, set, seed" in run_cli(
        *words, tmp_path / "u.csv", "--fields", "q").err  # fmt: skip


def test_sigterm_leaves_nothing_half_written(make_set, run_cli, tmp_path, monkeypatch):
    make_set(plain)

    def end(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(making, "_common_fields", end)
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv")

    assert answer.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
