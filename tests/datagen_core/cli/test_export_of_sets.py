"""`datagen export --all-sets`: what tells sets and splits apart are columns."""

from __future__ import annotations

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, ParamSet
from exported_tables import rows_of


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
    words = ("export", "swept", "--all-sets", "--split", "", "--format", "csv", tmp_path / "no.csv")
    assert "none of the parameter sets has such samples" in run_cli(*words).err


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


class ReservedParams(datagen_core.Params):
    set: int = 0
    seed: int = 0
    split: str = "a"


@datagen_core.generator(4, ReservedParams)
def reserved(size):
    return {"x": [1] * size}


def test_parameters_called_like_other_columns_have_a_prefix(cache, run_cli, tmp_path):
    points = [{}, {"set": 5, "seed": 6, "split": "b"}]
    datagen_core.sweep(reserved, 1, points, executor="inline", cache=cache)
    run_cli("export", "reserved", "--all-sets", "--format", "csv", tmp_path / "t.csv")

    assert [list(row.items()) for row in rows_of(tmp_path / "t.csv")][1] == [
        ("set", "1"), ("param_set", "5"), ("seed", "6"), ("split", "b"), ("set_seed", "0"),
        ("set_split", "raw"), ("sample", "0"), ("x", "1"),
    ]  # fmt: skip


@datagen_core.generator(4, SweptParams)
def secret(size):
    for _ in range(size):
        yield {"x": 1}


def test_seeds_that_are_secrets_are_not_exported(cache, run_cli, tmp_path, monkeypatch):
    datagen_core.sweep(secret, 1, [{}, {"left": 1}], executor="inline", cache=cache)
    monkeypatch.setattr(ParamSet, "has_secret", True)
    run_cli("export", "secret", "--all-sets", "--format", "csv", tmp_path / "t.csv")

    assert list(rows_of(tmp_path / "t.csv")[0]) == ["set", "left", "split", "sample", "x"]
