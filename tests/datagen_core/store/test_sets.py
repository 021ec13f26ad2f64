"""Parameter sets on disk: record, schema, number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings

from datagen_core.errors import CacheError, DamagedFileError, SchemaError
from datagen_core.generators.identity import digest_of
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import documents, numbers
from datagen_core.store.layout import SetPaths, shard_name
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import (
    existing_samples,
    list_generators,
    list_sets,
    open_sets,
    publish_schema,
    read_schema,
    read_set,
    set_paths,
)
from demands import open_set
from strategies import json_objects, schemas


def record_of(left=0.0, **changes):
    params = {"left": left, "right": 1.0}
    content = {
        "digest": digest_of("sine", "1", params, 0), "generator": "sine", "version": "1",
        "params": params, "seed": 0, "defaults": {"left": -1, "right": 1}, "batch_size": 10,
        "limit": None, "provenance": {"host": "here"},
    }  # fmt: skip
    return SetRecord(**{**content, **changes})


def test_a_set_is_begun_once(tmp_path):
    first, second = record_of(), record_of(provenance={"host": "there"})
    paths, _ = open_set(tmp_path, first)

    assert open_set(tmp_path, second) == (paths, first)
    assert paths.root.name == f"left=0-{first.digest[:8]}"


@settings(max_examples=40)
@given(json_objects)
def test_records_come_back_as_published(tmp_path_factory, params):
    digest = digest_of("sine", "1", params, 0)
    record = record_of(params=params, digest=digest)
    paths, published = open_set(tmp_path_factory.mktemp("sets"), record)

    assert published == read_set(paths) == record


def test_numbers_count_up_and_stay(tmp_path):
    lefts = [0.0, 0.25, 0.5, 0.25]
    roots = [open_set(tmp_path, record_of(left))[0].root for left in lefts]

    assert [paths.root for paths in list_sets(tmp_path / "sine").values()] == roots[:3]
    assert list(list_sets(tmp_path / "sine")) == [0, 1, 2]


def test_numbers_of_removed_sets_are_not_given_away(tmp_path):
    first = open_set(tmp_path, record_of(0.0))[0]
    first.params.unlink()
    open_set(tmp_path, record_of(0.5))

    assert list(list_sets(tmp_path / "sine")) == [1]


def test_sets_begun_at_once_get_numbers_of_their_own(tmp_path):
    records = [record_of(left) for left in (0.0, 0.25, 0.5, 0.75)] * 3
    with ThreadPoolExecutor(8) as pool:
        roots = {found[0].root for found in pool.map(lambda r: open_set(tmp_path, r), records)}
    found = list_sets(tmp_path / "sine")

    assert sorted(found) == [0, 1, 2, 3]
    assert {paths.root for paths in found.values()} == roots


def test_a_set_begun_while_numbers_are_read_is_no_damaged_document(tmp_path, monkeypatch):
    def read(folder, problems, read_numbers=numbers.read_numbers):
        known = read_numbers(folder, problems)
        monkeypatch.setattr(numbers, "read_numbers", read_numbers)
        open_set(tmp_path, record_of(0.25))
        return known

    open_set(tmp_path, record_of(0.0))
    monkeypatch.setattr(numbers, "read_numbers", read)
    open_set(tmp_path, record_of(0.5))

    assert list(list_sets(tmp_path / "sine")) == [0, 1, 2]


def test_another_set_in_its_folder_is_refused(tmp_path):
    record = record_of()
    open_set(tmp_path, record)

    with pytest.raises(CacheError, match="belongs to another parameter set"):
        open_set(tmp_path, record_of(digest=record.digest[:8] + "0" * 56))


def test_damaged_records_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    paths, _ = open_set(tmp_path, record_of())
    paths.params.write_text("{}")

    with pytest.raises(DamagedFileError, match=r"params\.json is damaged"):
        open_set(tmp_path, record_of())


@settings(max_examples=40)
@given(schemas, schemas)
def test_a_set_has_one_schema(tmp_path_factory, schema, other):
    paths = SetPaths(tmp_path_factory.mktemp("set"))
    assert read_schema(paths) is None
    publish_schema(paths, schema)
    publish_schema(paths, schema)

    if other == schema and list(other.fields) == list(schema.fields):
        publish_schema(paths, other)
    else:
        with pytest.raises(SchemaError, match="raise the generator's version"):
            publish_schema(paths, other)
    assert read_schema(paths) == schema


def test_existing_samples_are_read_off_names(tmp_path):
    paths = SetPaths(tmp_path)
    for folder, interval in (
        (paths.packs, (0, 10)),
        (paths.shards, (5, 12)),
        (paths.shards, (20, 21)),
    ):
        folder.mkdir(exist_ok=True)
        (folder / shard_name(Interval(*interval))).touch()

    assert existing_samples(paths) == IntervalSet([(0, 12), (20, 21)])


def test_generators_are_folders_with_numbers(tmp_path):
    open_set(tmp_path, record_of())
    (tmp_path / "other folder").mkdir()

    assert list_generators(tmp_path) == ["sine"]
    assert list_generators(tmp_path / "missing") == []


def test_many_sets_are_numbered_by_one_document(tmp_path):
    records = [record_of(left) for left in (0.0, 0.5, 1.0)]
    sets = [(set_paths(tmp_path, record), record) for record in records]
    assert open_sets(sets[1:2]) == records[1:2]
    assert open_sets(sets) == records

    assert len(list((tmp_path / "sine/numbers").iterdir())) == 2
    assert list(list_sets(tmp_path / "sine").values()) == [sets[i][0] for i in (1, 0, 2)]
    open_set(tmp_path, record_of(2.0))
    assert list(list_sets(tmp_path / "sine")) == [0, 1, 2, 3]


def test_processes_that_begin_the_same_sets_number_each_once(tmp_path):
    records = [record_of(place / 8) for place in range(8)]
    begun = [(set_paths(tmp_path, record), record) for record in records]
    orders = [begun[start:] + begun[:start] for start in range(8)] * 3
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_sets, orders))

    sets = list_sets(tmp_path / "sine")
    assert list(sets) == list(range(8))
    assert len({paths.root for paths in sets.values()}) == 8


def numbers_of(cache):
    return {number: paths.root.name for number, paths in list_sets(cache / "sine", []).items()}


@pytest.mark.parametrize("content", [b"", b"x" * 5000], ids=["truncated", "damaged"])
def test_a_lost_document_of_numbers_stops_no_new_set(tmp_path, monkeypatch, content):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    first, second, third = (record_of(left) for left in (0.0, 0.25, 0.5))
    for record in (first, second):
        open_set(tmp_path, record)
    lost = tmp_path / "sine" / "numbers" / "0.json"
    before = lost.read_bytes()
    lost.write_bytes(content)
    open_set(tmp_path, third)
    open_set(tmp_path, first)  # of which nobody can tell that it has the number 0

    found = numbers_of(tmp_path)
    assert len(found) == 3
    assert min(number for number in found if number != 1) > len(content) // 10

    lost.write_bytes(before)
    names = [set_paths(tmp_path, record).root.name for record in (first, second, third)]
    assert list(numbers_of(tmp_path).values()) == names
