"""The README of a repository of Hugging Face; that of a published set is tested there."""

from __future__ import annotations

import pytest

from datagen_core import generate
from datagen_core.cards.markdown import write_readme
from generators_for_tests import sine


@pytest.fixture
def made(cache):
    return generate(sine, 20, executor="inline", cache=cache)


def test_metadata_are_yaml_that_names_files_and_size(made):
    yaml = pytest.importorskip("yaml")

    files = {"train": ["data/train-*.parquet"], "a: b": ["x.parquet"]}
    page = write_readme([made], files, 12_000, licence="mit", summary="Draw *pairs*.")
    _, head, body = page.split("---\n", 2)
    found = yaml.safe_load(head)

    assert found["configs"][0]["data_files"] == [
        {"split": "train", "path": ["data/train-*.parquet"]},
        {"split": "a: b", "path": ["x.parquet"]},
    ]
    assert (found["license"], found["size_categories"]) == ("mit", ["10K<n<100K"])
    assert "Draw \\*pairs\\*." in body
    assert "# sine: defaults" in body


@pytest.mark.parametrize(
    ("size", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**13, "n>1T")],
)
def test_sizes_are_in_the_categories_of_hugging_face(made, size, category):
    assert f'size_categories: ["{category}"]' in write_readme([made], {}, size)


def test_the_seed_of_private_sets_is_not_shown(made, monkeypatch):
    monkeypatch.setattr(type(made), "has_secret", property(lambda _: True))

    assert "with a secret seed" in write_readme([made], {}, 20)
