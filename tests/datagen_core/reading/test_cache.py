"""A cache as Python sees it: read-only mappings, and moves without a way back."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core import Cache, InsufficientSamplesError, generate
from datagen_core.errors import ConfigurationError, DamagedFileError, SelectionError, SplitError
from datagen_core.store import documents
from generators_for_tests import SineParams, count, sine


@pytest.fixture
def filled(tmp_path):
    """A cache of two data sets, one of them with two parameter sets."""
    for options in ({}, {"params": {"left": 0}, "seed": 3}):
        generate(sine, 30, executor="inline", cache=tmp_path, **options)
    generate(count, 20, executor="inline", cache=tmp_path)
    return Cache(tmp_path)


def snapshot(folder):
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and path.name != "move.lock"
    }


def test_a_cache_is_a_mapping(filled):
    assert list(filled) == ["count", "sine"]
    assert len(filled) == 2
    assert list(filled["sine"]) == [0, 1]
    assert dict(filled["sine"][0].items()).keys() == {"raw"}
    assert len(filled["sine"][0]) == 1


def test_reading_changes_no_file(filled):
    before = snapshot(filled.path)
    for dataset in filled.values():
        repr(dataset)
        for param_set in dataset.values():
            assert param_set.counts["raw"] == len(param_set["raw"]) > 0
            param_set["raw"].get(3)

    assert snapshot(filled.path) == before


def test_counting_opens_no_shard(filled, monkeypatch):
    monkeypatch.setattr("h5py.File", None)
    monkeypatch.setattr("datagen_core.store.shard_arrays.h5f", None)
    counts = [set_.counts for dataset in filled.values() for set_ in dataset.values()]

    assert counts == [{"raw": 20}, {"raw": 30}, {"raw": 30}]
    assert len(filled["sine"][0]["raw"]) == 30


@pytest.mark.parametrize(
    "key", [1, "1", {"left": 0}, {"left": 0, "seed": 3}, SineParams(left=0), "left=0,seed=3"]
)
def test_a_set_is_found_in_all_ways(filled, key):
    assert filled["sine"][key].number == 1
    assert filled["sine"][key].params["left"] == 0
    assert filled["sine"][filled["sine"][1].record.digest[:12]].seed == 3


@pytest.mark.parametrize("key", [2, "left=7", {"left": 7}, {"lefft": 0}, "feed"])
def test_a_set_that_is_not_there_is_refused(filled, key):
    assert key not in filled["sine"]
    assert filled["sine"].get(key) is None
    with pytest.raises(SelectionError, match=r"0 \(defaults\), 1 \(left=0 seed=3\)"):
        filled["sine"][key]


def test_membership_is_that_of_indexing(filled):
    assert all(key in filled["sine"] for key in (0, 1, {"left": 0}, SineParams(left=0)))
    assert None not in filled["sine"]


def test_an_unknown_data_set_is_refused_with_those_there_are(filled):
    with pytest.raises(SelectionError, match=r"no data set 'sinne' in .*it holds count, sine"):
        filled["sinne"]
    with pytest.raises(KeyError):
        filled["sinne"]


def test_an_unknown_split_is_refused_with_those_there_are(filled):
    with pytest.raises(SelectionError, match="sine 0 has no split 'train'; it has raw"):
        filled["sine"][0]["train"]


def test_an_empty_cache_need_not_exist(tmp_path):
    cache = Cache(tmp_path / "missing")

    assert (len(cache), list(cache)) == (0, [])
    assert repr(cache) == f"<Cache {tmp_path}/missing: empty>"
    assert not cache.path.exists()


def test_a_cache_is_a_folder(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="is not a folder; name another one with --cache"):
        Cache(tmp_path / "file")


def test_the_environment_names_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DATAGEN_CACHE", str(tmp_path / "there"))
    assert Cache().path == tmp_path / "there"

    monkeypatch.delenv("DATAGEN_CACHE")
    monkeypatch.chdir(tmp_path)
    assert Cache().path == tmp_path / "datagen-cache"


def test_things_read_well(filled):
    sets = filled["sine"]
    sets[0].move(10, "train")

    assert repr(filled) == f"<Cache {filled.path}: count, sine>"
    assert repr(sets[0]) == "<ParamSet sine 0: defaults; raw 20, train 10>"
    assert repr(sets[1]) == "<ParamSet sine 1: left=0 seed=3; raw 30>"
    assert "<Dataset sine: 2 parameter sets\n  0: defaults" in repr(sets)
    assert repr(sets[0]["train"]) == "<sine 0 train: 10 samples of x: float64, y: float64>"


def test_notebooks_get_tables(filled):
    things = [filled, filled["sine"], filled["sine"][1], filled["sine"][1]["raw"]]

    assert all("<table>" in thing._repr_html_() for thing in things)
    assert "left=0 seed=3" in things[1]._repr_html_()


def test_html_is_escaped(tmp_path):
    made = generate(sine, 1, {"label": "<b>"}, executor="inline", cache=tmp_path)

    assert "<b>" not in made._repr_html_()
    assert "&lt;b&gt;" in made._repr_html_()


def test_moves_take_the_lowest_raw_samples(filled):
    made = filled["sine"][0]

    assert str(made.move(10, "train")) == "0-9"
    assert str(made.move(5, "test")) == "10-14"
    assert str(made.move(3, "train")) == "15-17"
    assert made.counts == {"raw": 12, "train": 13, "test": 5}
    assert made["train"].indices.tolist() == [*range(10), 15, 16, 17]


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(-1, 12), st.sampled_from(["a", "b", "raw", "_x"])), max_size=8)
)
def test_a_sample_is_in_one_split_whatever_is_moved(tmp_path_factory, moves):
    made = generate(count, 20, executor="inline", cache=tmp_path_factory.mktemp("moves"))
    for n, split in moves:
        before = made.counts, made.paths.generations()
        try:
            made.move(n, split)
        except (SplitError, ConfigurationError, InsufficientSamplesError):
            assert (made.counts, made.paths.generations()) == before
    held = [index for split in made.values() for index in split.indices.tolist()]

    assert sorted(held) == list(range(20))
    assert sum(made.counts.values()) == 20


@pytest.mark.parametrize(
    ("n", "split", "error", "words"),
    [
        (1, "raw", SplitError, "cannot be moved back into 'raw'"),
        (0, "train", SplitError, "move at least one"),
        (-3, "train", SplitError, "move at least one"),
        (1, "_x", ConfigurationError, "is not a split name"),
        (1, "a/b", ConfigurationError, "is not a split name"),
        (
            31,
            "train",
            InsufficientSamplesError,
            "raw of sine 0 has 30 samples, 1 fewer than the 31",
        ),
    ],
)
def test_a_refused_move_changes_nothing(filled, n, split, error, words):
    before = snapshot(filled.path)

    with pytest.raises(error, match=words):
        filled["sine"][0].move(n, split)
    assert snapshot(filled.path) == before


def test_moves_at_once_take_different_samples(filled):
    def move(number):
        return Cache(filled.path)["sine"][0].move(3, f"split{number % 3}")

    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(move, range(8)))
    taken = [index for samples in moved for part in samples for index in range(*part)]

    assert sorted(taken) == list(range(24))
    assert filled["sine"][0].counts["raw"] == 6


def test_new_samples_are_raw(filled):
    filled["sine"][0].move(30, "train")
    generate(sine, 7, executor="inline", cache=filled.path)

    assert filled["sine"][0].counts == {"raw": 7, "train": 30}


def test_a_damaged_ledger_is_named_and_never_replaced(filled, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    made = filled["sine"][0]
    made.move(5, "train")
    os.truncate(made.paths.generation(1), 10)

    for act in (lambda: made.counts, lambda: made["train"], lambda: made.move(1, "train")):
        with pytest.raises(DamagedFileError, match=r"00000001\.json is damaged"):
            act()
    assert made.paths.generations() == [1]
