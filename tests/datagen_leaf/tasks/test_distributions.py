import numpy as np
import pytest

from datagen_leaf.tasks import distributions
from datagen_leaf.tasks.distributions import (
    cut_sizes,
    draw_mixture,
    fast_stream,
    feature_scales,
    label,
    offsets_of,
    place_features,
    shared_stream,
)


def test_sizes_are_cut():
    values = np.array([0.0, 0.99, 7.5, 994.9, 996.0, 1e300, np.inf])

    assert cut_sizes(values, 5, 1000).tolist() == [5, 5, 12, 999, 1000, 1000, 1000]


def test_offsets_are_the_borders_of_tasks():
    assert offsets_of(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]


@pytest.mark.parametrize("num_dim", [1, 60, 300])
def test_scales_are_those_of_the_diagonal_covariance(num_dim):
    covariance = np.diag([(j + 1) ** -1.2 for j in range(num_dim)])
    _, spectrum, rotation = np.linalg.svd(covariance)

    assert np.array_equal(np.diag(feature_scales(num_dim)), np.sqrt(spectrum)[:, None] * rotation)


def test_features_are_scaled_and_moved():
    x = np.ones((3, 2))
    place_features(x, np.array([0, 2, 2, 3]), np.array([[10.0, 20.0], [0.0, 0.0], [-1.0, -2.0]]))

    assert np.allclose(x - 2**-0.6 * np.array([0, 1]), [[11, 20], [11, 20], [0, -2]])


@pytest.mark.parametrize("products", [1, 30, 2**18])
def test_labels_are_the_highest_scores(monkeypatch, products):
    monkeypatch.setattr(distributions, "_PRODUCTS", products)
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(30, 4)), random.normal(size=(30, 3))
    models = random.normal(size=(2, 5, 3))
    expected = [
        (np.append(1, row) @ models[int(place >= 20)] + noise[place]).argmax()
        for place, row in enumerate(x)
    ]

    assert label(x, np.array([0, 20, 30]), list(models), noise).tolist() == expected


def test_the_mixture_is_drawn_in_the_order_of_leaf():
    numbers = iter(range(100))
    mixture = draw_mixture(
        lambda shape: (
            np.array([next(numbers) for _ in range(np.prod(shape, dtype=int))])
            .reshape(shape)
            .astype(float)
        ),
        num_dim=1,
        num_classes=3,
        num_clusters=2,
    )

    assert np.array_equal(mixture.basis.ravel(), np.arange(12))
    assert mixture.means.tolist() == [[12 + 13, 12 + 14], [15 + 16, 15 + 17]]


def test_shared_streams_differ_by_seed_and_purpose():
    drawn = {shared_stream(seed, purpose).random() for seed in (0, 1) for purpose in (1, 2)}

    assert len(drawn) == 4
    assert shared_stream(1, 2).random() in drawn


def test_the_fast_stream_follows_from_the_batch_alone():
    fresh, used = np.random.default_rng(5), np.random.default_rng(5)
    used.random(100)

    assert fast_stream(fresh).random() == fast_stream(used).random()
    assert fast_stream(fresh).random() != fast_stream(np.random.default_rng(6)).random()
