"""`datagen export`: flat tables, formats of plugins, and a destination whole or not there."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, Field, Ragged, Schema
from datagen_core.reading.tables import Layout, pieces
from datagen_core.upkeep import export as exporting

LENGTHS = (1, 0, 2)
EXPECTED = [
    ("0", "t0", "0.1", "1.0", "0", "0.5", "7"),
    ("2", "t2", "0.1", "1.0", "2", "0.5", "7"),
    ("2", "t2", "0.1", "1.0", "3", "0.5", "7"),
]
"""Rows of three samples of 1, 0 and 2 rows: text, vector, and records repeated for each."""


@datagen_core.generator(2)
def tables(size, start):
    """Make every kind of field: ragged vectors and records, a text, a fixed vector."""
    kind = np.dtype([("a", "f8"), ("b", "i4")])
    for index in range(start, start + size):
        rows = np.arange(LENGTHS[index % 3]) + index
        both = np.array([(0.5, 7)] * len(rows), kind)
        yield {"y": rows, "r": both, "name": f"t{index}", "v": np.array([0.1, 1])}


@datagen_core.generator(
    4, schema=Schema({name: Field("int64", ragged=True) for name in ("a", "b")})
)
def uneven(size):
    for _ in range(size):
        yield {"a": np.arange(2), "b": np.arange(3)}


@datagen_core.generator(4)
def named(size):
    for _ in range(size):
        yield {"user": np.arange(2), "b": np.arange(2)}


@datagen_core.generator(4)
def plain(size, start):
    for index in range(start, start + size):
        yield np.full((2, 2), index), float(index)


@pytest.fixture
def made(cache):
    """Return a function that makes samples of a generator and returns their parameter set."""

    def make(recipe, n=3):
        datagen_core.generate(recipe, n, executor="inline", cache=cache)
        return Cache(cache)[recipe.name][0]

    return make


@pytest.fixture
def users(made):
    """Return a set with the view `mine`: the part train with the user b, test with a and b."""
    param_set = made(tables)
    one = Ragged(np.array([2, 0]), np.array([0, 2]))
    row = Ragged(np.array([1, 0]), np.array([0, 2]))
    two = Ragged(np.array([0, 2]), np.array([0, 1, 2]))
    first = Ragged(np.array([0, 0]), np.array([0, 1, 2]))
    train = {"users": ["b"], "sample": one, "row": row}
    test = {"users": ["a", "b"], "sample": two, "row": first}
    param_set.publish_view("mine", {"made": "by hand"}, {"train": train, "test": test})
    return param_set


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_has_a_row_for_each_row(made, run_cli, tmp_path):
    made(tables)
    path = tmp_path / "t.csv"
    answer = run_cli("export", "tables", "--format", "csv", path, "--flat")
    header, *rows = csv.reader(path.read_text().splitlines())

    assert answer.out == f"{path}: tables 0, all 3\n"
    assert header == ["sample", "y", "r_a", "r_b", "name", "v_0", "v_1"]
    assert [tuple(row[i] for i in (0, 4, 5, 6, 1, 2, 3)) for row in rows] == EXPECTED


def test_what_a_sample_has_once_is_a_table_of_its_own(made, run_cli, tmp_path):
    made(tables)
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


def test_samples_without_ragged_fields_are_rows(made, run_cli, tmp_path):
    made(plain)
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


def test_a_split_is_exported_alone(made, run_cli, tmp_path):
    made(plain).move(2, "train")
    for split in ("train", "raw"):
        run_cli("export", "plain", "--split", split, "--format", "csv", tmp_path / split)

    assert [len(rows_of(tmp_path / split)) for split in ("train", "raw")] == [2, 1]


def test_numpy_archives_hold_an_array_for_each_column(users, run_cli, tmp_path):
    run_cli("export", "tables", "--view", "mine", "--format", "npz", tmp_path / "archive")
    with np.load(tmp_path / "archive") as arrays:
        assert arrays["user"].tolist() == ["b", "b", "a", "b"]
        assert arrays["y"].tolist() == [3, 0, 0, 2]
        assert "r" in arrays


def test_parquet_files_hold_lists_and_records(made, run_cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    made(tables)
    run_cli("export", "tables", "--format", "parquet", tmp_path / "t.parquet", "--flat")
    rows = parquet.read_table(tmp_path / "t.parquet").to_pylist()

    assert rows[2] == {"sample": 2, "y": 3, "r": {"a": 0.5, "b": 7}, "name": "t2", "v": [0.1, 1.0]}


def test_without_pyarrow_one_line_says_what_to_install(made, run_cli, tmp_path, monkeypatch):
    made(tables)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = run_cli("export", "tables", "--format", "parquet", tmp_path / "t.parquet")

    assert answer.code == 2
    assert answer.err.endswith("pyarrow is not installed; run: pip install 'datagen[parquet]'\n")


def test_many_blocks_are_one_table(made, run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr("datagen_core.reading.tables._ROWS", 2)
    made(tables, 20)
    for name in ("csv", "npz", "parquet"):
        run_cli("export", "tables", "--format", name, tmp_path / name, "--flat")
    with np.load(tmp_path / "npz") as arrays:
        found = arrays["sample"].tolist()

    assert found == np.repeat(np.arange(20), [LENGTHS[i % 3] for i in range(20)]).tolist()
    assert [int(row["sample"]) for row in rows_of(tmp_path / "csv")] == found


def test_floats_lose_nothing(made, tmp_path):
    @datagen_core.generator(50)
    def floats(size, rng):
        yield {"x": rng.normal(size=size)}

    param_set = made(floats, 50)
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
def test_fields_that_fit_no_table_are_said(made, run_cli, tmp_path, recipe, message):
    made(recipe)
    answer = run_cli("export", recipe.name, "--format", "csv", tmp_path / "t.csv")

    assert message in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_an_empty_split_is_said(made, run_cli, tmp_path):
    made(plain).move(3, "train")
    answer = run_cli("export", "plain", "--split", "raw", "--format", "csv", tmp_path / "t.csv")

    assert "plain 0 has no samples in raw" in answer.err


def own_table(columns, indices, param_set, first_row, *, mark="m"):
    """Make one row a sample, as a generator's own table may."""
    rows = len(indices)
    return {
        "id": np.arange(first_row + 1, first_row + rows + 1),
        "mark": np.full(rows, f"{mark}{param_set.number}", object),
        "v0": columns["v"][:, 0],
    }


