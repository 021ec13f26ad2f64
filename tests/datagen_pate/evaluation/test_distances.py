from __future__ import annotations

import numpy as np
import pytest

from datagen_pate.evaluation import distances
from datagen_pate.evaluation.classes import histogram_l1
from datagen_pate.evaluation.distances import (
    average_cross_distance,
    average_pairwise_distance,
    nearest_distances,
    round_to_stored,
)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (1100, 28, 28), np.uint8)


def plain(a, b):
    """Return all distances by differences, in float64."""
    a, b = (part.reshape(len(part), -1) / 255 for part in (a, b))
    return np.array([np.linalg.norm(b - row, axis=1) for row in a])


def test_average_pairwise_distance_is_the_mean_of_all_pairs_over_several_blocks(images):
    exact = plain(images, images)
    off_diagonal = exact.sum() / (len(images) * (len(images) - 1))

    assert average_pairwise_distance(images) == pytest.approx(off_diagonal, rel=1e-6)


def test_average_pairwise_distance_by_hand():
    images = np.zeros((3, 28, 28), np.uint8)
    images[1, 0, 0] = 255
    images[2, 0, :4] = [0, 255, 255, 255]

    assert average_pairwise_distance(images) == pytest.approx((1 + np.sqrt(3) + 2) / 3)


@pytest.mark.parametrize("count", [0, 1])
def test_average_pairwise_distance_needs_a_pair(images, count):
    assert average_pairwise_distance(images[:count]) is None


def test_float_and_stored_images_have_the_same_distance(images):
    floats = images[:200].astype(np.float32) / 255

    assert average_pairwise_distance(floats) == pytest.approx(
        average_pairwise_distance(images[:200]), rel=1e-6
    )


def test_nearest_distance_is_the_least_one(images):
    found = nearest_distances(images[:700], images[700:])

    np.testing.assert_allclose(found, plain(images[:700], images[700:]).min(axis=1), rtol=1e-6)


def test_nearest_distance_over_several_blocks_of_references(images, monkeypatch):
    monkeypatch.setattr(distances, "_REFERENCES", 64)

    found = nearest_distances(images[:50], images[700:])

    np.testing.assert_allclose(found, plain(images[:50], images[700:]).min(axis=1), rtol=1e-6)


def test_a_copy_is_at_distance_zero_exactly(images):
    assert nearest_distances(images[:10], images[::-1])[:10].tolist() == [0] * 10


def test_nearest_distance_needs_a_reference(images):
    with pytest.raises(ValueError, match="empty set"):
        nearest_distances(images, images[:0])


def test_cross_distance_is_the_mean_over_both_sets(images):
    found = average_cross_distance(images[:600], images[600:])

    assert found == pytest.approx(plain(images[:600], images[600:]).mean(), rel=1e-6)
    assert average_cross_distance(images[:0], images) is None


def test_histogram_l1_by_hand():
    assert histogram_l1(np.array([5, 5]), np.array([1, 1])) == 0
    assert histogram_l1(np.array([4, 0]), np.array([0, 2])) == 2
    assert histogram_l1(np.array([3, 1]), np.array([1, 1])) == pytest.approx(0.5)
    assert histogram_l1(np.array([0, 0]), np.array([1, 1])) == 1


def test_images_are_rounded_to_the_nearest_stored_value(images):
    assert round_to_stored(np.float32([[0, 0.4999 / 255, 0.51 / 255, 1]])).tolist() == [
        [0, 0, 1, 255]
    ]
    assert np.array_equal(round_to_stored(images / np.float32(255)), images)
