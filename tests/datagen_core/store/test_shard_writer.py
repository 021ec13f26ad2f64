"""Samples are published now and then, never a file a batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.layout import list_shards
from datagen_core.store.shard_writer import PUBLISH_SECONDS, ShardWriter


def numbers(interval):
    return {"x": np.arange(*interval)}


@pytest.fixture
def writer(tmp_path):
    (tmp_path / "shards").mkdir()
    return ShardWriter(tmp_path / "shards", tmp_path / "tmp", "sine", "ab" * 32)


def test_adjacent_batches_are_one_file(writer):
    for start in range(0, 100, 10):
        assert not writer.is_due(Interval(start, start + 10))
        writer.add(Interval(start, start + 10), numbers((start, start + 10)))
    assert writer.waiting == 100
    writer.publish()

    assert list_shards(writer.folder) == [Interval(0, 100)]
    assert writer.waiting == 0


def test_a_gap_begins_a_new_file(writer):
    writer.add(Interval(0, 10), numbers((0, 10)))

    assert writer.is_due(Interval(20, 30))
    assert not writer.is_due(Interval(10, 20))


def test_a_file_is_due_when_it_is_large(writer):
    writer.publish_bytes = 160
    writer.add(Interval(0, 19), numbers((0, 19)))
    assert not writer.is_due(Interval(19, 20))

    writer.add(Interval(19, 20), numbers((19, 20)))
    assert writer.is_due(Interval(20, 30))


def test_a_file_is_due_when_time_has_passed(writer):
    writer.add(Interval(0, 10), numbers((0, 10)))
    writer._since -= PUBLISH_SECONDS

    assert writer.is_due(Interval(10, 20))
    writer.publish()
    assert not writer.is_due(Interval(10, 20))


def test_nothing_is_published_when_nothing_waits(writer):
    writer.publish()

    assert not list(writer.folder.iterdir())


def test_samples_wait_on_when_publishing_fails(writer, tmp_path):
    writer.add(Interval(0, 10), numbers((0, 10)))
    (tmp_path / "tmp").write_text("in the way")
    with pytest.raises(OSError, match="tmp"):
        writer.publish()
    assert writer.waiting == 10

    (tmp_path / "tmp").unlink()
    writer.publish()
    assert list_shards(writer.folder) == [Interval(0, 10)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=8), st.integers(1, 200))
def test_whatever_is_added_is_published_once(tmp_path_factory, steps, limit):
    folder = tmp_path_factory.mktemp("writer")
    writer = ShardWriter(folder, folder / "tmp", "sine", "ab" * 32, publish_bytes=limit)
    start, pieces = 0, []
    for gap, size in steps:
        piece = Interval(start + gap, start + gap + size)
        if writer.is_due(piece):
            writer.publish()
        writer.add(piece, numbers(piece))
        pieces.append(piece)
        start = piece.stop
    writer.publish()

    assert IntervalSet(list_shards(folder)) == IntervalSet(pieces)
    assert sum(part.size for part in list_shards(folder)) == sum(part.size for part in pieces)