@pytest.fixture
def with_table(monkeypatch):
    point = SimpleNamespace(name="tables", load=lambda: own_table)

    def entry_points(group, name=None):
        return [point] if (group, name) == ("datagen.tables", "tables") else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


@pytest.fixture
def two_sets(cache):
    for seed in (0, 1):
        datagen_core.generate(tables, 3, seed=seed, executor="inline", cache=cache)


def lines_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


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


class Inner(datagen_core.Params):
    dt: float = 1
    T: float = 2


class SweptParams(datagen_core.Params):
    """Parameters of every kind that a sweep can have."""

    left: float = 0
    flag: bool = False
    name: str = "a"
    sizes: tuple[int, ...] = (1,)
    most: int | None = None
    inner: Inner = Inner()
    same: int = 7


@datagen_core.generator(4, SweptParams)
def swept(size):
    for _ in range(size):
        yield {"x": 1, "seed": 2, "left": 3}


@pytest.fixture
def sweep(cache):
    """Make three sets, of which the first has samples in two splits."""
    points = [
        {},
        {"left": 1, "flag": True, "name": "b", "sizes": [1, 2], "most": 3},
        {"left": 0.5, "inner": {"dt": 0.5}},
    ]
    datagen_core.sweep(swept, 2, points, executor="inline", cache=cache)
    Cache(cache)["swept"][0].move(1, "train")
    return run_and_read


def run_and_read(run_cli, path, *words):
    answer = run_cli("export", "swept", "--format", path.suffix[1:], path, *words)
    assert answer.code == 0, answer.err
    return rows_of(path)


def test_what_differs_between_sets_are_columns(sweep, run_cli, tmp_path):
    rows = sweep(run_cli, tmp_path / "t.csv", "--all-sets")

    assert list(rows[0]) == ["set", "param_left", "flag", "name", "sizes", "most", "inner.dt",
                             "set_seed", "split", "sample", "x", "seed", "left"]  # fmt: skip
    assert [row["set"] for row in rows] == ["0", "0", "1", "1", "2", "2"]
    assert [row["param_left"] for row in rows[::2]] == ["0.0", "1.0", "0.5"]
    assert [row["flag"] for row in rows[::2]] == ["False", "True", "False"]
    assert [row["sizes"] for row in rows[::2]] == ["[1]", "[1,2]", "[1]"]
    assert [row["most"] for row in rows[::2]] == ["nan", "3.0", "nan"]
    assert [row["inner.dt"] for row in rows[::2]] == ["1.0", "1.0", "0.5"]
    assert [row["split"] for row in rows] == ["train", "raw", "raw", "raw", "raw", "raw"]
    assert {row["seed"] for row in rows} == {"2"}


