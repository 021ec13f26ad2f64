"""`datagen leaf stats`."""

from __future__ import annotations

import json

from PIL import Image

README = ["-s", "niid", "--sf", 1.0, "-k", 5, "-t", "sample", "--tf", 0.6]
SEEDS = ["--smplseed", 1549786595, "--spltseed", 1549786796]


def test_statistics_are_told_and_drawn(datagen, views, tmp_path):
    views(*README, *SEEDS)
    path = tmp_path / "sizes.png"
    text = datagen("leaf", "stats", "leaf_synthetic", "-o", path)
    view = ["--view", "niid_0_keep_5_train_6", "--part", "test", "--json"]
    found = json.loads(datagen("leaf", "stats", "leaf_synthetic", *view))

    assert "users     40" in text
    assert found["users"] < 40
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_statistics_as_leaf_prints_them(datagen):
    text = datagen("leaf", "stats", "leaf_synthetic", "--as-leaf")

    assert text.splitlines()[1:3] == ["DATASET: synthetic", "40 users"]


def test_a_set_that_is_not_there_is_named(refused):
    assert "leaf_synthetic has no parameter set number 7" in refused("stats", "-p", "7")
