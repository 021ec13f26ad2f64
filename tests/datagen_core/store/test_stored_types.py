"""Bytes, times and names with dots: what any HDF5 tool finds in a file, and what readers get."""

from __future__ import annotations

import pickle
from itertools import pairwise

import h5py
import numpy as np
import pytest

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import DamagedFileError
from datagen_core.ranges import Interval
from datagen_core.store.columns import ColumnReader
from datagen_core.store.shards import ShardLabel, columns_checksum, publish_shard, verify_shard

LABEL = ShardLabel("sine", "ab" * 32, Interval(0, 4))
BYTES = np.array([b"a", b"", b"c\0", b"\0\0d"], object)
TIMES = np.array(["2020-01-01", "NaT", "1969-12-31", "2300-01-01"], "M8[us]")
RECORDS = np.zeros(4, [("t", "M8[s]", (2,)), ("inner", [("d", "m8[h]"), ("x", "f4")])])
RECORDS["t"][:, 1] = TIMES
RECORDS["inner"]["d"] = [1, 2, 3, 4]
OFFSETS = np.array([0, 2, 2, 3, 4])
COLUMNS = {
    "code": BYTES,
    "path.codes": Ragged(BYTES, OFFSETS),
    "path.times": Ragged(TIMES, OFFSETS),
    "when": TIMES,
    "record": RECORDS,
}
SCHEMA = Schema({
    "code": Field(bytes),
    "path.codes": Field(bytes, ragged=True),
    "path.times": Field("M8[us]", ragged=True),
    "when": Field("M8[us]"),
    "record": Field(RECORDS.dtype),
})  # fmt: skip


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def shard(request, tmp_path):
    return publish_shard(tmp_path, tmp_path / "tmp", LABEL, COLUMNS, compress=request.param)


def test_plain_h5py_reads_bytes_and_times(shard):
    with h5py.File(shard) as file:
        values, offsets = file["code/values"][:], file["code/offsets"][:]
        names = [file[name].attrs["dtype"] for name in ("when", "path.times/values")]
        numbers = file["when"][:]

    assert [values[a:b].tobytes() for a, b in pairwise(offsets)] == [*BYTES]
    assert names == ["datetime64[us]"] * 2
    assert numbers.astype(names[0]).tolist() == TIMES.tolist()


def test_readers_get_the_same_values(shard):
    verify_shard(shard, SCHEMA, LABEL)
    reader = pickle.loads(pickle.dumps(ColumnReader((shard.parent,), SCHEMA)))
    taken = reader.take(np.array([2, 3, 0]))

    assert columns_checksum(reader.read([Interval(0, 4)])) == columns_checksum(COLUMNS)
    assert taken["code"].tolist() == [b"c\0", b"\0\0d", b"a"]
    assert [part.tolist() for part in taken["path.codes"]] == [[b"c\0"], [b"\0\0d"], [b"a", b""]]
    assert np.isnat(reader.sample(1)["when"])
    assert reader.sample(0)["record"]["inner"]["d"] == np.timedelta64(1, "h")


def test_times_are_mapped(tmp_path):
    times = {"when": TIMES, "record": RECORDS}
    publish_shard(tmp_path, tmp_path / "tmp", LABEL, times)
    schema = Schema({name: SCHEMA.fields[name] for name in times})
    found = ColumnReader((tmp_path,), schema).map([Interval(0, 4)])

    assert columns_checksum(found) == columns_checksum(times)


def test_fields_without_any_bytes_come_back(tmp_path):
    nothing = np.empty(0, object)
    columns = {"a": Ragged(nothing, np.zeros(5, np.int64))}
    schema = Schema({"a": Field(bytes, ragged=True)})
    path = publish_shard(tmp_path, tmp_path / "tmp", LABEL, columns)
    verify_shard(path, schema, LABEL)

    assert ColumnReader((tmp_path,), schema).sample(3)["a"].tolist() == []


@pytest.mark.parametrize("name", ["code", "when", "record"])
def test_another_type_is_damage(shard, name):
    with h5py.File(shard, "r+") as file:
        del file[name]
        file[name] = np.zeros(4)

    with pytest.raises(DamagedFileError, match="cannot be read"):
        verify_shard(shard, SCHEMA, LABEL)
    with pytest.raises(DamagedFileError, match=name):
        ColumnReader((shard.parent,), SCHEMA).sample(0)


def test_offsets_of_bytes_that_do_not_rise_are_damage(shard):
    with h5py.File(shard, "r+") as file:
        file["code/offsets"][:] = [0, 1, 0, 3, 6]

    with pytest.raises(DamagedFileError, match="offsets"):
        verify_shard(shard, SCHEMA, LABEL)
