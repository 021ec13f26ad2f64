"""The names of everything in a cache."""

from __future__ import annotations

import errno
import os
import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import ConfigurationError, DamagedFileError, UnreadableError
from datagen_core.ranges import Interval
from datagen_core.store import layout
from datagen_core.store.layout import (
    SetPaths,
    check_name,
    following,
    list_files,
    list_folders,
    list_shards,
    numbered,
    removed_set,
    shard_name,
)
from strategies import intervals

huge = st.integers(0, 10**15)


@given(huge, huge.filter(bool))
def test_shard_names_come_back_as_intervals(start, size):
    interval = Interval(start, start + size)

    with TemporaryDirectory() as folder:
        (Path(folder) / shard_name(interval)).touch()
        assert list_shards(Path(folder)) == [interval]


@given(st.lists(intervals, max_size=8))
def test_shard_names_sort_by_index(ranges):
    assert sorted(map(shard_name, ranges)) == [shard_name(part) for part in sorted(ranges)]


@pytest.mark.parametrize(
    "name",
    ["a.h5", "0-1.h5", "000000000000-000000000001.h5.tmp", "x000000000000-000000000001.h5",
     "000000000000-000000000001.H5", "000000000000.h5", "000000000010-000000000010.h5",
     "000000000010-000000000009.h5", "0000000000000-000000000009.h5",
     "00000000000²-000000000009.h5", "१00000000000-900000000000.h5",
     f"000000000000-{2**63}.h5", f"000000000000-{10**22}.h5"],
)  # fmt: skip
def test_other_names_are_no_shards(tmp_path, name):
    (tmp_path / name).touch()

    assert list_shards(tmp_path) == []


def test_listing_shards_passes_over_everything_else(tmp_path):
    for name in (shard_name(Interval(10, 20)), shard_name(Interval(0, 10)), "a.h5", ".hidden"):
        (tmp_path / name).touch()

    assert list_shards(tmp_path) == [Interval(0, 10), Interval(10, 20)]
    assert list_shards(tmp_path / "missing") == []


def test_files_of_several_folders_stay_with_their_folder(tmp_path):
    for folder, interval in (("packs", Interval(0, 10)), ("shards", Interval(10, 20))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / shard_name(interval)).touch()

    assert list_files([tmp_path / "packs", tmp_path / "shards"]) == [
        [Interval(0, 10)],
        [Interval(10, 20)],
    ]


def test_shards_are_listed_before_the_packs_that_may_take_their_place(tmp_path, monkeypatch):
    """What is compacted in between is then seen twice, and not never."""
    packs, shards = tmp_path / "packs", tmp_path / "shards"
    shard, list_one = shards / shard_name(Interval(0, 10)), layout.list_shards
    for folder in (packs, shards):
        folder.mkdir()
    shard.touch()

    def list_and_compact(folder):
        found = list_one(folder)
        if shard.exists():
            shard.rename(packs / shard.name)
        return found

    monkeypatch.setattr(layout, "list_shards", list_and_compact)
    assert [Interval(0, 10)] in list_files([packs, shards])


def test_numbers_are_sorted_as_numbers(tmp_path):
    for name in ("10.json", "9.json", "2.json", "a.json", "3.json.claim", "4", ".json"):
        (tmp_path / name).touch()

    assert numbered(tmp_path) == [2, 9, 10]
    assert numbered(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "name", ["007.json", "².json", "१.json", "-1.json", "1.JSON", f"{2**63}.json", f"{10**30}.json"]
)
def test_other_names_are_no_numbers(tmp_path, name):
    (tmp_path / name).touch()

    assert numbered(tmp_path) == []


def test_generations_have_leading_zeros(tmp_path):
    for name in ("00000002.json", "123456789.json", "3.json"):
        (tmp_path / name).touch()

    assert numbered(tmp_path, digits=8) == [2, 123456789]


def test_a_number_that_none_can_follow_is_named(tmp_path):
    assert [following([], tmp_path), following([3, 7], tmp_path)] == [0, 8]
    with pytest.raises(DamagedFileError, match=r"9223372036854775806\.json has a number that none"):
        following([2**63 - 2], tmp_path)


@pytest.mark.parametrize("name", ["a", "noisy_sine", "A.b-c_9", "9", "x" * 64])
def test_good_names_are_returned(name):
    assert check_name(name, "split") == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "_a", "-a", ".a", "a b", "ä", "x" * 65, "a\n"]
)
def test_names_that_are_no_folders_are_refused(name):
    with pytest.raises(ConfigurationError, match="is not a split name: use letters"):
        check_name(name, "split")


def test_folders_are_listed_without_files_and_hidden_ones(tmp_path):
    for name in ("b", "a", ".removed-c"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()

    assert [folder.name for folder in list_folders(tmp_path)] == ["a", "b"]
    assert list_folders(tmp_path / "missing") == []


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(errno.EACCES, "no", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    with pytest.raises(UnreadableError, match=re.escape(f"{tmp_path} cannot be read")):
        list_folders(tmp_path)


def test_a_removed_set_is_named_with_a_command_that_shows_the_others(tmp_path):
    error = removed_set(SetPaths(tmp_path / "my cache" / "sine" / "default-3bec39c0"))

    told, _, command = str(error).partition("; see which sets are left: ")
    assert told == "sine/default-3bec39c0 was removed"
    assert shlex.split(command) == ["datagen", "list", "sine", "--cache", f"{tmp_path}/my cache"]


def test_every_file_has_a_name_of_its_own():
    paths = SetPaths(Path("set"))
    run = paths.run(3)
    files = [
        paths.params, paths.schema, paths.shards, paths.packs, paths.splits, paths.runs,
        paths.temporary, paths.lock, paths.generation(3), paths.derived("train"), run.record,
        run.folder, run.plan(0), run.plan(1), run.journal(0, 1),
        run.journal(1, 0), run.log(0, 1), run.log(1, 0), run.verdict(0, 1),
    ]  # fmt: skip

    assert len(set(files)) == len(files)