def test_a_set_of_several_splits_has_them_as_a_column(sweep, run_cli, tmp_path):
    all_of_it = sweep(run_cli, tmp_path / "a.csv", "-p", "0")
    both = sweep(run_cli, tmp_path / "b.csv", "-p", "0", "--split", "raw", "--split", "train")
    one = sweep(run_cli, tmp_path / "c.csv", "-p", "1")

    assert [row["split"] for row in all_of_it] == ["train", "raw"]
    assert [(row["split"], row["sample"]) for row in both] == [("raw", "1"), ("train", "0")]
    assert "split" not in one[0]


def test_of_several_splits_a_set_may_have_some(sweep, run_cli, tmp_path):
    rows = sweep(run_cli, tmp_path / "t.csv", "--all-sets", "--split", "train", "--split", "raw")

    assert [(row["set"], row["split"]) for row in rows] == [
        ("0", "train"), ("0", "raw"), *[(n, "raw") for n in "1122"],
    ]  # fmt: skip
    answer = run_cli("export", "swept", "-p", "1", "--split", "train", "--split", "raw",
                     "--format", "csv", tmp_path / "no.csv")  # fmt: skip
    assert "no split 'train'" in answer.err


def test_parameters_of_sets_are_numbers_in_archives_and_parquet(sweep, run_cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    run_cli("export", "swept", "--all-sets", "--format", "npz", tmp_path / "t.npz")
    run_cli("export", "swept", "--all-sets", "--format", "parquet", tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet")

    with np.load(tmp_path / "t.npz") as archive:
        assert archive["param_left"].tolist() == [0, 0, 1, 1, 0.5, 0.5]
        assert archive["flag"].dtype == bool
        assert archive["split"].tolist()[:2] == ["train", "raw"]
        assert archive["set"].dtype == np.int64
    assert table["param_left"].to_pylist() == [0, 0, 1, 1, 0.5, 0.5]
    assert table["name"].to_pylist() == ["a", "a", "b", "b", "a", "a"]


@datagen_core.generator(4, SweptParams)
def clashing(size):
    for _ in range(size):
        yield {"left": 1, "param_left": 2}


def test_names_that_still_collide_are_refused(cache, run_cli, tmp_path):
    datagen_core.sweep(clashing, 1, [{}, {"left": 1}], executor="inline", cache=cache)
    words = ("export", "clashing", "--all-sets", "--format", "csv", tmp_path / "t.csv")

    assert "two columns would be called 'param_left'" in run_cli(*words).err
    assert run_cli(*words, "--fields", "left").code == 0


def test_some_fields_are_exported(made, run_cli, tmp_path):
    made(tables)
    run_cli("export", "tables", "--format", "csv", tmp_path / "a.csv", "--fields", "r,y")
    run_cli("export", "tables", "--format", "csv", tmp_path / "b.csv", "--fields", "v")
    answer = run_cli("export", "tables", "--format", "csv", tmp_path / "c.csv", "--fields", "q")

    assert lines_of(tmp_path / "a.csv")[0] == ["sample", "r_a", "r_b", "y"]
    assert lines_of(tmp_path / "b.csv")[0] == ["sample", "v_0", "v_1"]
    assert "has no field 'q'; it has y, r, name, v" in answer.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "cache"]


def test_uneven_fields_are_exported_alone(made, run_cli, tmp_path):
    made(uneven)

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


@pytest.mark.parametrize("form", ["csv", "npz", "parquet"])
def test_shards_have_as_many_samples(made, run_cli, tmp_path, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    made(tables, 10)
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
    [("0", "a number from 1"), ("x", "a number from 1"), ("4", "4 files need as many samples")],
)
def test_numbers_of_shards_that_cannot_be_are_said(made, run_cli, tmp_path, shards, message):
    made(plain)
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv", "--shards", shards)

    assert (answer.code, message in answer.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_files_of_another_export_are_not_mixed_in(made, run_cli, tmp_path):
    made(plain)
    words = ("export", "plain", "--format", "csv", tmp_path / "t.csv", "--force", "--shards")
    run_cli(*words, "3")

    assert "t-00000-of-00003.csv is of another export called t.csv" in run_cli(*words, "2").err
    assert run_cli(*words, "3").code == 0
    assert len(list(tmp_path.glob("t-*"))) == 3


def test_a_shard_that_fails_leaves_none(made, run_cli, tmp_path, monkeypatch):
    made(plain, 12)
    monkeypatch.setattr("datagen_core.reading.table_files._refuse_twice", fail_late())
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv", "--shards", "3")

    assert "disk on fire" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def fail_late():
    """Return a function that fails when it is called for the third time."""
    calls = []

    def fail(names):
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


def test_progress_counts_samples(made):
    told = []
    selection = replace(
        exporting.select(made(plain, 10)), progress=lambda done, total: told.append((done, total))
    )
    list(pieces(selection, Layout(shards=3)))

    assert told == [(3, 10), (6, 10), (10, 10)]
