"""Columns of an open shard: some of their rows, and checksums of files of any size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core.generators.schema import slice_columns
from datagen_core.ranges import Interval
from datagen_core.store import shard_columns
from datagen_core.store.shard_columns import columns_checksum, file_checksum, rows_checksum
from datagen_core.store.shards import ShardLabel, open_shard, publish_shard
from strategies import filled_schemas


def publish(folder, columns, rows, *, compress):
    label = ShardLabel("sine", "ab" * 32, Interval(0, rows))
    return publish_shard(folder, folder / "tmp", label, columns, compress=compress)


@settings(max_examples=40)
@given(filled_schemas(), st.booleans(), st.sampled_from(["crc32", "sha256"]), st.integers(1, 99))
def test_the_checksum_of_a_file_is_that_of_its_columns(
    tmp_path_factory, filled, compress, algorithm, size
):
    schema, columns, rows = filled
    folder = tmp_path_factory.mktemp("shards")
    path = publish(folder, columns, rows, compress=compress)

    with (
        pytest.MonkeyPatch.context() as patch,
        open_shard(path) as file,
    ):
        patch.setattr(shard_columns, "PIECE_BYTES", size)
        patch.setattr(shard_columns, "_PIECE_TEXTS", 2)
        found = file_checksum(file, schema, rows, algorithm)
    assert found == columns_checksum(columns, algorithm)


@settings(max_examples=40)
@given(filled_schemas(min_rows=1), st.booleans(), st.data())
def test_rows_of_a_file_are_those_of_its_columns(tmp_path_factory, filled, compress, data):
    schema, columns, rows = filled
    folder = tmp_path_factory.mktemp("shards")
    path = publish(folder, columns, rows, compress=compress)
    start = data.draw(st.integers(0, rows - 1))
    stop = data.draw(st.integers(start + 1, rows))

    with open_shard(path) as file:
        found = rows_checksum(file, schema, start, stop)
    assert found == columns_checksum(slice_columns(columns, start, stop))
