"""Derived data has a folder for each version of a preprocessor."""

from __future__ import annotations

import pytest

from datagen_core import Field, Schema
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.derived import (
    begin_derived,
    derived_paths,
    list_derived,
    newest_derived,
    record_use,
)
from datagen_core.store.layout import SetPaths, shard_name

SCHEMA = Schema({"values": Field("float64", (2,))})


@pytest.fixture
def paths(tmp_path):
    return SetPaths(tmp_path)


def begun(paths, version, split="train"):
    derived = derived_paths(paths, split, "square", version)
    begin_derived(paths, derived, "square", SCHEMA)
    return derived


def test_a_version_keeps_name_and_schema(paths):
    derived = begun(paths, "a" * 64)

    assert (derived.name, derived.schema()) == ("square", SCHEMA)
    assert derived.root.parent.name == "train"


def test_versions_and_splits_stand_beside_one_another(paths):
    made = [begun(paths, version * 64) for version in "ab"]
    begun(paths, "a" * 64, split="test")

    assert list_derived(paths, "train") == made
    assert len(list_derived(paths, "test")) == 1
    assert list_derived(paths, "other") == []


def test_a_folder_that_was_not_begun_is_passed_over(paths):
    derived_paths(paths, "train", "square", "a" * 64).root.mkdir(parents=True)

    assert list_derived(paths, "train") == []


def test_beginning_again_changes_nothing(paths):
    first = begun(paths, "a" * 64)
    begin_derived(paths, first, "square", Schema({"other": Field("int8")}))

    assert first.schema() == SCHEMA


def test_the_version_that_was_used_last_is_the_newest(paths):
    one, other = begun(paths, "a" * 64), begun(paths, "b" * 64)
    assert newest_derived(paths, "train", "square") is None

    for derived in (one, other, other, one):
        record_use(paths, "train", derived)
        assert newest_derived(paths, "train", "square") == derived
    assert newest_derived(paths, "test", "square") is None


def test_what_exists_is_read_off_names(paths):
    derived = begun(paths, "a" * 64)
    (derived.root / shard_name(Interval(3, 7))).touch()

    assert derived.existing() == IntervalSet([(3, 7)])
