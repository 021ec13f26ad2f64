"""A small image data set, and nothing remembered from other tests."""

import numpy as np
import pytest

from datagen_partitions.client_files import dividing, rows
from idx_files import numbered_images, write_source


@pytest.fixture(autouse=True)
def images(tmp_path, monkeypatch):
    """A KMNIST of 40 images whose labels are 0 to 9 by turns."""
    write_source(tmp_path / "images" / "kmnist", numbered_images(40), np.arange(40) % 10)
    monkeypatch.setenv("DATAGEN_IMAGES", str(tmp_path / "images"))
    for remembered in (rows._load_images, rows._load_files, dividing.divide_rows):
        remembered.cache_clear()
