"""Shards: immutable HDF5 files that any HDF5 tool opens, and that tell when they are damaged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import DamagedFileError
from datagen_core.ranges import Interval
from datagen_core.store import shards
from datagen_core.store.origins import Origin
from datagen_core.store.shards import (
    ShardLabel,
    columns_checksum,
    open_shard,
    publish_shard,
    read_columns,
    read_shard,
    verify_shard,
)
from strategies import filled_schemas

DIGEST = "ab" * 32
PINNED = "749fbd14e541c1481e05e53870ecaf4a3191d342fdf2c54ab6c4059f6a2d7119"
SCHEMA = Schema({
    "x": Field("float64", (3,)),
    "flag": Field("bool"),
    "path": Field("float32", (2,), ragged=True),
    "name": Field(str),
})  # fmt: skip


def some_columns(rows=5):
    return {
        "x": np.arange(rows * 3.0).reshape(rows, 3),
        "flag": np.arange(rows) % 2 == 0,
        "path": Ragged(np.ones((rows, 2), np.float32), np.arange(rows + 1)),
        "name": np.array([f"näme {row}" for row in range(rows)], object),
    }


def label_of(rows, start=0):
    return ShardLabel("sine", DIGEST, Interval(start, start + rows))


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def shard(request, tmp_path):
    return publish_shard(
        tmp_path, tmp_path / "tmp", label_of(5), some_columns(), compress=request.param
    )


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)


@settings(max_examples=40)
@given(filled_schemas(), st.booleans())
def test_samples_of_any_schema_come_back(tmp_path_factory, filled, compress):
    schema, columns, rows = filled
    folder = tmp_path_factory.mktemp("shards")
    path = publish_shard(folder, folder / "tmp", label_of(rows, 7), columns, compress=compress)
    found, _ = read_shard(path, schema, label_of(rows, 7))

    assert columns_checksum(found) == columns_checksum(columns)
    assert list(found) == list(schema.fields)


@pytest.mark.parametrize(
    "offsets", [[1, 1, 2, 3, 4, 5], [0, 2, 1, 3, 4, 5], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4]]
)
def test_offsets_that_no_rows_belong_to_are_refused(shard, offsets):
    columns = {**some_columns()}
    with h5py.File(shard, "r+") as file:
        del file["path/offsets"]
        file["path"].create_dataset("offsets", data=np.array(offsets, np.int64))
        columns["path"] = Ragged(file["path/values"][:], np.array(offsets, np.int64))
        file.attrs["checksum"] = columns_checksum(columns, "crc32")

    with pytest.raises(DamagedFileError, match="offsets"):
        verify_shard(shard, SCHEMA, label_of(5))


@pytest.mark.parametrize("field", [Field("float32", (3,)), Field("float64", (2,))])
def test_an_array_of_another_type_is_refused(shard, field):
    schema = Schema({**SCHEMA.fields, "x": field})

    with pytest.raises(DamagedFileError, match="x is float64"):
        verify_shard(shard, schema, label_of(5))


@settings(max_examples=40)
@given(filled_schemas(min_rows=1))
def test_data_lies_where_it_can_be_mapped(tmp_path_factory, filled):
    _, columns, rows = filled
    folder = tmp_path_factory.mktemp("shards")
    path = publish_shard(folder, folder / "tmp", label_of(rows), columns)
    offsets = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: offsets.append(address_of(item)))

    assert [offset for offset in offsets if offset is not None and offset % 64] == []


def address_of(item):
    if isinstance(item, h5py.Group) or item.dtype == object:
        return None
    return item.id.get_offset()


def test_plain_h5py_reads_it(shard):
    with h5py.File(shard, "r") as file:
        assert np.array_equal(file["x"][:], some_columns()["x"])
        assert file["path/offsets"][:].tolist() == [0, 1, 2, 3, 4, 5]
        assert file["path"].attrs["encoding"] == "ragged"
        assert file["name"].asstr()[1] == "näme 1"
        assert {key: file.attrs[key] for key in ("generator", "digest", "start", "stop")} == {
            "generator": "sine", "digest": DIGEST, "start": 0, "stop": 5
        }  # fmt: skip


def test_a_shard_names_who_made_it_and_how_it_is_checked(tmp_path):
    origin = Origin(0, 5, "sine-1a2b3c4d-0-5e6f7a", 2, "5e884898da280471")
    label = label_of(5)._replace(origins=(origin,))
    path = publish_shard(tmp_path, tmp_path / "tmp", label, some_columns())

    with h5py.File(path, "r") as file:
        assert tuple(file.attrs[name] for name in ("run", "plan", "code")) == origin[2:]
        assert file.attrs["checksum_algorithm"] == "crc32"
        assert file.attrs["checksum"] == columns_checksum(some_columns(), "crc32")
    assert read_shard(path, SCHEMA, label_of(5))[1] == (origin,)


def test_a_shard_of_version_1_has_a_sha_256(shard):
    with h5py.File(shard, "r+") as file:
        del file.attrs["checksum_algorithm"]
        file.attrs.update(version=1, checksum=columns_checksum(some_columns()))

    columns, origins = read_shard(shard, SCHEMA, label_of(5))
    assert columns_checksum(columns) == columns_checksum(some_columns())
    assert origins == ()


def test_a_checksum_of_an_unknown_kind_is_refused(shard):
    with h5py.File(shard, "r+") as file:
        file.attrs["checksum_algorithm"] = "md6"

    with pytest.raises(DamagedFileError, match="unknown kind 'md6'"):
        verify_shard(shard, SCHEMA, label_of(5))


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="hdf5-tools are not installed")
def test_h5dump_reads_it(shard):
    done = subprocess.run(["h5dump", shard], capture_output=True, text=True, check=True)

    assert 'GROUP "path"' in done.stdout
    assert "12, 13, 14" in done.stdout
    assert done.stderr == ""


def test_a_published_shard_never_changes(shard, tmp_path):
    before = shard.read_bytes(), shard.stat().st_mtime_ns
    changed = {**some_columns(), "x": np.zeros((5, 3))}
    again = publish_shard(tmp_path, tmp_path / "tmp", label_of(5), changed)

    assert again == shard
    assert (shard.read_bytes(), shard.stat().st_mtime_ns) == before


def test_a_failed_publication_shows_nothing(tmp_path):
    with pytest.raises(TypeError):
        publish_shard(tmp_path, tmp_path / "tmp", label_of(1), {"x": np.array([object()])})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_compressed_shards_are_smaller(tmp_path):
    zeros = {"x": np.zeros((10_000, 3))}
    (tmp_path / "compressed").mkdir()
    sizes = [
        publish_shard(
            tmp_path / name, tmp_path / "tmp", label_of(10_000), zeros, compress=bool(name)
        )
        .stat()
        .st_size
        for name in ("", "compressed")
    ]

    assert sizes[1] < sizes[0] / 10


@pytest.mark.parametrize(
    "label",
    [
        label_of(5)._replace(digest="cd" * 32),
        label_of(5)._replace(interval=Interval(5, 10)),
        label_of(6),
    ],
)
def test_a_shard_of_other_samples_is_refused(shard, label):
    with pytest.raises(DamagedFileError, match="its attributes belong to other samples"):
        verify_shard(shard, SCHEMA, label)


def test_a_shard_without_a_field_is_refused(shard):
    schema = Schema({**SCHEMA.fields, "more": Field("float64")})

    with pytest.raises(DamagedFileError, match="a field cannot be read"):
        verify_shard(shard, schema, label_of(5))


@settings(max_examples=40)
@given(st.data())
def test_any_changed_sample_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed")
    path = publish_shard(folder, folder / "tmp", label_of(5), some_columns())
    with h5py.File(path, "r") as file:
        name = data.draw(st.sampled_from(["x", "flag", "path/values", "path/offsets"]))
        start, size = file[name].id.get_offset(), file[name].nbytes
    content = bytearray(path.read_bytes())
    content[start + data.draw(st.integers(0, size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

    with pytest.raises(DamagedFileError, match=re.escape(str(path))):
        verify_shard(path, SCHEMA, label_of(5))


@pytest.mark.parametrize("size", [0, 1, 100, 2000])
def test_a_truncated_shard_is_named_and_kept(shard, impatient, size):
    os.truncate(shard, size)

    with pytest.raises(
        DamagedFileError, match=f"{re.escape(str(shard))} is damaged.*move it away and make it"
    ):
        verify_shard(shard, SCHEMA, label_of(5))
    assert shard.stat().st_size == size


def test_a_shard_that_is_truncated_for_a_moment_is_read_again(shard, monkeypatch):
    content = shard.read_bytes()
    os.truncate(shard, 100)
    monkeypatch.setattr(shards.time, "sleep", lambda _: shard.write_bytes(content))

    with open_shard(shard) as file:
        assert columns_checksum(read_columns(file, SCHEMA)) == columns_checksum(some_columns())


def test_a_missing_shard_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError), open_shard(tmp_path / "missing.h5"):
        pass


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array([1, 3])},
        {"b": np.array([1, 2])},
        {"a": np.array([1, 2], "i4")},
        {"a": np.array([[1, 2]])},
        {"a": np.array(["1", "2"], object)},
        {"a": Ragged(np.array([1, 2]), np.array([0, 2]))},
    ],
)
def test_checksum_tells_names_types_shapes_and_values_apart(other):
    assert columns_checksum(other) != columns_checksum({"a": np.array([1, 2])})


def test_checksum_tells_texts_apart():
    one, other = (np.array(texts, object) for texts in (["ab", "c"], ["a", "bc"]))

    assert columns_checksum({"a": one}) != columns_checksum({"a": other})


def test_checksum_is_pinned():
    assert columns_checksum(some_columns()) == PINNED
