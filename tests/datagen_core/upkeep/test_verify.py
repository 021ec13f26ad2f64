"""Whatever is wrong with a parameter set is found, named, and left as it is."""

from __future__ import annotations

import math
import os
import time

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datagen_core
from datagen_core import generate
from datagen_core.executors.base import THREAD_VARIABLES
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.store import documents, overlaps, shards
from datagen_core.store.assignments import Exclusion
from datagen_core.store.codes import find_origins
from datagen_core.store.compaction import compact
from datagen_core.store.layout import list_files, shard_name
from datagen_core.store.ledger import publish_ledger, read_ledger
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_core.upkeep import verify as verify_module
from datagen_core.upkeep.preprocess import preprocess
from datagen_core.upkeep.verify import verify
from generators_for_tests import images, sine, squeezed, unsteady, walks
from strategies import interval_sets


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    monkeypatch.setattr(documents, "_RETRIES", 1)


@pytest.fixture
def made(tmp_path):
    for n in (30, 10):
        made = generate(sine, n, executor="inline", cache=tmp_path)
    made.move(35, "train")
    preprocess(made, sine.preprocessors["square_both"], "train", 10)
    return made


def shard_of(made, start, stop):
    return made.paths.shards / shard_name(Interval(start, stop))


def flip_a_byte(path):
    with h5py.File(path, "r") as file:
        place = file["x"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[place + 3] ^= 4
    path.write_bytes(content)


def label_of(made, start, stop):
    return ShardLabel("sine", made.record.digest, Interval(start, stop))


@pytest.mark.parametrize("generator", [sine, walks, images, squeezed], ids=lambda g: g.name)
def test_a_good_set_is_good(tmp_path, generator):
    for n in (13, 5):
        made = generate(generator, n, executor="inline", cache=tmp_path)
    compact(made.paths, made.record, made.schema)
    found = verify(made, lambda: generator, resample=100)

    assert found[:3] == (3, 18, ())


def test_files_that_are_compacted_away_meanwhile_are_no_problem(tmp_path, monkeypatch):
    for n in (30, 10):
        made = generate(sine, n, executor="inline", cache=tmp_path)
    stale = list_files(made.paths.folders)
    listed = [stale]

    def compact_and_choose(existing, count):
        compact(made.paths, made.record, made.schema, grace=0)
        yield from range(count)

    monkeypatch.setattr(verify_module, "_choose", compact_and_choose)
    assert verify(made, lambda: sine, 40)[:3] == (2, 40, ())

    monkeypatch.setattr(
        overlaps, "list_files", lambda folders: listed.pop() if listed else list_files(folders)
    )
    assert verify(made)[:3] == (1, 0, ())  # the pack
    generate(sine, 5, executor="inline", cache=tmp_path)
    for pack in made.paths.packs.iterdir():
        pack.unlink()
    listed.append(stale)
    assert len(verify(made).problems) == 2


def test_splits_and_derived_data_are_checked_too(made):
    assert verify(made)[:3] == (3, 0, ())


@pytest.mark.parametrize("damage", [flip_a_byte, lambda path: os.truncate(path, 50)])
def test_a_damaged_shard_is_named_and_kept(made, damage):
    path = shard_of(made, 30, 40)
    damage(path)
    size = path.stat().st_size
    found = verify(made, lambda: sine, resample=5)

    assert found.files == 3
    assert all(str(path) in problem and "\n" not in problem for problem in found.problems)
    assert len(found.problems) >= 1
    assert path.stat().st_size == size


def test_all_damage_is_named_at_once(made):
    for path in made.paths.shards.iterdir():
        flip_a_byte(path)
    named = [path.name for path in made.paths.shards.iterdir()]

    assert all(any(name in problem for problem in verify(made).problems) for name in named)


def test_damaged_results_are_found(made):
    (path,) = made.paths.derived("train").rglob("*.h5")
    flip_a_byte(path)

    assert str(path) in verify(made).problems[0]


def test_a_damaged_record_of_results_is_found(made):
    (record,) = made.paths.derived("train").rglob("derived.json")
    os.truncate(record, 10)

    assert f"{record} is damaged" in "\n".join(verify(made).problems)


@pytest.mark.parametrize(
    "name", ["params.json", "schema.json", "runs/0.json", "splits/00000001.json"]
)
def test_damaged_records_are_problems_and_no_end(made, name):
    os.truncate(made.paths.root / name, 10)
    found = verify(type(made)(made.paths, 0))

    assert any(f"{name} is damaged" in problem for problem in found.problems)


def test_a_lost_file_with_samples_of_a_split_is_found(made):
    shard_of(made, 0, 30).unlink()

    assert "samples 0-29 of sine 0 are in a split but in no file" in verify(made).problems[0]


@pytest.mark.parametrize("exclude", [False, True])
def test_a_ledger_of_samples_that_nobody_asked_for_is_found(made, exclude):
    ledger = read_ledger(made.paths)
    samples = IntervalSet([(38, 45)])
    if exclude:
        following = ledger.exclude(Exclusion(samples, "bad", "me", "now", "1"))
    else:
        following = ledger.assign(samples, "test", "1")
    publish_ledger(made.paths, following)

    (problem,) = verify(made).problems
    where = "excluded" if exclude else "in a split"
    assert f"samples 40-44 of sine 0 are {where}, but no run was to make them" in problem
    assert str(made.paths.splits) in problem


def test_a_shard_under_another_name_is_found(made):
    shard_of(made, 30, 40).rename(shard_of(made, 40, 50))

    assert any("its attributes belong to other samples" in text for text in verify(made).problems)


@pytest.mark.parametrize("part", [(0, 10), (20, 25), (25, 33)])
def test_overlapping_files_must_agree(made, part):
    start, stop = part
    wrong = {"x": np.zeros(stop - start), "y": np.zeros(stop - start)}
    publish_shard(made.paths.packs, made.paths.temporary, label_of(made, start, stop), wrong)
    first = {"x": np.zeros(1), "y": np.zeros(1)}
    publish_shard(made.paths.packs, made.paths.temporary, label_of(made, 39, 40), first)

    assert f"samples {start}-{min(stop, 30) - 1} differ" in "\n".join(verify(made).problems)


def test_overlapping_files_are_compared_to_their_last_sample(made, monkeypatch):
    monkeypatch.setattr(overlaps, "PIECE_BYTES", 1)
    wrong = {name: column.copy() for name, column in zip("xy", made.samples.get(10), strict=True)}
    wrong["y"][-1] += 1
    publish_shard(made.paths.packs, made.paths.temporary, label_of(made, 0, 10), wrong)

    assert "samples 0-9 differ" in "\n".join(verify(made).problems)


@given(interval_sets, st.data())
def test_samples_are_chosen_without_a_list_of_them(existing, data):
    count = data.draw(st.integers(0, len(existing)))
    chosen = list(verify_module._choose(existing, count))

    assert len(chosen) == count
    assert chosen == sorted(set(chosen))
    assert all(index in existing for index in chosen)


def test_every_sample_can_be_chosen():
    existing = IntervalSet([(0, 2), (5, 8)])
    chosen = {index for _ in range(200) for index in verify_module._choose(existing, 2)}

    assert chosen == {0, 1, 5, 6, 7}


def test_samples_of_a_batch_are_made_again_at_once(made, monkeypatch):
    pieces = []
    make = BatchMaker.make
    monkeypatch.setattr(
        BatchMaker, "make", lambda self, *given: pieces.append(given[0]) or make(self, *given)
    )
    assert verify(made, lambda: sine, resample=40).resampled == 40
    assert len(pieces) == math.ceil(40 / sine.batch_size)


def test_samples_that_come_out_differently_are_found(tmp_path):
    made = generate(unsteady, 20, executor="inline", cache=tmp_path)
    found = verify(made, lambda: unsteady, resample=4)

    assert len(found.problems) == 4
    assert "differs in field" in found.problems[0]
    assert "so the generator is not deterministic" in found.problems[0]
    assert {each.code == [] for each in found.deviations} == {True}


def test_this_machine_is_not_another_one_for_having_more_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    made = generate(unsteady, 10, executor="inline", cache=tmp_path)
    found = verify(made, lambda: unsteady, resample=4)

    assert [each.machine for each in found.deviations] == [[]] * 4


def test_resampling_another_version_is_one_problem(made):
    other = DatasetGenerator(**{**vars(sine), "version": "2"})
    found = verify(made, lambda: other, resample=4)

    assert len(found.problems) == 1
    assert "raise `version`" in found.problems[0]


def test_resampling_leaves_the_global_generator_alone(made):
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()
    verify(made, lambda: sine, resample=3)

    assert np.random.get_state()[1].tolist() == before


@datagen_core.generator(1, schema=datagen_core.Schema({"rows": datagen_core.Field(
    np.dtype([("value", "f8"), ("seconds", "f8")]), ragged=True, measured=("seconds",)
)}))  # fmt: skip
def timed(rng):
    """Make a record with a measurement, which is another one each time."""
    return [{"rows": np.array([(rng.random(), time.perf_counter())], "f8,f8")}]


def test_measurements_are_not_compared(tmp_path):
    made = generate(timed, 4, executor="inline", cache=tmp_path)

    assert verify(made, lambda: timed, resample=4).problems == ()


def test_a_generator_that_fails_now_is_a_problem(made, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("no luck")

    monkeypatch.setattr(BatchMaker, "make", fail)
    found = verify(made, lambda: sine, resample=2).problems

    assert len(found) == 1
    assert "cannot be made again: ZeroDivisionError: no luck" in found[0]


def test_a_run_that_begins_meanwhile_is_not_of_another_cache(made, monkeypatch):
    def find_later(paths):
        generate(sine, 10, executor="inline", cache=paths.root.parent.parent)
        return find_origins(paths)

    monkeypatch.setattr("datagen_core.upkeep.verify.find_origins", find_later)
    assert verify(made).problems == ()
