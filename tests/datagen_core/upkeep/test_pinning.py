"""Splits that were frozen, and what is said of them when they are compared with their digest."""

from __future__ import annotations

import json
import shutil
import socket

import pytest

import datagen_core
from datagen_core import Cache, DamagedFileError, Interval, SelectionError, SplitError, generate
from datagen_core.store import checking, shards
from datagen_core.store.compaction import compact
from datagen_core.store.documents import publish_document
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_core.upkeep.pinning import OTHER, compare_with_digest
from generators_for_tests import count, sine, walks


@pytest.fixture
def made(tmp_path):
    """Return 30 samples in two files; 12 of them are in train, 5 in test."""
    for n in (8, 22):
        made = generate(walks, n, executor="inline", cache=tmp_path)
    for n, split in ((10, "train"), (5, "test"), (2, "train")):
        made.move(n, split)
    return made


def compare(made, digest):
    problems = []
    compared = compare_with_digest([made], digest, problems)
    assert not problems
    return compared


def compare_frozen(made, frozen):
    (compared,) = compare(made, frozen.digest)
    assert compared.frozen == frozen
    return compared


def rewrite(made, change):
    """Write all files of a set anew, with other samples."""
    columns = made.samples.get()
    change(columns)
    interval = Interval(0, len(made.samples))
    for path in made.paths.shards.iterdir():
        path.unlink()
    label = ShardLabel("walks", made.record.digest, interval)
    publish_shard(made.paths.shards, made.paths.temporary, label, columns)


def test_a_split_is_frozen(made):
    frozen = made["train"].freeze("table 2")

    assert made.frozen == [frozen]
    assert (frozen.split, frozen.size, frozen.note) == ("train", 12, "table 2")
    assert frozen.samples == (Interval(0, 10), Interval(15, 17))
    assert (frozen.digest, frozen.content) == (made["train"].digest, made["train"].content)
    assert frozen.by.endswith(f"@{socket.gethostname()}")


def test_freezing_twice_is_one_record(made):
    first = made["train"].freeze("first")
    again = Cache(made.paths.root.parents[1])["walks"][0]["train"].freeze("second")

    assert first == again
    assert made.frozen == [first]


def test_splits_of_equal_samples_have_a_record_each(tmp_path):
    @datagen_core.generator(4)
    def zeros(size):
        for _ in range(size):
            yield {"value": 0}

    made = generate(zeros, 8, executor="inline", cache=tmp_path)
    for split in ("train", "test"):
        made.move(4, split)
        made[split].freeze()

    assert len({frozen.digest for frozen in made.frozen}) == 1
    assert {each.split for each in compare(made, made.frozen[0].digest)} == {"test", "train"}


def test_a_split_that_has_grown_is_frozen_anew(made):
    first = made["train"].freeze()
    made.move(3, "train")
    second = made["train"].freeze()

    assert {each.size for each in made.frozen} == {12, 15}
    assert (compare_frozen(made, first).grown, compare_frozen(made, second).grown) == (3, 0)
    assert not compare_frozen(made, first).problems


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (
            "raw",
            "since samples leave it; move them into a split first: datagen move walks 13 train",
        ),
        ("test", "walks 0 test has 0 samples (and 5 excluded); there is nothing to freeze"),
    ],
)
def test_what_cannot_be_frozen_is_refused(made, split, words):
    made.exclude(range(10, 15), "bad")

    with pytest.raises(SplitError) as error:
        made[split].freeze()
    assert words in str(error.value)
    assert not made.frozen


def test_nothing_is_read_where_no_record_can_be_kept(made, monkeypatch):
    made.paths.frozen.touch()
    monkeypatch.setattr(checking, "verify_shard", pytest.fail)

    with pytest.raises(NotADirectoryError):
        made["train"].freeze()


def test_damage_is_not_frozen(made, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    path = max(made.paths.shards.iterdir())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"walk 16", b"walk 61"))

    with pytest.raises(DamagedFileError, match=path.name):
        made["train"].freeze()
    path.unlink()
    with pytest.raises(DamagedFileError, match="is in no file"):
        Cache(made.paths.root.parents[1])["walks"][0]["train"].freeze()
    assert not made.frozen


def test_files_compacted_away_meanwhile_are_checked_elsewhere(made, monkeypatch):
    checked = []

    def compact_and_check(path, *given):
        if not checked:
            compact(made.paths, made.record, made.schema, grace=0)
        checked.append(path.parent.name)
        shards.verify_shard(path, *given)

    monkeypatch.setattr(checking, "verify_shard", compact_and_check)

    assert made["train"].freeze().size == 12
    assert checked == ["shards", "packs"]


