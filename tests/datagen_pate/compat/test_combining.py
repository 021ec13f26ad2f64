from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.files import hash_file
from datagen_pate.compat import combining
from datagen_pate.compat.combining import Combination, Source, choose_rows, combine, read_sources
from datagen_pate.compat.trees import list_teachers
from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import average_pairwise_distance
from datagen_pate.files.sample_files import read_labels, read_samples, write_labels, write_samples


def make_sources(*sizes):
    rng = np.random.default_rng(0)
    sources = []
    for number, size in enumerate(sizes):
        images = rng.integers(0, 256, (size, 28, 28), np.uint8)
        labels = rng.integers(0, 10, size).astype(np.uint8)
        sources.append(Source(number, labels, lambda images=images: images))
    return sources


def joined(sources):
    return np.concatenate([source.read() for source in sources]) / np.float32(255)


def test_all_samples_are_joined_in_the_order_of_teachers(tmp_path):
    sources = make_sources(30, 0, 20)

    metadata = combine(sources, tmp_path, Combination())

    assert np.array_equal(read_samples(tmp_path / "combined_synthetic_samples.pt"), joined(sources))
    labels, _ = read_labels(tmp_path / "combined_synthetic_labels.csv")
    assert np.array_equal(labels, np.concatenate([source.labels for source in sources]))
    ids = np.loadtxt(
        tmp_path / "combined_synthetic_teacher_ids.csv", delimiter=",", skiprows=1, dtype=int
    )
    assert ids[:, 1].tolist() == [0] * 30 + [2] * 20
    assert metadata["teacher_distribution"] == {"0": 30, "1": 0, "2": 20}


def test_metadata_has_the_originals_keys(tmp_path):
    sources = make_sources(30, 20)
    combine(sources, tmp_path, Combination(name="half", percentage=0.5))

    metadata = json.loads((tmp_path / "half_metadata.json").read_text())

    assert metadata["shape"] == [25, 1, 28, 28]
    assert metadata["average_pairwise_distance"] == pytest.approx(
        average_pairwise_distance(read_samples(tmp_path / "half_samples.pt"))
    )
    assert set(metadata) >= {
        "total_samples", "num_teachers", "teacher_ids", "percentage_used", "seed",
        "stratified_sampling", "class_distribution", "teacher_distribution", "samples_path",
        "labels_path", "teacher_ids_path", "samples_hash",
    }  # fmt: skip


def test_a_part_holds_images_with_their_own_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(combining, "_BLOCK", 7)
    sources = make_sources(50, 3, 40)
    combine(sources, tmp_path, Combination(percentage=0.3))

    rows = choose_rows(
        np.concatenate([source.labels for source in sources]), Combination(percentage=0.3)
    )
    found = read_samples(tmp_path / "combined_synthetic_samples.pt")
    assert np.array_equal(found, joined(sources)[rows])


def test_the_average_is_of_some_images_where_there_are_many(tmp_path, monkeypatch):
    monkeypatch.setattr(combining, "_MEASURED", 10)
    metadata = combine(make_sources(40, 40), tmp_path, Combination())

    everything = average_pairwise_distance(joined(make_sources(40, 40)))
    assert metadata["samples_in_average"] == 10
    assert metadata["average_pairwise_distance"] == pytest.approx(everything, rel=0.05)


@given(st.lists(st.integers(0, 80), min_size=10, max_size=10), st.floats(0.1, 0.99))
def test_classes_keep_their_shares(counts, percentage):
    labels = np.repeat(np.arange(10), counts).astype(np.uint8)
    target = round(len(labels) * percentage)
    if target:
        rows = choose_rows(labels, Combination(percentage=percentage))

        assert len(set(rows.tolist())) == len(rows) == target
        found = np.bincount(labels[rows], minlength=10)
        assert (np.abs(found - target * np.array(counts) / len(labels)) < 1).all()


def test_the_seed_says_which_are_chosen():
    labels = np.arange(1000).astype(np.uint8) % 10
    for stratify in (True, False):
        one, again, other = (
            choose_rows(labels, Combination(0.2, seed, stratify)) for seed in (1, 1, 2)
        )
        assert np.array_equal(one, again)
        assert not np.array_equal(one, other)


def test_without_strata_images_are_drawn_freely():
    labels = np.arange(1000).astype(np.uint8) % 10

    rows = choose_rows(labels, Combination(0.2, stratify=False))

    assert len(set(rows.tolist())) == 200
    assert len(set(np.bincount(labels[rows]).tolist())) > 1


@pytest.mark.parametrize("percentage", [0, -1, 1.5, float("nan")])
def test_a_percentage_is_a_share(percentage):
    with pytest.raises(PateError, match="percentage must be above 0 and at most 1"):
        Combination(percentage)


def test_nothing_cannot_be_combined(tmp_path):
    with pytest.raises(PateError, match="1 of 0 images is less than one"):
        combine(make_sources(0, 0), tmp_path, Combination())


def test_metadata_tells_the_hashes_of_what_was_joined(tmp_path):
    folder = tmp_path / "teachers" / "teacher_3"
    write_samples(folder / "synthetic_samples.pt", 2, [np.zeros((2, 28, 28), np.uint8)])
    write_labels(folder / "labels.csv", {"label": np.array([1, 2])})

    metadata = combine(read_sources(list_teachers(tmp_path)), tmp_path / "out", Combination())

    names = ("synthetic_samples.pt", "labels.csv")
    assert metadata["inputs"] == {"3": {name: hash_file(folder / name) for name in names}}


def test_images_that_are_none_leave_nothing_behind(tmp_path):
    folder = tmp_path / "teachers" / "teacher_0"
    write_samples(folder / "synthetic_samples.pt", 2, [np.full((2, 28, 28), np.nan, np.float32)])
    write_labels(folder / "labels.csv", {"label": np.array([1, 2])})
    with pytest.raises(PateError, match="without NaN"):
        combine(read_sources(list_teachers(tmp_path)), tmp_path / "out", Combination())

    assert not (tmp_path / "out").exists()
