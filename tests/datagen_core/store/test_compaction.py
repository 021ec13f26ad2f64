"""Compaction joins files and changes no sample."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import DamagedFileError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import codes, compaction, layout, shards
from datagen_core.store.codes import codes_of, find_origins
from datagen_core.store.columns import ColumnReader, cover
from datagen_core.store.compaction import compact, wants_compaction
from datagen_core.store.layout import SetPaths, list_shards, shard_name
from datagen_core.store.origins import Origin
from datagen_core.store.overlaps import list_pieces
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import existing_samples
from datagen_core.store.shards import ShardLabel, columns_checksum, publish_shard, read_shard

DIGEST = "ab" * 32
SCHEMA = Schema({"x": Field("int64"), "path": Field("int64", ragged=True)})
RECORD = SetRecord(DIGEST, "g", "1", {}, 0, {}, 10, None, {})


def sample_columns(start, stop):
    indices = np.arange(start, stop)
    offsets = np.cumsum([0, *(indices % 3)], dtype=np.int64)
    return {"x": indices, "path": Ragged(np.repeat(indices, indices % 3), offsets)}


def write(paths, files):
    for file in files:
        label = ShardLabel("g", DIGEST, Interval(*file))
        publish_shard(paths.shards, paths.temporary, label, sample_columns(*file))
    return paths


def checksum(paths):
    reader = ColumnReader((paths.packs, paths.shards), SCHEMA)
    return columns_checksum(reader.read(existing_samples(paths)))


@pytest.fixture
def paths(tmp_path):
    return write(SetPaths(tmp_path), [(0, 5), (5, 9), (9, 20), (30, 40), (40, 41)])


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)), min_size=1, max_size=6),
    st.integers(1, 100_000),
    st.sampled_from([0.0, 1000.0]),
)
def test_samples_are_the_same_before_and_after(tmp_path_factory, ranges, pack_bytes, grace):
    paths = SetPaths(tmp_path_factory.mktemp("set"))
    write(paths, {(start, start + size) for start, size in ranges})
    before = existing_samples(paths), checksum(paths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "PACK_BYTES", pack_bytes)
        compact(paths, RECORD, SCHEMA, grace=grace)
        compact(paths, RECORD, SCHEMA, grace=grace)

    assert (existing_samples(paths), checksum(paths)) == before


def test_adjacent_shards_become_one_pack(paths):
    done = compact(paths, RECORD, SCHEMA, grace=0)

    assert done == (2, 5, 0)
    assert list_shards(paths.packs) == [Interval(0, 20), Interval(30, 41)]
    assert list_shards(paths.shards) == []


def test_shards_stay_for_the_grace_period(paths):
    assert compact(paths, RECORD, SCHEMA, grace=60) == (2, 0, 5)
    for pack in paths.packs.iterdir():
        os.utime(pack, (0, 0))

    assert compact(paths, RECORD, SCHEMA, grace=60) == (0, 5, 0)


@pytest.mark.parametrize("hours", [-1000, 1000])
def test_the_grace_period_is_by_the_clock_of_the_files(paths, monkeypatch, hours):
    monkeypatch.setattr(time, "time", lambda: 3600.0 * hours)

    assert compact(paths, RECORD, SCHEMA, grace=60) == (2, 0, 5)
    assert compact(paths, RECORD, SCHEMA, grace=0) == (0, 5, 0)


def test_a_second_compaction_does_nothing(paths):
    compact(paths, RECORD, SCHEMA, grace=0)

    assert compact(paths, RECORD, SCHEMA, grace=0) == (0, 0, 0)


def test_a_reader_from_before_reads_on(paths):
    before = ColumnReader((paths.packs, paths.shards), SCHEMA)
    wanted = existing_samples(paths)
    expected = columns_checksum(before.read(wanted))
    compact(paths, RECORD, SCHEMA, grace=0)

    assert columns_checksum(before.read(wanted)) == expected


def test_a_shard_that_comes_back_is_not_counted_twice(paths):
    compact(paths, RECORD, SCHEMA, grace=0)
    before = checksum(paths)
    write(paths, [(5, 9)])

    assert len(existing_samples(paths)) == 31
    assert checksum(paths) == before
    assert compact(paths, RECORD, SCHEMA, grace=0).removed == 1


def test_a_pack_that_another_process_removes_is_passed_over(paths, monkeypatch):
    compact(paths, RECORD, SCHEMA)
    listed = {folder: list_shards(folder) for folder in (paths.packs, paths.shards)}
    (paths.packs / shard_name(Interval(0, 20))).unlink()
    monkeypatch.setattr(compaction, "list_shards", listed.__getitem__)
    monkeypatch.setattr(compaction, "cover", lambda _: [])

    assert compact(paths, RECORD, SCHEMA, grace=0).removed == 2
    assert list_shards(paths.shards) == [Interval(0, 5), Interval(5, 9), Interval(9, 20)]


def test_packs_are_never_larger_than_allowed(paths, monkeypatch):
    size = max(path.stat().st_size for path in paths.shards.iterdir())
    monkeypatch.setattr(compaction, "PACK_BYTES", 2 * size)

    compact(paths, RECORD, SCHEMA, grace=0)
    assert IntervalSet(list_shards(paths.packs)) | IntervalSet([(9, 20)]) == existing_samples(paths)
    assert all(path.stat().st_size <= 2 * size for path in paths.packs.iterdir())


def test_a_damaged_shard_is_named_and_nothing_is_removed(paths, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    os.truncate(paths.shards / shard_name(Interval(5, 9)), 100)

    with pytest.raises(DamagedFileError, match=r"000000000005-000000000009\.h5"):
        compact(paths, RECORD, SCHEMA, grace=0)
    assert len(list_shards(paths.shards)) == 5


def test_small_runs_end_up_in_few_packs(tmp_path):
    paths = SetPaths(tmp_path)
    for run in range(32):
        write(paths, [(10 * run, 10 * run + 10)])
        if wants_compaction(paths):
            compact(paths, RECORD, SCHEMA)

    pieces = cover([paths.packs, paths.shards])
    assert [piece.interval for piece in pieces] == [(0, 320)]
    assert (
        len(list_shards(paths.packs)) == 8
    )  # each of four runs more, absorbed and not yet removed
    assert compact(paths, RECORD, SCHEMA, grace=0) == (0, 32 + 7, 0)
    assert list_shards(paths.packs) == [(0, 320)]
    assert checksum(paths) == columns_checksum(sample_columns(0, 320))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans()), max_size=20))
def test_packs_that_absorb_others_lose_nothing(tmp_path_factory, steps):
    paths = SetPaths(tmp_path_factory.mktemp("set"))
    start, expected = 0, IntervalSet()
    for gap, size, now in steps:
        start += gap if gap == 3 else 0
        write(paths, [(start, start + size)])
        expected |= IntervalSet([(start, start + size)])
        start += size
        before = checksum(paths)
        compact(paths, RECORD, SCHEMA, grace=0.0 if now else 1000.0)
        assert (existing_samples(paths), checksum(paths)) == (expected, before)


def test_a_pack_keeps_who_made_its_samples_by_range(paths):
    for origin in [Origin(41, 44, "a", 0), Origin(44, 47, "a", 0), Origin(47, 50, "b", 1, "c0de")]:
        start, stop = origin[:2]
        label = ShardLabel("g", DIGEST, Interval(start, stop), (origin,))
        publish_shard(paths.shards, paths.temporary, label, sample_columns(start, stop))

    compact(paths, RECORD, SCHEMA)
    *_, pack = list_shards(paths.packs)
    label = ShardLabel("g", DIGEST, pack)
    origins = read_shard(paths.packs / shard_name(pack), SCHEMA, label)[1]

    assert pack == (30, 50)  # of the samples before 41 nobody knows who made them
    assert origins == ((41, 47, "a", 0, ""), (47, 50, "b", 1, "c0de"))
    unknown = existing_samples(paths) - IntervalSet([(47, 50)])
    assert codes_of(paths) == {"": unknown, "c0de": IntervalSet([(47, 50)])}


def test_who_made_samples_is_found_while_their_files_are_compacted(paths, monkeypatch):
    listed = [cover([paths.packs, paths.shards])]
    compact(paths, RECORD, SCHEMA, grace=0.0)
    now = codes_of(paths)
    monkeypatch.setattr(codes, "cover", lambda folders: listed.pop() if listed else cover(folders))

    assert codes_of(paths) == now
    assert not listed


@pytest.fixture
def compact_behind_a_listing(paths, monkeypatch):
    """Compact behind the first listing of a folder, and remove the shards at once."""
    list_names = layout.list_names

    def list_and_compact(folder):
        found = list_names(folder)
        monkeypatch.setattr(layout, "list_names", list_names)
        compact(paths, RECORD, SCHEMA, grace=0)
        return found

    monkeypatch.setattr(layout, "list_names", list_and_compact)


@pytest.mark.usefixtures("compact_behind_a_listing")
@pytest.mark.parametrize(
    "look",
    [
        existing_samples,
        lambda paths: IntervalSet(piece.interval for piece in cover(paths.folders)),
        lambda paths: IntervalSet(
            piece.interval for piece in cover(paths.folders, IntervalSet([(0, 20), (30, 41)]))
        ),
        lambda paths: IntervalSet(each[:2] for each in find_origins(paths)),
        lambda paths: IntervalSet(piece.interval for piece in list_pieces(paths)),
    ],
    ids=["existing", "all", "needed", "origins", "pieces"],
)
def test_no_sample_is_missed_while_shards_become_a_pack(paths, look):
    assert look(paths) == IntervalSet([(0, 20), (30, 41)])
    assert list_shards(paths.shards) == []


def test_files_that_vanish_each_time_are_looked_for_five_times():
    looks = []

    def read():
        looks.append(None)
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        layout.look_again(read)
    assert len(looks) == 5


def test_small_shards_want_compaction_where_it_is_cheap(paths, monkeypatch):
    assert wants_compaction(paths)
    monkeypatch.setattr(compaction, "CHEAP_BYTES", 1)
    assert not wants_compaction(paths)
    monkeypatch.setattr(compaction, "MANY_FILES", 4)
    assert wants_compaction(paths)

    compact(paths, RECORD, SCHEMA)

    assert not wants_compaction(paths)


@pytest.mark.parametrize(
    "limits", [{"CHEAP_FILES": 6}, {"CHEAP_BYTES": 1, "MANY_FILES": 4, "SMALL_BYTES": 1}]
)
def test_few_or_large_shards_do_not(paths, monkeypatch, limits):
    for name, value in limits.items():
        monkeypatch.setattr(compaction, name, value)

    assert not wants_compaction(paths)
