"""Reading across files: every index from one file, and never another sample in its place."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import DamagedFileError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import columns as columns_module
from datagen_core.store.columns import ColumnReader, cover
from datagen_core.store.layout import shard_name
from datagen_core.store.shards import ShardLabel, columns_checksum, publish_shard
from strategies import interval_sets

SCHEMA = Schema({
    "x": Field("int64", (2,)),
    "path": Field("int32", ragged=True),
    "name": Field(str),
})  # fmt: skip
FILES = [(0, 10), (10, 13), (13, 30)]
files_strategy = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda p: Interval(p[0], sum(p))),
    min_size=1,
    max_size=6,
    unique=True,
)


def sample_columns(interval):
    indices = np.arange(*interval)
    lengths = indices % 3
    return {
        "x": np.stack([indices, -indices], axis=1),
        "path": Ragged(
            np.repeat(indices, lengths).astype(np.int32), np.cumsum([0, *lengths], dtype=np.int64)
        ),
        "name": np.array([f"sample {index}" for index in indices], object),
    }


def write(folder, files, *, compress=False):
    for file in files:
        label = ShardLabel("g", "ab" * 32, Interval(*file))
        publish_shard(folder, folder / "tmp", label, sample_columns(file), compress=compress)
    return folder


def expected(indices):
    parts = [sample_columns((index, index + 1)) for index in indices]
    return [[(p["x"].tolist(), p["path"][0].tolist(), p["name"][0])] for p in parts]


def found(columns):
    triples = zip(columns["x"], columns["path"], columns["name"], strict=True)
    return [[([x.tolist()], path.tolist(), name)] for x, path, name in triples]


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def reader(request, tmp_path):
    return ColumnReader([write(tmp_path, FILES, compress=request.param)], SCHEMA)


@given(files_strategy, files_strategy)
def test_every_index_is_covered_once_and_packs_come_first(tmp_path_factory, packs, loose):
    folders = [tmp_path_factory.mktemp("packs"), tmp_path_factory.mktemp("shards")]
    for folder, files in zip(folders, (packs, loose), strict=True):
        for file in files:
            (folder / shard_name(file)).touch()
    pieces = cover(folders)
    of_packs = IntervalSet(piece.interval for piece in pieces if piece.folder == folders[0])

    assert IntervalSet(piece.interval for piece in pieces) == IntervalSet([*packs, *loose])
    assert sum(piece.interval.size for piece in pieces) == len(IntervalSet([*packs, *loose]))
    assert of_packs == IntervalSet(packs)
    assert all(not IntervalSet([piece.interval]) - IntervalSet([piece.file]) for piece in pieces)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 29), max_size=40))
def test_any_samples_in_any_order(tmp_path_factory, indices):
    reader = ColumnReader([write(tmp_path_factory.mktemp("take"), FILES)], SCHEMA)

    assert found(reader.take(np.array(indices, np.int64))) == expected(indices)


@settings(max_examples=40)
@given(interval_sets)
def test_intervals_are_read_in_order(tmp_path_factory, wanted):
    reader = ColumnReader([write(tmp_path_factory.mktemp("read"), FILES)], SCHEMA)
    wanted &= IntervalSet([(0, 30)])
    indices = [index for part in wanted for index in range(*part)]

    assert found(reader.read(wanted)) == expected(indices)


def test_one_file_or_many_are_read_alike(reader):
    indices = np.array([12, 0, 29, 12])

    assert found(reader.take(indices)) == expected(indices)
    assert found(reader.read([Interval(5, 20)])) == expected(range(5, 20))


def test_overlapping_files_are_read_once(tmp_path):
    write(tmp_path, [(0, 10), (5, 20), (8, 9)])
    reader = ColumnReader([tmp_path], SCHEMA)

    assert found(reader.read([Interval(0, 20)])) == expected(range(20))
    assert found(reader.take(np.arange(20))) == expected(range(20))


@pytest.mark.parametrize("lost", FILES)
def test_a_lost_file_is_a_missing_sample_and_no_other_sample(tmp_path, lost):
    write(tmp_path, FILES)
    (tmp_path / shard_name(Interval(*lost))).unlink()
    reader = ColumnReader([tmp_path], SCHEMA)

    for read in (lambda: reader.take(np.array([lost[0]])), lambda: reader.read([Interval(*lost)])):
        with pytest.raises(KeyError, match=str(lost[0])):
            read()
    kept = [index for file in FILES if file != lost for index in range(*file)]
    assert found(reader.take(np.array(kept))) == expected(kept)


@pytest.mark.parametrize("index", [-1, 0, 4, 10, 99])
def test_a_single_file_holds_no_other_samples(tmp_path, index):
    reader = ColumnReader([write(tmp_path, [(5, 10)])], SCHEMA)

    with pytest.raises(KeyError, match=str(index)):
        reader.take(np.array([7, index]))


def test_an_empty_folder_has_no_samples(tmp_path):
    reader = ColumnReader([tmp_path], SCHEMA)

    assert len(reader.take(np.array([], np.int64))["x"]) == 0
    with pytest.raises(KeyError):
        reader.take(np.array([0]))


def fixed_only(tmp_path, files=((0, 10),)):
    for file in files:
        label = ShardLabel("g", "ab" * 32, Interval(*file))
        publish_shard(tmp_path, tmp_path / "tmp", label, {"x": np.arange(*file)})
    return ColumnReader([tmp_path], Schema({"x": Field("int64")}))


def test_a_map_copies_nothing_and_cannot_be_written(tmp_path):
    mapped = fixed_only(tmp_path).map([Interval(2, 5)])["x"]

    assert mapped.tolist() == [2, 3, 4]
    assert not mapped.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1


def test_there_is_no_map_across_files(tmp_path):
    assert fixed_only(tmp_path, FILES).map([Interval(5, 12)]) is None


def test_there_is_no_map_of_what_must_be_decoded(reader):
    assert reader.map([Interval(0, 5)]) is None


def test_a_map_of_ragged_fields_holds_its_samples_alone(tmp_path):
    columns = {"path": sample_columns((0, 10))["path"]}
    publish_shard(tmp_path, tmp_path / "tmp", ShardLabel("g", "ab" * 32, Interval(0, 10)), columns)
    reader = ColumnReader([tmp_path], Schema({"path": SCHEMA.fields["path"]}))

    assert reader.map([Interval(4, 6)])["path"].rows().tolist() == [4, 5, 5]


def test_a_reader_travels_light_and_reads_the_same(reader):
    before = columns_checksum(reader.read([Interval(0, 30)]))
    text = pickle.dumps(reader)

    assert len(text) < 1000
    assert columns_checksum(pickle.loads(text).read([Interval(0, 30)])) == before


def test_open_files_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(columns_module, "_MAPS", 2)
    monkeypatch.setattr(columns_module, "_LOADED", 2)
    reader = ColumnReader([write(tmp_path, [(n, n + 1) for n in range(9)])], SCHEMA)

    assert found(reader.take(np.arange(9))) == expected(range(9))
    assert len(reader._mapped) <= 2
    assert len(reader._loaded) <= 2


def test_a_field_that_a_file_lacks_is_damage(tmp_path):
    fixed_only(tmp_path)
    reader = ColumnReader([tmp_path], Schema({"x": Field("int64"), "z": Field("int64")}))

    with pytest.raises(DamagedFileError, match=r"000000000010\.h5 is damaged"):
        reader.take(np.array([3]))
