"""Reading samples: by number, slice and position, in batches and rows, in any process."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import Cache, InsufficientSamplesError, generate
from datagen_core.errors import DamagedFileError, SelectionError
from datagen_core.ranges import Interval
from datagen_core.reading import samples
from datagen_core.store import shards
from datagen_core.store.compaction import compact
from datagen_core.store.layout import shard_name
from datagen_core.store.shards import columns_checksum
from generators_for_tests import count, images, sine, squeezed, walks

PARAMS = {"stop": 1000}


def make(folder, *runs, generator=count):
    """Make one shard a run; sample i of `count` is the number i."""
    for n in runs:
        params = PARAMS if generator is count else None
        made = generate(generator, n, params, executor="inline", cache=folder)
    return made


def checksum(got):
    return columns_checksum(dict(enumerate(got)) if isinstance(got, tuple) else got)


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Samples 0 to 9, 15 to 24 of three shards: two intervals, so that positions are no indices."""
    made = make(tmp_path_factory.mktemp("train"), 7, 13, 10)
    for n, split in ((10, "train"), (5, "test"), (10, "train")):
        made.move(n, split)
    return made["train"]


VALUES = [*range(10), *range(15, 25)]


def test_get_returns_the_first_samples(train):
    assert train.get()["value"].tolist() == VALUES
    assert train.get(12)["value"].tolist() == VALUES[:12]
    assert train.get(0)["value"].tolist() == []


@given(key=st.slices(20))
def test_slices_are_those_of_lists(train, key):
    assert train[key]["value"].tolist() == VALUES[key]


@given(key=st.integers(-20, 19))
def test_positions_are_those_of_lists(train, key):
    assert train[key]["value"] == VALUES[key]
    assert train[np.int64(key)]["value"] == VALUES[key]


@given(keys=st.lists(st.integers(-20, 19), max_size=30))
def test_fancy_positions_are_those_of_numpy(train, keys):
    assert train[keys]["value"].tolist() == [VALUES[key] for key in keys]
    assert train.take(np.array(keys, np.int64))["value"].tolist() == [VALUES[key] for key in keys]


@given(mask=st.lists(st.booleans(), min_size=20, max_size=20))
def test_masks_are_those_of_numpy(train, mask):
    expected = np.array(VALUES)[np.array(mask)].tolist()

    assert train[mask]["value"].tolist() == expected


@pytest.mark.parametrize("key", [20, -21, [0, 20], [-21], [True], [True] * 21, [0.5], ["a"]])
def test_positions_outside_are_refused(train, key):
    with pytest.raises(IndexError):
        train[key]


def test_iteration_gives_single_samples(train):
    assert [sample["value"] for sample in train] == VALUES
    assert len(train) == 20
    assert train.indices.tolist() == VALUES


@given(size=st.integers(1, 25), seed=st.integers(0, 5))
def test_batches_hold_every_sample_once(train, size, seed):
    plain = [batch["value"].tolist() for batch in train.batches(size)]
    shuffled = [batch["value"].tolist() for batch in train.batches(size, shuffle=True, seed=seed)]

    assert [*chain.from_iterable(plain)] == VALUES
    assert sorted(chain.from_iterable(shuffled)) == VALUES
    assert [len(batch) for batch in shuffled] == [len(batch) for batch in plain]


def test_too_few_samples_are_told(train):
    with pytest.raises(InsufficientSamplesError) as caught:
        train.get(21)

    assert caught.value.missing == 1
    assert "datagen move count 1 train" in caught.value.command


def test_pairs_come_as_x_and_y(tmp_path):
    raw = make(tmp_path, 10, generator=sine)["raw"]
    X, y = raw.get(4)

    assert (X.shape, y.shape) == ((4,), (4,))
    assert raw[2] == (X[2], y[2])
    assert [pair[0] for pair in raw][:4] == X.tolist()


