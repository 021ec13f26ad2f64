from __future__ import annotations

import numpy as np
import pytest
import torch

from datagen_pate.errors import PateError
from datagen_pate.files.sample_files import read_labels, read_samples, write_labels, write_samples


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)


def test_torch_reads_what_is_written_in_blocks(tmp_path, images):
    write_samples(tmp_path / "a.pt", 50, [images[:20], images[20:]])

    tensor = torch.load(tmp_path / "a.pt", weights_only=True)

    assert tensor.dtype == torch.float32
    assert tensor.shape == (50, 1, 28, 28)
    assert np.array_equal(tensor[:, 0].numpy(), images / np.float32(255))


def test_torch_maps_and_writes_what_it_read(tmp_path, images):
    write_samples(tmp_path / "a.pt", 50, [images])
    torch.save(torch.load(tmp_path / "a.pt", weights_only=True, mmap=True), tmp_path / "b.pt")

    assert np.array_equal(read_samples(tmp_path / "a.pt"), read_samples(tmp_path / "b.pt"))


def test_the_same_images_are_the_same_bytes(tmp_path, images):
    for folder in ("one", "two"):
        write_samples(tmp_path / folder / "a.pt", 50, [images])

    assert (tmp_path / "one/a.pt").read_bytes() == (tmp_path / "two/a.pt").read_bytes()


def test_no_image_can_be_written(tmp_path):
    write_samples(tmp_path / "a.pt", 0, [])

    assert read_samples(tmp_path / "a.pt").shape == (0, 28, 28)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_are_read(tmp_path, images, zipped):
    tensor = torch.from_numpy(images)[:, None].float()
    torch.save(tensor, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)

    found = read_samples(tmp_path / "a.pt")  # pixels up to 255, as the original takes them

    assert np.array_equal(found, images / np.float32(255))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (torch.full((2, 1, 28, 28), torch.nan), "without NaN"),
        (torch.full((2, 1, 28, 28), -0.5), "pixels from -0.5 to -0.5"),
        (torch.zeros(2, 3, 28, 28), "give float32"),
        (torch.zeros(2, 28, 28, dtype=torch.int64), "holds int64"),
        ({"images": torch.zeros(2)}, "holds a dict"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, content, complaint):
    torch.save(content, tmp_path / "a.pt")

    with pytest.raises(PateError, match=complaint):
        read_samples(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [b"", b"no tensor at all", b"PK\x03\x04 half of a zip"])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)

    with pytest.raises(PateError, match="not a file of a tensor: it is damaged"):
        read_samples(tmp_path / "a.pt")


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(PateError, match=r"cannot be read \(No such file"):
        read_samples(tmp_path / "a.pt")
    with pytest.raises(PateError, match=r"cannot be read \(No such file"):
        read_labels(tmp_path / "a.csv")


def test_labels_have_the_originals_columns_and_come_back(tmp_path):
    confidence = np.float32([0.9, 0.12345679])
    write_labels(tmp_path / "a.csv", {"label": np.uint8([3, 9]), "confidence": confidence})

    text = (tmp_path / "a.csv").read_text()
    assert text == "index,label,confidence\n0,3,0.9\n1,9,0.12345679\n"
    labels, found = read_labels(tmp_path / "a.csv")
    assert labels.tolist() == [3, 9]
    assert np.array_equal(found, confidence)


def test_labels_need_no_confidence_and_no_order(tmp_path):
    (tmp_path / "a.csv").write_text("index,label\n1,7\n0,2\n")

    labels, confidence = read_labels(tmp_path / "a.csv")

    assert labels.tolist() == [2, 7]
    assert confidence is None


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("0,10,0.9", "has the label 10"),
        ("0,-1,0.9", "has the label -1"),
        ("1,3,0.9", "does not have each index from 0 to 0"),
        ("0,3,1.5", r"outside of \[0, 1\]"),
        ("0,3,nan", r"outside of \[0, 1\]"),
        ("0,three,0.9", "needs numbers"),
        ("0,3", "needs numbers"),
    ],
)
def test_wrong_labels_are_refused(tmp_path, rows, complaint):
    (tmp_path / "a.csv").write_text(f"index,label,confidence\n{rows}\n")

    with pytest.raises(PateError, match=complaint):
        read_labels(tmp_path / "a.csv")