def test_a_file_that_is_listed_and_cannot_be_found_is_named(made, monkeypatch):
    def lose(path, *_):
        raise FileNotFoundError(2, "No such file", str(path))

    monkeypatch.setattr(checking, "verify_shard", lose)
    with pytest.raises(FileNotFoundError):
        made["train"].freeze()


def test_a_frozen_split_stays_what_it_is(made):
    frozen = made["train"].freeze()
    generate(walks, 20, executor="inline", cache=made.paths.root.parents[1])
    compact(made.paths, made.record, made.schema, grace=0)
    made.move(10, "more")

    assert compare_frozen(made, frozen) == (
        "walks", 0, "train", 12, frozen.digest, (), frozen, 0
    )  # fmt: skip
    assert compare(made, frozen.digest[:12]) == compare(made, frozen.digest)


def test_excluded_samples_are_said(made):
    made.exclude([2], "bad before")
    frozen = made["train"].freeze()
    made.exclude([3, 4, 12, 20], "bad since")

    compared = compare_frozen(made, frozen)
    assert compared.problems == ("2 of its 11 samples (3-4) were excluded since",)
    assert compared.digest == frozen.digest


def test_changed_values_are_named_by_their_field(made):
    frozen = made["train"].freeze()
    rewrite(made, lambda columns: columns["index"].__setitem__(16, 7))

    (problem,) = compare_frozen(made, frozen).problems
    assert problem.startswith("values of its field index are others")
    rewrite(made, lambda columns: columns["index"].__setitem__(16, 16))
    rewrite(made, lambda columns: columns["index"].__setitem__(17, 7))
    assert not compare_frozen(made, frozen).problems


def change_content(made, change):
    """Let a record say that something else was frozen."""
    (path,) = made.paths.frozen.iterdir()
    content = json.loads(path.read_text())
    del content["checksum"]
    change(content)
    path.unlink()
    publish_document(path, content, made.paths.temporary)


def rename_field(content):
    content["content"]["fields"][2]["name"] = "number"


def retype_field(content):
    content["content"]["fields"][2]["dtype"] = "<i4"


def reorder(content):
    content["samples"] = [[15, 17], [0, 10]]


def add_samples(content):
    content["samples"] = [[0, 10], [15, 19]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rename_field, "its fields were path, name, number and are path, name, index"),
        (retype_field, "its field index was int32 and is int64"),
        (reorder, "it has other samples in front now, or another order"),
        (add_samples, "it has 12 samples now, fewer than were frozen"),
    ],
)
def test_other_differences_are_named(made, change, words):
    made["train"].freeze()
    change_content(made, change)

    assert words in compare_frozen(made, made.frozen[0]).problems


def test_a_lost_split_and_lost_samples_are_named(made):
    frozen = made["train"].freeze()
    shutil.rmtree(made.paths.splits)
    (problem,) = compare_frozen(made, frozen).problems
    assert "it has 0 samples now" in problem

    max(made.paths.shards.iterdir()).unlink()
    (problem,) = compare_frozen(made, frozen).problems
    assert "sample 8 of walks 0 is in no file" in problem


def test_without_a_record_all_splits_are_compared(made):
    digests = {"train": made["train"].digest, "raw": made["raw"].digest, None: made.samples.digest}

    for split, digest in digests.items():
        found = {each.split: each.problems for each in compare(made, digest)}
        assert found == {name: () if name == split else (OTHER,) for name in [*made, None]}


def test_a_set_with_one_split_is_compared_once(tmp_path):
    made = generate(sine, 5, executor="inline", cache=tmp_path)

    assert [each.split for each in compare(made, "0" * 12)] == ["raw"]


@pytest.mark.parametrize("split", ["train", "raw", None])
def test_without_a_record_excluded_samples_are_said_too(made, split):
    digest = (made[split] if split else made.samples).digest
    made.exclude([3, 4, 20], "bad")
    found = {each.split: each.problems for each in compare(made, digest)}

    assert "excluded since" in found.pop(split)[0]
    assert set(found.values()) == {(OTHER,)}


def test_other_sets_are_compared_though_one_cannot_be_read(tmp_path):
    for stop in (25, 30):
        made = generate(count, 5, {"stop": stop}, executor="inline", cache=tmp_path)
    sets = list(Cache(tmp_path)["count"].values())
    (sets[0].paths.root / "splits").mkdir()
    (sets[0].paths.root / "splits" / "00000001.json").write_text("{")
    problems = []
    compared = compare_with_digest(sets, made.samples.digest, problems)

    assert [each.set for each in compared] == [1]
    assert len(problems) == 1


def test_digits_that_fit_two_digests_are_too_few(made):
    for split in ("train", "test"):
        made[split].freeze()

    with pytest.raises(SelectionError, match="is the beginning of several digests"):
        compare(made, "")
