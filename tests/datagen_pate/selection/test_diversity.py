from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_pate.selection.diversity import DiverseSet


def clustered(seed, count, spread):
    """Return images around a few centres, so that many distances are near any threshold."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 200, (max(1, count // 8), 28, 28))
    images = centres[rng.integers(0, len(centres), count)] + rng.integers(
        0, spread, (count, 28, 28)
    )
    return images.clip(0, 255).astype(np.uint8)


def plain_loop(images, threshold, labels=None, room=None):
    """Keep an image when its distance to all kept ones, in exact integers, is large enough."""
    rows = images.reshape(len(images), -1).astype(np.float64)
    norms = (rows**2).sum(axis=1)
    squared = norms[:, None] + norms - 2 * rows @ rows.T  # integers below 2^53
    left = [len(images)] if room is None else list(room)
    kept = []
    for place in range(len(images)):
        label = 0 if labels is None else labels[place]
        if left[label] > 0 and (squared[place, kept] >= (255 * threshold) ** 2).all():
            kept.append(place)
            left[label] -= 1
    return kept


@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(1, 60),
    st.floats(0, 8),
)
def test_selection_is_that_of_the_plain_loop(seed, count, spread, threshold):
    images = clustered(seed, count, spread)

    assert DiverseSet(threshold).add(images).tolist() == plain_loop(images, threshold)


@pytest.mark.parametrize("threshold", [1.5, 2.0, 3.3, 9.0])
def test_selection_of_three_thousand_is_that_of_the_plain_loop(threshold):
    images = clustered(1, 3000, 40)
    diverse = DiverseSet(threshold)

    kept = diverse.add(images).tolist()

    assert kept == plain_loop(images, threshold)
    assert diverse.rejected == 3000 - len(kept)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 20), min_size=3, max_size=3))
def test_selection_with_room_is_that_of_the_plain_loop(seed, room):
    images = clustered(seed, 300, 30)
    labels = np.random.default_rng(seed).integers(0, 3, 300).astype(np.uint8)
    left = np.array(room)

    kept = DiverseSet(1.5).add(images, labels, left)

    assert kept.tolist() == plain_loop(images, 1.5, labels, room)
    assert (left == room - np.bincount(labels[kept], minlength=3)).all()


def test_several_calls_are_as_one():
    images = clustered(3, 900, 30)
    diverse = DiverseSet(1.6)

    parts = [start + diverse.add(images[start : start + 300]) for start in (0, 300, 600)]

    assert np.concatenate(parts).tolist() == plain_loop(images, 1.6)


def test_an_image_at_the_threshold_is_kept():
    images = np.zeros((3, 28, 28), np.uint8)
    images[1, 0, 0], images[2, 0, 0] = 254, 255

    assert DiverseSet(1.0).add(images).tolist() == [0, 2]


def test_without_a_threshold_copies_are_kept():
    assert len(DiverseSet(0).add(np.zeros((300, 28, 28), np.uint8))) == 300


def test_of_copies_one_is_kept():
    diverse = DiverseSet(3.0)

    assert diverse.add(np.full((700, 28, 28), 255, np.uint8)).tolist() == [0]
    assert diverse.rejected == 699


def test_floats_are_judged_as_they_are():
    images = clustered(5, 300, 30)

    kept = DiverseSet(1.6).add(images / np.float32(255))

    assert kept.tolist() == plain_loop(images, 1.6)


def test_nothing_is_added_of_nothing():
    assert not len(DiverseSet(3.0).add(np.empty((0, 28, 28), np.uint8)))
