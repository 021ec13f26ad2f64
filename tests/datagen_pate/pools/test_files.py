"""Pools in files."""

import json

import numpy as np
import pytest
import torch

from datagen_pate.errors import PateError
from datagen_pate.pools.files import read_pool, write_original_pool, write_pool

IMAGES = np.random.default_rng(0).integers(256, size=(50, 28, 28), dtype=np.uint8)


def blocks(images=IMAGES, size=20):
    starts = range(0, len(images), size)
    return [(start, np.empty((0, 4), np.float32), images[start : start + size]) for start in starts]


def write(path, images=IMAGES):
    write = write_original_pool if path.suffix == ".pt" else write_pool
    return write(path, blocks(images), len(images), {"seed": 123})


def test_pool_gives_back_its_images_without_reading_them_all(tmp_path):
    write(tmp_path / "pool.npz")
    pool = read_pool(tmp_path / "pool.npz")

    assert isinstance(pool.images, np.memmap)
    assert np.array_equal(pool.images, IMAGES)
    assert pool.recipe == {"seed": 123}


def test_pool_is_a_plain_archive_of_numpy(tmp_path):
    write(tmp_path / "pool.npz")

    with np.load(tmp_path / "pool.npz") as content:
        assert np.array_equal(content["images"], IMAGES)


def test_same_pool_is_the_same_bytes(tmp_path):
    assert write(tmp_path / "one.npz") == write(tmp_path / "two.npz")
    assert write(tmp_path / "one.pt") == write(tmp_path / "two.pt")


def test_pool_of_the_original_has_its_form(tmp_path):
    write(tmp_path / "pool.pt")
    tensor = torch.load(tmp_path / "pool.pt", weights_only=True)

    assert tensor.dtype == torch.float32
    assert tensor.shape == (50, 1, 28, 28)
    assert json.loads((tmp_path / "pool.json").read_text())["shape"] == [50, 1, 28, 28]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pool.json", "pool.pt"]


@pytest.mark.parametrize("name", ["pool.npz", "pool.pt"])
def test_both_forms_hold_the_same_images(tmp_path, name):
    write(tmp_path / name)
    parts = list(read_pool(tmp_path / name).iterate(20))

    assert [start for start, _ in parts] == [0, 20, 40]
    assert np.array_equal(np.concatenate([part for _, part in parts]), IMAGES)


@pytest.mark.parametrize("name", ["pool.npz", "pool.pt"])
def test_floats_are_from_0_to_1(tmp_path, name):
    write(tmp_path / name)
    ((_, images),) = read_pool(tmp_path / name).iterate(as_floats=True)

    assert images.dtype == np.float32
    assert np.array_equal(images, IMAGES / np.float32(255))


@pytest.mark.parametrize("size", [49, 51])
@pytest.mark.parametrize("name", ["pool.npz", "pool.pt"])
def test_wrong_number_leaves_no_file(tmp_path, name, size):
    write = write_original_pool if name.endswith("pt") else write_pool

    with pytest.raises((PateError, ValueError)):
        write(tmp_path / name, blocks(), size, {})

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.full((3, 1, 28, 28), torch.nan), "from 0 hold nan"),
        (torch.full((3, 1, 28, 28), 255.0), "must be from 0 to 1"),
        (torch.zeros(3, 28, 28), r"shape \(3, 28, 28\)"),
        (torch.zeros(3, 1, 28, 28, dtype=torch.int64), "not float"),
        ({"images": torch.zeros(3)}, "is not a pool"),
    ],
)
def test_pool_of_another_form_is_one_line(tmp_path, tensor, message):
    torch.save(tensor, tmp_path / "pool.pt")

    with pytest.raises(PateError, match=message):
        read_pool(tmp_path / "pool.pt")


@pytest.mark.parametrize("name", ["pool.npz", "pool.pt"])
@pytest.mark.parametrize("share", [0, 0.5])
def test_damaged_pool_is_one_line(tmp_path, name, share):
    write(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])

    with pytest.raises(PateError, match="is not a"):
        read_pool(tmp_path / name)


def test_images_of_another_size_are_refused(tmp_path):
    np.savez(tmp_path / "pool.npz", images=np.zeros((3, 8, 8), np.uint8), recipe="{}")

    with pytest.raises(PateError, match=r"shape \(3, 8, 8\)"):
        read_pool(tmp_path / "pool.npz")


def test_missing_pool_is_told(tmp_path):
    with pytest.raises(PateError, match="does not exist; make a pool"):
        read_pool(tmp_path / "pool.npz")
