"""A shard that somebody else made shows nothing but its own bytes."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from datagen_core.errors import DamagedFileError
from datagen_core.generators.schema import Field, Ragged, Schema
from datagen_core.ranges import Interval
from datagen_core.store import shards
from datagen_core.store.columns import ColumnReader
from datagen_core.store.shards import ShardLabel, publish_shard, read_shard, verify_shard

SCHEMA = Schema({
    "x": Field("float64"), "z": Field("int8", ragged=True), "text": Field(str),
    "bytes": Field(bytes),
})  # fmt: skip
LABEL = ShardLabel("g", "0" * 64, Interval(0, 4))
COLUMNS = {
    "x": np.arange(4.0),
    "z": Ragged(np.arange(6, dtype=np.int8), np.array([0, 1, 3, 3, 6])),
    "text": np.array(["a", "b", "c", "d"], object),
    "bytes": np.array([b"a", b"", b"cc", b"d"], object),
}


@pytest.fixture
def shard(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    (tmp_path / "set").mkdir()
    return publish_shard(tmp_path / "set", tmp_path / "tmp", LABEL, COLUMNS)


def replace(name, make):
    """Return what puts something else in the place of a field."""

    def change(file):
        del file[name]
        make(file)

    return change


def external(name, dtype):
    made = {"shape": (4,), "dtype": dtype, "external": [("/etc/passwd", 0, 32)]}
    return replace(name, lambda file: file.create_dataset(name, **made))


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def cycle(file):
    file["z"] = file["/"]


def committed(file):
    file["kind"] = np.dtype("f8")
    file.create_dataset("x", (4,), file["kind"])


def put(name, value, **options):
    return replace(name, lambda file: file.create_dataset(name, data=value, **options))


def refer(file):
    file["x"] = np.array([file["/"].ref] * 4, h5py.ref_dtype)


HOSTILE = {
    "external storage": external("x", "f8"),
    "external bytes": external("bytes/values", "u1"),
    "external ragged": replace(
        "z/values",
        lambda file: file.create_dataset("z/values", (6,), "i1", external=[("/etc/passwd", 0, 6)]),
    ),
    "external link": replace("x", lambda file: file.update(x=h5py.ExternalLink("a.h5", "x"))),
    "external group": replace("z", lambda file: file.update(z=h5py.ExternalLink("a.h5", "z"))),
    "soft link": replace("x", lambda file: file.update(x=h5py.SoftLink("/z/values"))),
    "virtual": replace("x", virtual),
    "references": replace("x", refer),
    "cycle": replace("z", cycle),
    "type": replace("x", lambda file: file.update(x=np.dtype("f8"))),
    "filter": put("x", np.arange(4.0), fletcher32=True),
    "another filter": put("x", np.arange(4.0), chunks=(2,), scaleoffset=4),
    "fewer rows": put("x", np.arange(3.0)),
    "more rows": put("x", np.arange(5.0)),
    "more texts": put("text", ["a"] * 5),
    "numbers for text": put("text", np.arange(4)),
    "more offsets": put("z/offsets", np.array([0, 1, 3, 3, 6, 6])),
    "falling offsets": put("z/offsets", np.array([0, 3, 1, 3, 6])),
    "far offsets": put("z/offsets", np.array([0, 1, 3, 3, 60])),
    "negative offsets": put("z/offsets", np.array([-6, 1, 3, 3, 6])),
    "short offsets": put("z/offsets", np.array([0, 1, 3, 3, 6], np.int16)),
    "falling bytes": put("bytes/offsets", np.array([0, 3, 1, 3, 4])),
    "group for array": replace("x", lambda file: file.create_group("x")),
    "array for group": put("z", np.arange(4, dtype=np.int8)),
    "array for bytes": put("bytes", np.arange(4.0)),
    "wrong type": put("x", np.arange(4)),
    "wrong shape": put("x", np.ones((4, 2))),
    "missing": replace("x", lambda file: None),
    "many versions": lambda file: file.attrs.update(version=np.arange(1000)),
    "text for version": lambda file: file.attrs.update(version="1"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_datagen_does_not_write_is_refused(shard, change):
    with h5py.File(shard, "r+") as file:
        change(file)

    for read in (
        lambda: ColumnReader([shard.parent], SCHEMA).read([LABEL.interval]),
        lambda: [ColumnReader([shard.parent], SCHEMA).sample(index) for index in range(4)],
        lambda: list(ColumnReader([shard.parent], SCHEMA).stream([LABEL.interval])),
        lambda: read_shard(shard, SCHEMA, LABEL),
        lambda: verify_shard(shard, SCHEMA, LABEL),
    ):
        with pytest.raises(DamagedFileError, match=r"000000000004\.h5 is damaged: "):
            read()


def test_a_committed_type_of_an_array_that_is_loaded_is_refused(shard):
    with h5py.File(shard, "r+") as file:
        replace("x", committed)(file)

    with pytest.raises(DamagedFileError, match="it has a type that no field has"):
        read_shard(shard, SCHEMA, LABEL)


PLACES = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "loop": lambda path: path.symlink_to(path),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "empty": lambda path: path.touch(),
}


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
def test_what_is_in_place_of_a_shard_is_damage(shard, make):
    shard.unlink()
    make(shard)

    with pytest.raises(DamagedFileError, match="is damaged: HDF5 cannot open it"):
        ColumnReader([shard.parent], SCHEMA).read([LABEL.interval])


ORIGINS = [
    {"run": "r", "plan": -1}, {"origins": "[" * 50_000},
    {"origins": "[[0, 4, 1, 0]]"}, {"origins": "[[0, 1e3, \"r\", 0]]"}, {"origins": "[[0]]"},
    {"origins": "{}", "codes": "[1]"}, {"run": "r"}, {"run": "r", "plan": "x"},
]  # fmt: skip


@pytest.mark.parametrize("attributes", ORIGINS)
def test_origins_that_nobody_can_have_written_are_damage(shard, attributes):
    with h5py.File(shard, "r+") as file:
        file.attrs.update(attributes)

    with pytest.raises(DamagedFileError, match="cannot be read"):
        shards.read_origins(shard, LABEL.interval)
