"""`datagen export image_partition --format declearn`: folders, archives, and a manifest."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache
from datagen_partitions.client_files import ImagePartitionParams, divide_clients, read_client
from idx_files import numbered_images

VALUES = {"source": "kmnist", "clients": 3}


@pytest.fixture
def export(cache, run_cli, tmp_path):
    """Return a function that generates clients, exports them, and returns the answer."""

    def export(*words, n=3, to="out", **values):
        given = VALUES | values
        made = {"total": True, "executor": "inline", "cache": cache}
        datagen_core.generate("image_partition", n, given, **made)
        chosen = ",".join(f"{key}={value}" for key, value in given.items())
        words = ["--format", "declearn", tmp_path / to, "-p", chosen, *words]
        return run_cli("export", "image_partition", *words)

    return export


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


@pytest.mark.parametrize("scheme", ["iid", "labels", "biased", "dirichlet"])
def test_files_are_those_of_a_division_without_a_cache(export, tmp_path, scheme):
    assert export(scheme=scheme).code == 0
    folder = tmp_path / "out" / f"mnist_{scheme}"
    made = divide_clients(ImagePartitionParams(**VALUES, scheme=scheme), 0)
    for number, expected in enumerate(made):
        found = read_client(folder / f"client_{number}")
        arrays = zip((*found.train, *found.valid), (*expected.train, *expected.valid), strict=True)
        for array, wanted in arrays:
            assert (array.dtype, array.tobytes()) == (wanted.dtype, wanted.tobytes())
    assert sorted(path.name for path in folder.iterdir()) == [
        "client_0", "client_1", "client_2", "manifest.json",
    ]  # fmt: skip


def test_excluded_clients_are_not_written(export, tmp_path):
    export()
    Cache()["image_partition"][0].exclude([1], "bad labels")
    answer = export(to="less")
    folder = tmp_path / "less" / "mnist_iid"

    assert answer.err.endswith("image_partition 0: 1 excluded sample is left out\n")
    assert sorted(path.name for path in folder.iterdir()) == [
        "client_0", "client_2", "manifest.json",
    ]  # fmt: skip
    made = manifest_of(folder)
    assert (made["is_complete"], made["data_set"]["sha256"]) == (False, None)
    assert made["notes"] == ["client_1 is excluded, and so not written"]


def test_the_manifest_says_where_files_come_from(export, tmp_path):
    export()
    made = manifest_of(tmp_path / "out" / "mnist_iid")
    labels = (np.arange(40) % 10).astype(np.uint8)
    content = numbered_images(40).tobytes() + labels.tobytes()
    assert made["data_set"] == {
        "source": "kmnist", "variant": None, "part": "train",
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    known = ("scheme", "seed", "clients", "p_valid", "is_complete", "notes")
    assert [made[key] for key in known] == ["iid", 0, 3, 0.2, True, []]
    assert made["params"] == Cache()["image_partition"][0].params
    path = tmp_path / "out" / "mnist_iid" / "client_1" / "valid_target.npy"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert made["written"]["client_1"]["files"][path.name]["sha256"] == digest


def test_two_exports_are_the_same_bytes(export, tmp_path):
    for to in ("one", "two"):
        export("-o", "archive=zip", to=to)
    for path in (tmp_path / "one" / "mnist_iid").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / "mnist_iid" / path.name).read_bytes()


def test_a_client_alone_gets_its_own_data_alone(export, tmp_path):
    export("--client", "client_2", "--client", 0, "--name", "data_iid")
    folder = tmp_path / "out" / "data_iid"
    assert sorted(path.name for path in folder.glob("client_*")) == ["client_0", "client_2"]
    made = manifest_of(folder)
    assert (list(made["written"]), made["is_complete"]) == (["client_0", "client_2"], False)


def test_what_is_told_is_what_was_written(export):
    assert export("--client", 2, "--client", 0).out.endswith("image_partition 0, all 2\n")
    assert json.loads(export("--client", 1, "--json", to="one").out)["samples"] == {"all": 1}
    assert export("--split", "raw", to="all").out.endswith("raw 3\n")


def test_archives_unpack_to_folders(export, tmp_path):
    export("-o", "archive=zip", "-o", "client=1")
    folder = tmp_path / "out" / "mnist_iid"
    assert sorted(path.name for path in folder.iterdir()) == ["client_1.zip", "manifest.json"]
    with zipfile.ZipFile(folder / "client_1.zip") as archive:
        archive.extractall(tmp_path)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert len(read_client(tmp_path / "client_1").train[0]) == 10


def test_fewer_clients_leave_no_stale_one(export, tmp_path):
    export(clients=5, n=5)
    assert "exists; choose another name" in export().err
    assert export("--force").code == 0
    names = sorted(path.name for path in (tmp_path / "out" / "mnist_iid").glob("client_*"))
    assert names == ["client_0", "client_1", "client_2"]


def test_some_clients_keep_their_numbers(export, cache, tmp_path):
    export(n=2, to="two")
    Cache(cache)["image_partition"][0].move(1, "train")
    export("--split", "raw", n=2)
    made = manifest_of(tmp_path / "out" / "mnist_iid")
    assert list(made["written"]) == ["client_1"]
    assert (made["is_complete"], made["data_set"]["sha256"]) == (False, None)


def test_without_validation_there_are_no_such_files(export, tmp_path):
    export(p_valid=None)
    folder = tmp_path / "out" / "mnist_iid"
    assert not list(folder.glob("*/valid_*"))
    note = "client_0 has no validation rows, so it has no valid_* files"
    assert note in manifest_of(folder)["notes"]


def test_files_of_the_user_are_as_they_were(export, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(30, dtype=np.int16).reshape(10, 3))
    np.save(tmp_path / "y.npy", np.arange(10, dtype=np.float32))
    files = {"data_file": str(tmp_path / "x.npy"), "label_file": str(tmp_path / "y.npy")}
    bound = ImagePartitionParams(**files, clients=2).canonical()
    assert export(n=2, **{**bound, "clients": 2}).code == 0
    x, y = read_client(tmp_path / "out" / "mnist_iid" / "client_0").train
    assert (x.dtype, y.dtype) == (np.int16, np.float32)
    assert np.array_equal(x[:, 0], y * 3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("client=3", "this selection has no client '3'; there are 0, 1, 2"),
        ("client=0,x", "no client 'x'"),
        ("archive=tar", "archive should be zip, not 'tar'"),
        ("name=a/b", "without slashes, not 'a/b'"),
        ("nam=b", "format 'declearn' has no option 'nam'"),
    ],
)
def test_wrong_options_leave_nothing(export, tmp_path, option, message):
    answer = export("-o", option)
    assert (answer.code, message in answer.err) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "images"]


def test_other_samples_are_refused(cache, run_cli, tmp_path):
    datagen_core.generate("fedprox_synthetic", 2, executor="inline", cache=cache)
    answer = run_cli("export", "fedprox_synthetic", "--format", "declearn", tmp_path / "out")
    assert "takes samples of image_partition" in answer.err
