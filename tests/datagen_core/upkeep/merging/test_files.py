"""Files come as links or verified copies, or are refused."""

from __future__ import annotations

import os

import numpy as np
import pytest

from datagen_core import Cache, Interval
from datagen_core.store import runs
from datagen_core.store.compaction import compact
from datagen_core.store.layout import shard_name
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_core.upkeep.merging.caches import import_cache
from joined_caches import is_sound, make, values


def test_unequal_samples_are_refused_and_listed(cache, other):
    make(cache, 20)
    made = make(other, 30)
    spoil(made, 0, 30)
    (found,) = import_cache(other, cache=cache)

    assert [str(each.samples) for each in found.refused] == ["0-19"]
    assert "differ from those here" in found.refused[0].reason
    assert len(Cache(cache)["sine"][0].existing) == 20
    assert len(runs.list_runs(Cache(cache)["sine"][0].paths)) == 1


def test_what_is_refused_is_told_with_its_samples(cache, other, run_cli):
    make(cache, 20)
    spoil(make(other, 30), 0, 30)
    answer = run_cli("import", other)

    assert answer.code == 1
    assert "1 refused: sine 0: samples 0-19: differ from those here" in answer.err


def spoil(made, start, stop):
    """Let samples be others, in a sound file."""

    (made.paths.shards / shard_name(Interval(start, stop))).unlink()
    wrong = {"x": np.zeros(stop - start), "y": np.zeros(stop - start)}
    label = ShardLabel("sine", made.record.digest, Interval(start, stop))
    publish_shard(made.paths.shards, made.paths.temporary, label, wrong)


def test_a_damaged_file_is_named_and_the_others_come(cache, other):
    make(other, 10)
    made = make(other, 20)
    path = max(made.paths.shards.iterdir())
    path.write_bytes(path.read_bytes()[:100])
    (found,) = import_cache(other, cache=cache)

    assert [str(each.samples) for each in found.refused] == ["10-29"]
    assert str(path) in found.refused[0].reason
    assert len(Cache(cache)["sine"][0].existing) == 10


def test_files_are_linked_where_they_are_the_callers_own(cache, other):
    make(other, 10)
    (found,) = import_cache(other, cache=cache)
    (path,) = cache.glob("sine/*/shards/*")

    assert (found.files, found.linked, path.stat().st_nlink) == (1, 1, 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("change", [lambda path: os.chown(path, 12345, -1),
                                    lambda path: path.chmod(0o666)])  # fmt: skip
def test_files_that_others_may_change_are_copied(cache, other, change):
    make(other, 10)
    change(next(other.glob("sine/*/shards/*")))
    (found,) = import_cache(other, cache=cache)

    assert (found.files, found.linked) == (1, 0)
    assert is_sound(cache)


def test_a_copy_is_verified(cache, other, monkeypatch):
    made = make(other, 10)
    (path,) = made.paths.shards.iterdir()
    content = bytearray(path.read_bytes())
    place = content.index(np.float64(values(made)[0]).tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    (found,) = import_cache(other, cache=cache)

    assert "its checksum does not match" in found.refused[0].reason
    assert str(path) in found.refused[0].reason
    assert not list(cache.glob("sine/*/shards/*"))


def test_a_compacted_set_and_its_shards_are_joined(cache, other):
    for count in (10, 10, 10):
        made = make(other, count)
    compact(made.paths, made.record, made.schema, grace=0)
    make(cache, 15)
    (found,) = import_cache(other, cache=cache)

    assert (found.samples, found.files, found.refused) == (15, 1, [])
    assert (values(Cache(cache)["sine"][0]) == values(made)).all()
