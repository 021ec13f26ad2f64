"""Readers beside compaction that removes shards at once, and beside `rm`: no sample is missed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from datagen_core import Cache, Field, Schema, generate
from datagen_core.errors import RemovedSetError, SelectionError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.codes import codes_of
from datagen_core.store.compaction import compact
from datagen_core.store.sets import remove_set
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_core.upkeep.verify import verify
from generators_for_tests import sine

ROUNDS = 40
SCHEMA = Schema({"x": Field("float64"), "y": Field("float64")})


@contextmanager
def beside(work):
    """Let a thread do work, whose errors count, and yield an event that tells when it is over."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        done.add_done_callback(lambda _: over.set())
        yield over
    done.result()


def grow_and_compact(paths, record):
    """Publish five samples at a time; each sample is its index."""
    for start in range(30, 30 + 5 * ROUNDS, 5):
        label = ShardLabel(record.generator, record.digest, Interval(start, start + 5))
        values = np.arange(start, start + 5, dtype=np.float64)
        publish_shard(paths.shards, paths.temporary, label, {"x": values, "y": values})
        compact(paths, record, SCHEMA, grace=0)


LOOKS = {
    "existing": lambda made: len(made.existing),
    "get": lambda made: len(made.samples.get()[0]),
    "origins": lambda made: sum(map(len, codes_of(made.paths).values())),
    "digest": lambda made: len(made.samples) * bool(made.samples.digest),
    "bytes": lambda made: len(made.existing) * bool(made.bytes),
}


@pytest.mark.parametrize("look", LOOKS)
def test_no_sample_is_missed_beside_compaction(tmp_path, look):
    made = generate(sine, 30, executor="inline", cache=tmp_path)
    expected, looks = 30, 0
    with beside(lambda: grow_and_compact(made.paths, made.record)) as over:
        while not over.is_set():
            found = LOOKS[look](made)
            assert found >= expected
            expected, looks = found, looks + 1

    assert looks
    assert made.existing == IntervalSet([(0, 30 + 5 * ROUNDS)])
    assert made.samples.get()[0][30:].tolist() == list(range(30, 30 + 5 * ROUNDS))


def test_what_is_verified_beside_compaction_is_sound(tmp_path):
    made = generate(sine, 30, executor="inline", cache=tmp_path)
    with beside(lambda: grow_and_compact(made.paths, made.record)) as over:
        while not over.is_set():
            assert not verify(made).problems


def begin_and_remove(cache):
    for left in range(8):
        generate(sine, 10, {"left": -left}, executor="inline", cache=cache)
        for each in Cache(cache)["sine"].values():
            if each.params["label"] != "stays":
                remove_set(each.paths)


def test_a_cache_is_listed_beside_removals(tmp_path, run_cli):
    cache = tmp_path / "cache"
    generate(sine, 20, {"label": "stays"}, executor="inline", cache=cache)
    with beside(lambda: begin_and_remove(cache)) as over:
        while not over.is_set():
            for command in ("list", "status"):
                answer = run_cli(command, "--cache", str(cache))
                assert answer.code == 0, answer.err
                assert "stays" in answer.out or command == "status"


def check_samples(param_set):
    # One that was begun this moment has no samples yet, and no schema.
    with suppress(RemovedSetError, SelectionError):
        assert param_set.params
        assert len(param_set.samples.get()[0]) in {0, 10, 20}


def test_sets_are_read_beside_removals(tmp_path):
    generate(sine, 20, {"label": "stays"}, executor="inline", cache=tmp_path)
    with beside(lambda: begin_and_remove(tmp_path)) as over:
        while not over.is_set():
            for each in Cache(tmp_path)["sine"].values():
                check_samples(each)


def test_a_set_that_several_remove_at_once_is_removed_once(tmp_path):
    for _ in range(10):
        made = generate(sine, 10, executor="inline", cache=tmp_path)
        with ThreadPoolExecutor(4) as pool:
            ends = list(pool.map(_removes, [made.paths] * 4))
        assert sum(ends) == 1
        assert not made.paths.root.exists()
        assert list(made.paths.temporary.iterdir()) == []


def _removes(paths):
    try:
        remove_set(paths)
    except RemovedSetError:
        return False
    return True
