"""A client's folder: written, read, and what is said of one that is not whole."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from datagen_partitions.client_files import (
    ClientData,
    ClientFilesError,
    read_client,
    write_client,
)

X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.array([0, 1, 1, 3, 1, 0], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Write a client with four training rows and two for validation."""
    write_client(tmp_path / "client_0", ClientData((X[:4], Y[:4]), (X[4:], Y[4:])))
    return tmp_path / "client_0"


def test_what_was_written_is_read(folder):
    found = read_client(folder)
    for array, wanted in zip(
        (*found.train, *found.valid), (X[:4], Y[:4], X[4:], Y[4:]), strict=True
    ):
        assert (array.dtype, array.tolist()) == (wanted.dtype, wanted.tolist())


def test_files_are_npy_1_in_c_order(tmp_path):
    entry = write_client(tmp_path / "c", ClientData((np.asfortranarray(X), Y), None))
    content = (tmp_path / "c" / "train_data.npy").read_bytes()
    assert content.startswith(b"\x93NUMPY\x01\x00")
    assert b"'fortran_order': False" in content
    file = entry["files"]["train_data.npy"]
    assert file == {
        "dtype": "float32", "shape": [6, 2], "sha256": hashlib.sha256(content).hexdigest()
    }  # fmt: skip


def test_the_entry_counts_rows_and_labels(tmp_path):
    entry = write_client(tmp_path / "c", ClientData((X, Y), None))
    assert entry["train"] == {"rows": 6, "labels": {"0": 2, "1": 3, "3": 1}}
    assert entry["valid"] is None
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "train_data.npy", "train_target.npy",
    ]  # fmt: skip


def test_a_folder_in_use_is_refused(folder):
    with pytest.raises(ClientFilesError, match="is not empty; name a new folder"):
        write_client(folder, ClientData((X, Y), None))


def test_without_validation_files_there_is_none(folder):
    for name in ("valid_data.npy", "valid_target.npy"):
        (folder / name).unlink()
    assert read_client(folder).valid is None


def save(name, array):
    return lambda folder: np.save(folder / name, array)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "train_data.npy").unlink(), "client_0 has no train_data.npy; make it with"),
        (lambda f: (f / "valid_target.npy").unlink(), "client_0 has no valid_target.npy"),
        (lambda f: (f / "train_data.npy").write_bytes(b"\x93NUMPY"), "cannot be read as npy"),
        (save("train_target.npy", Y), r"train_data.npy is \(4, 2\), train_target.npy is \(6,\)"),
        (save("train_target.npy", np.array(["a"] * 4)), "holds <U1, not numbers"),
        (save("train_target.npy", np.array([None] * 4)), "cannot be read as npy: Object arrays"),
        (save("valid_data.npy", X[:2, :1]), "training and validation data differ in form"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(ClientFilesError, match=message):
        read_client(folder)


def test_a_missing_folder_names_those_that_are_there(folder):
    with pytest.raises(ClientFilesError, match=r"no folder .*client_9 beside client_0; make it"):
        read_client(folder.parent / "client_9")


def test_a_client_without_training_rows_cannot_train(tmp_path):
    write_client(tmp_path / "c", ClientData((X[:0], Y[:0]), None))
    with pytest.raises(ClientFilesError, match="has no training rows"):
        read_client(tmp_path / "c")
