"""Labelled digits of all origins."""

import numpy as np
import pytest
import torch

import datagen_core
from datagen_core import Field, Params, Schema
from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.labelled import (
    check_labelled,
    load_combined,
    load_file,
    load_parameter_set,
    load_source,
)
from idx_files import write_source
from pate_digits import make_digits

IMAGES, LABELS = make_digits(12)
TABLE = np.column_stack([LABELS, IMAGES.reshape(12, 784)])
HEADER = ",".join(["label", *(f"pixel{k}" for k in range(784))])


@pytest.mark.parametrize("names", [("x", "y"), ("X", "y"), ("images", "labels")])
@pytest.mark.parametrize("shape", [(12, 28, 28), (12, 784), (12, 1, 28, 28)])
def test_npz_is_read(tmp_path, names, shape):
    x, y = names
    np.savez(tmp_path / "digits.npz", **{x: IMAGES.reshape(shape).astype(float), y: LABELS})

    found = load_file(tmp_path / "digits.npz")

    assert found.images.dtype == np.uint8
    assert (found.images == IMAGES).all()
    assert (found.labels == LABELS).all()


@pytest.mark.parametrize("header", ["", HEADER])
def test_csv_is_read(tmp_path, header):
    np.savetxt(tmp_path / "digits.csv", TABLE, "%d", ",", header=header, comments="")

    found = load_file(tmp_path / "digits.csv")

    assert (found.images == IMAGES).all()
    assert (found.labels == LABELS).all()


def test_hash_is_that_of_the_content(tmp_path):
    np.savez(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    np.savez_compressed(tmp_path / "b.npz", x=IMAGES, y=LABELS)
    a, b = load_file(tmp_path / "a.npz"), load_file(tmp_path / "b.npz")

    assert a.sha256 == b.sha256
    assert a.files != b.files
    assert a.sha256 != check_labelled(IMAGES, LABELS[::-1], "other").sha256


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES, LABELS + 5, "the label 1[0-4]"),
        (IMAGES, LABELS - 0.5, "whole numbers"),
        (IMAGES, LABELS[:-1], "12 images and 11 labels"),
        (IMAGES[:0], LABELS[:0], "has no images"),
        (IMAGES[:, 1:], LABELS, r"give numbers \(n, 28, 28\)"),
        (IMAGES / np.nan, LABELS, "not finite"),
        (IMAGES / 255 - 1, LABELS, "pixels from -1"),
        (IMAGES / 100, LABELS, "pixels from 0 to 2.5"),
        (IMAGES * 2.0, LABELS, "pixels from 0 to 510"),
        (IMAGES, LABELS.astype(str), "give numbers"),
    ],
)
def test_other_content_is_refused(images, labels, message):
    with pytest.raises(PateError, match=message):
        check_labelled(images, labels, "these")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("a.npz", "text", "not an npz file"), ("a.txt", "", "neither .npz nor .csv"),
     ("a.csv", "colour,x\n1,2\n", "no column 'label'"), ("a.csv", "1,2\n1\n", "not a table")],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)

    with pytest.raises(PateError, match=message):
        load_file(tmp_path / name)


def test_missing_arrays_and_files_are_told(tmp_path):
    np.savez(tmp_path / "a.npz", a=IMAGES)

    with pytest.raises(PateError, match=r"holds the arrays a.*; name them x and y"):
        load_file(tmp_path / "a.npz")
    with pytest.raises(PateError, match="cannot be read"):
        load_file(tmp_path / "b.npz")


def test_image_data_set_is_read_by_name(tmp_path):
    write_source(tmp_path, IMAGES, LABELS)

    found = load_source("kmnist", tmp_path)

    assert (found.images == IMAGES).all()
    assert str(tmp_path) in found.origin


def write_combined(folder, images):
    torch.save(torch.from_numpy(images)[:, None], folder / "samples.pt")
    rows = [f"{k},{label}\n" for k, label in reversed(list(enumerate(LABELS)))]
    (folder / "labels.csv").write_text("index,label\n" + "".join(rows))
    return folder / "samples.pt", folder / "labels.csv"


def test_combined_files_of_the_original_are_read(tmp_path):
    floats = IMAGES / np.float32(255)

    found = load_combined(*write_combined(tmp_path, floats))

    assert (found.images == floats).all()
    assert (found.labels == LABELS).all()
    assert (round_to_stored(found.images) == IMAGES).all()
    assert len(found.files) == 2


def test_normalised_images_are_read_when_they_are_said_to_be(tmp_path):
    paths = write_combined(tmp_path, IMAGES / np.float32(100) - 1)

    assert load_combined(*paths, normalized=True).images.min() == -1
    with pytest.raises(PateError, match="pixels from -1"):
        load_combined(*paths)


@datagen_core.generator(
    2,
    Params,
    schema=Schema(
        {
            "images": Field("uint8", (28, 28), ragged=True),
            "labels": Field("uint8", ragged=True),
        }
    ),
)
def blocks(start):
    """Yield blocks of three digits, and an empty one."""
    for k in range(start, start + 2):
        rows = slice(3 * k, 3 * k + (0 if k == 1 else 3))
        yield {"images": IMAGES[rows], "labels": LABELS[rows].astype(np.uint8)}


def test_samples_of_a_parameter_set_are_joined(tmp_path):
    param_set = datagen_core.generate(blocks, 4, cache=tmp_path, executor="inline")
    param_set.move(2, "train")

    found = load_parameter_set(param_set)

    assert (found.labels == np.delete(LABELS, slice(3, 6))).all()
    split = load_parameter_set(param_set, "train")
    assert (split.images == IMAGES[:3]).all()