def test_ragged_and_text_fields_come_as_they_were_made(tmp_path):
    raw = make(tmp_path, 9, generator=walks)["raw"]
    got = raw.get(5)

    assert got["name"].tolist() == [f"walk {index}" for index in range(5)]
    assert [len(path) for path in got["path"]] == [len(sample["path"]) for sample in raw][:5]
    assert raw[3]["path"].shape == (len(got["path"][3]), 2)


def test_rows_flatten_ragged_fields(tmp_path):
    raw = make(tmp_path, 9, generator=walks)["raw"]
    lengths = raw.get(6)["path"].lengths
    rows = raw.rows(n=6)

    assert rows["path"].shape == (lengths.sum(), 2)
    assert rows["sample"].tolist() == np.repeat(np.arange(6), lengths).tolist()
    assert raw.rows(n=0)["sample"].dtype == np.int64


@pytest.mark.parametrize("fields", [("name",), ("nothing",), ("path", "index")])
def test_rows_of_other_fields_are_refused(tmp_path, fields):
    with pytest.raises(SelectionError, match="ragged"):
        make(tmp_path, 5, generator=walks)["raw"].rows(*fields)


def test_rows_without_a_ragged_field_are_refused(train):
    with pytest.raises(SelectionError, match="needs ragged fields"):
        train.rows()


@pytest.mark.parametrize("generator", [sine, walks, images, squeezed], ids=lambda g: g.name)
def test_what_get_returns_is_the_readers_own(tmp_path, generator):
    raw = make(tmp_path, 10, generator=generator)["raw"]
    before = checksum(raw.get())
    got = raw.get()
    for column in got if isinstance(got, tuple) else got.values():
        array = getattr(column, "values", column)
        array[:] = array[::-1].copy()

    assert checksum(got) != before
    assert checksum(raw.get()) == before


@pytest.mark.parametrize("runs", [(10,), (4, 6)], ids=["one file", "two files"])
@pytest.mark.parametrize("generator", [sine, walks, images, squeezed], ids=lambda g: g.name)
def test_one_sample_is_that_of_get_and_the_readers_own(tmp_path, generator, runs):
    raw = make(tmp_path, *runs, generator=generator)["raw"]
    got = raw.get()
    columns = got if isinstance(got, tuple) else tuple(got.values())

    for position in (0, 3, -1, np.int64(5)):
        one = raw[position]
        values = one if isinstance(one, tuple) else tuple(one.values())
        for value, column in zip(values, columns, strict=True):
            expected = column[int(position) % 10]
            assert type(value) is type(expected)
            assert np.array_equal(value, expected)
            assert not isinstance(value, np.ndarray) or value.flags.writeable


@pytest.mark.parametrize("most", [0, 2**26], ids=["large", "small"])
@pytest.mark.parametrize("generator", [sine, walks, images], ids=lambda g: g.name)
def test_many_requests_give_what_one_does(tmp_path, monkeypatch, generator, most):
    monkeypatch.setattr(samples, "_MOST_GATHERED", most)
    raw = make(tmp_path, 4, 6, generator=generator)["raw"]
    expected = checksum(raw.take([9, 0, -3, 4, 4]))

    for _ in range(12):
        assert checksum(raw.take([9, 0, -3, 4, 4])) == expected
    got = raw.take([9, 0, -3, 4, 4])
    for column in got if isinstance(got, tuple) else got.values():
        getattr(column, "values", column)[:] = getattr(column, "values", column)[::-1].copy()
    assert checksum(raw.take([9, 0, -3, 4, 4])) == expected
    with pytest.raises(IndexError, match="10 samples"):
        raw.take([10])
    assert len(pickle.dumps(raw)) < 10_000


def test_a_view_is_mapped_and_read_only(tmp_path):
    X, _ = make(tmp_path, 10, generator=sine)["raw"].get(5, copy=False)

    assert not X.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        X[0] = 0


def test_a_view_across_files_is_a_copy(train):
    assert train.get(copy=False)["value"].tolist() == VALUES


