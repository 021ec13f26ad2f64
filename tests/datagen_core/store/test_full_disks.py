"""Where a disk is full, whatever the system call that finds out, the message names the file."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import numpy as np
import pytest

from datagen_core.files import placing, replacing
from datagen_core.generators.inputs import refer_to
from datagen_core.ranges import Interval
from datagen_core.store.documents import publish_document
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths, inputs_folder, shard_name
from datagen_core.store.sets import keep_inputs
from datagen_core.store.shards import ShardLabel, publish_shard


@contextmanager
def file_size(most):
    """Let writing beyond a size fail, as on a disk that is full: in write, pwrite, truncate."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def paths(tmp_path):
    root = tmp_path / "walk" / "set"
    root.mkdir(parents=True)
    (tmp_path / "input").write_bytes(bytes(9000))
    return SetPaths(root)


def document(paths):
    publish_document(paths.schema, {"text": "x" * 9000}, paths.temporary)


def journal(paths):
    Journal(paths.run(0).journal(0, 0)).keep("end", reason="x" * 9000)


def copy(paths):
    path = paths.root.parent.parent / "input"
    keep_inputs(paths.root.parent, {"file": refer_to(str(path))})


def copied(paths):
    name = refer_to(str(paths.root.parent.parent / "input")).removeprefix("sha256:")
    return inputs_folder(paths.root.parent) / name


def export(paths):
    with replacing(paths.root / "out.bin") as file:
        file.write(bytes(9000))


def export_folder(paths):
    with placing(paths.root / "out") as folder:
        folder.mkdir()
        (folder / "a.bin").write_bytes(bytes(9000))


SHARD = Interval(0, 1000)


def shard(paths):
    label = ShardLabel("walk", "ab" * 32, SHARD)
    texts = np.array(["", *(str(each) for each in range(1, 1000))], object)
    columns = {"x": np.zeros(1000), "y": np.zeros((1000, 2), np.uint8), "text": texts}
    publish_shard(paths.shards, paths.temporary, label, columns)


FILES = {
    document: lambda paths: paths.schema,
    journal: lambda paths: paths.run(0).journal(0, 0),
    copy: copied,
    shard: lambda paths: paths.shards / shard_name(SHARD),
    export: lambda paths: paths.root / "out.bin",
    export_folder: lambda paths: paths.root / "out",
}


@pytest.mark.parametrize("write", FILES, ids=lambda write: write.__name__)
def test_a_full_disk_is_said_with_the_name_of_the_file(paths, write):
    for size in range(0, 9000, 1100):
        with pytest.raises(OSError, match="File too large") as caught, file_size(size):
            write(paths)
        assert (caught.value.filename, caught.value.filename2) == (str(FILES[write](paths)), None)
    left = [path for path in paths.root.parent.rglob("*.tmp") if path.is_file()]
    assert left == []


def test_a_disk_that_is_full_at_any_place_of_a_shard_ends_no_process(paths):
    shard(paths)
    path = FILES[shard](paths)
    whole = path.stat().st_size
    path.unlink()
    for size in range(9000, whole, 1500):
        with pytest.raises(OSError, match="File too large"), file_size(size):
            shard(paths)
    shard(paths)

    assert path.stat().st_size == whole