def test_a_snapshot_stays_what_it_was(tmp_path):
    made = make(tmp_path, 10, 10)
    made.move(10, "train")
    train = made["train"]
    made.move(5, "train")
    compact(made.paths, made.record, made.schema, grace=0)

    assert train.get()["value"].tolist() == list(range(10))
    assert made["train"].get()["value"].tolist() == list(range(15))


def test_files_that_are_compacted_away_are_found_again(tmp_path):
    made = make(tmp_path, 10, 10)
    raw = made["raw"]
    assert raw[0]["value"] == 0  # the second file is not open yet
    compact(made.paths, made.record, raw.schema, grace=0)

    assert raw.get()["value"].tolist() == list(range(20))


def test_text_of_a_file_that_is_compacted_away_is_found_again(tmp_path):
    made = make(tmp_path, 10, 10, generator=walks)
    raw = made["raw"]
    assert len(raw.lengths()) == 20  # opens the files, and loads no text
    compact(made.paths, made.record, raw.schema, grace=0)

    assert raw.get()["name"].tolist() == [f"walk {index}" for index in range(20)]


@pytest.mark.parametrize("opened", [False, True], ids=["before listing", "after listing"])
@pytest.mark.parametrize("lost", [(0, 7), (7, 20), (20, 30)])
def test_a_lost_file_is_named_by_its_samples_and_never_passed_over(tmp_path, lost, opened):
    made = make(tmp_path, 7, 13, 10)
    made.move(30, "train")
    train = made["train"]
    if opened:
        train._reader  # noqa: B018 (lists the files)
    (made.paths.shards / shard_name(Interval(*lost))).unlink()

    for read in (train.get, lambda: train[lost[0]], lambda: train.take([lost[0], lost[1] - 1])):
        with pytest.raises(
            DamagedFileError, match=f"sample {lost[0]} of count 0 train is in no file"
        ):
            read()


def test_a_damaged_file_is_named_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    made = make(tmp_path, 7, 13)
    path = made.paths.shards / shard_name(Interval(7, 20))
    os.truncate(path, 500)

    assert made["raw"].get(7)["value"].tolist() == list(range(7))
    for read in (made["raw"].get, lambda: made["raw"][10], lambda: list(made["raw"])):
        with pytest.raises(DamagedFileError, match=path.name):
            read()
    assert path.stat().st_size == 500


def test_a_damaged_file_keeps_no_other_samples_from_being_read(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    made = make(tmp_path, 7, 13)
    os.truncate(made.paths.shards / shard_name(Interval(7, 20)), 500)
    raw = made["raw"]

    assert [raw[position % 7]["value"] for position in range(21)] == [*range(7)] * 3


@pytest.mark.parametrize("positions", [3, [[1, 2], [3, 4]]])
@pytest.mark.parametrize("runs", [(10,), (4, 6)], ids=["one file", "two files"])
def test_positions_are_one_list(tmp_path, runs, positions):
    raw = make(tmp_path, *runs)["raw"]

    with pytest.raises(IndexError, match="a list of integers"):
        raw.take(positions)


def test_an_empty_split_has_no_samples(tmp_path):
    made = make(tmp_path, 5)
    made.move(5, "train")

    assert len(made["raw"]) == 0
    assert list(made["raw"]) == []
    assert made["raw"].get(0)["value"].tolist() == []
    assert made["raw"][[]]["value"].tolist() == []


def total(samples):
    return int(sum(samples.get()["value"]))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_samples_travel_light_and_read_the_same_elsewhere(train, method):
    assert len(pickle.dumps(train)) < 10_000
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(total, (train,)) == sum(VALUES)
        pool.close()
        pool.join()


def test_a_parameter_set_without_samples_says_so(tmp_path):
    made = make(tmp_path, 5)
    made.paths.schema.unlink()

    with pytest.raises(SelectionError, match="count 0 has no samples yet"):
        Cache(tmp_path)["count"][0]["raw"]
