"""The law of stream `counter` against theory, and against stream `leaf`.

Seeds are fixed. Bounds are four to five standard errors, so another seed would pass too.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest

from datagen_leaf.leaf_synthetic import leaf_synthetic, mixture_of
from datagen_leaf.tasks.params import LeafSyntheticParams
from leaf_tasks import make

TASKS = 2000
CLUSTERS = (0.2, 0.3, 0.5)
SHAPE = {"num_dim": 10, "num_classes": 4, "prob_clusters": CLUSTERS}


@pytest.fixture(scope="module", params=["counter", "leaf"])
def tasks(request):
    params = LeafSyntheticParams(stream=request.param, **SHAPE)
    return params, make(leaf_synthetic, params, TASKS, seed=11)


def kolmogorov_smirnov(values, cumulative):
    """Return the largest difference from a continuous law, times the square root of the number."""
    values = np.sort(values)
    expected = np.array([cumulative(value) for value in values])
    steps = np.arange(len(values) + 1) / len(values)
    return math.sqrt(len(values)) * max(
        abs(expected - steps[:-1]).max(), abs(expected - steps[1:]).max()
    )


def test_sizes_are_cut_log_normal(tasks):
    sizes = tasks[1]["x"].lengths
    law = NormalDist(3, 2)

    assert (sizes.min(), sizes.max()) == (5, 1000)
    for size in (5, 10, 25, 64, 200, 999):  # P(size <= s) = P(value < s - 5 + 1)
        expected = law.cdf(math.log(size - 4))
        assert abs((sizes <= size).mean() - expected) < 4.5 * math.sqrt(0.25 / TASKS)


def test_features_vary_within_a_task_as_they_should(tasks):
    within = np.concatenate([x - x.mean(axis=0) for x in tasks[1]["x"]])
    freedom = len(within) - TASKS
    ratio = (within**2).sum(axis=0) / freedom * np.arange(1, 11) ** 1.2

    assert np.abs(ratio - 1).max() < 4.5 * math.sqrt(2 / freedom)
    correlation = np.corrcoef(within.T) - np.eye(10)
    assert np.abs(correlation).max() < 5 / math.sqrt(freedom)


def test_locations_have_variance_two_and_covariance_one(tasks):
    long = [x.mean(axis=0) for x in tasks[1]["x"] if len(x) >= 50]
    covariance = np.cov(np.array(long).T)
    error = 5 * math.sqrt(8 / len(long))

    assert np.abs(np.diag(covariance) - 2).max() < error
    assert np.abs(covariance[~np.eye(10, dtype=bool)] - 1).max() < error


def test_features_are_normal(tasks):
    scales = np.arange(1, 11) ** -0.6
    firsts = [(x[0] - x[1]) / (scales * math.sqrt(2)) for x in tasks[1]["x"]]

    assert kolmogorov_smirnov(np.concatenate(firsts), NormalDist().cdf) < 2


def test_clusters_have_their_probabilities(tasks):
    shares = np.bincount(tasks[1]["cluster"], minlength=3) / TASKS

    assert np.abs(shares - CLUSTERS).max() < 4.5 * math.sqrt(0.25 / TASKS)


def test_models_lie_around_the_means_of_their_clusters(tasks):
    params, made = tasks
    apart = (made["model_info"] - mixture_of(params, 11).means[made["cluster"]]) / 0.1

    assert kolmogorov_smirnov(apart.ravel(), NormalDist().cdf) < 2
    assert np.abs(np.corrcoef(apart.T) - np.eye(3)).max() < 4.5 / math.sqrt(TASKS)


def test_noise_is_what_separates_labels_from_the_true_model(tasks):
    """A label is of class c with the probability that c has the highest score, noise included."""
    params, made = tasks
    basis = mixture_of(params, 11).basis
    expected = found = 0.0
    for x, y, info in zip(made["x"], made["y"], made["model_info"], strict=True):
        scores = np.sort(x @ (basis @ info)[1:] + (basis @ info)[0], axis=1)
        top = (x @ (basis @ info)[1:] + (basis @ info)[0]).argmax(axis=1)
        gap = (scores[:, -1] - scores[:, -2]) / (0.1 * math.sqrt(2))
        expected += sum(NormalDist().cdf(-value) for value in gap[gap < 6].tolist())
        found += (y != top).sum()

    assert found == pytest.approx(expected, rel=0.1)


def test_counter_has_no_correlation_of_sizes_with_the_models():
    short = {"size_mu": 2.0, "size_sigma": 1.0}
    found = {}
    for stream in ("counter", "leaf"):
        params = LeafSyntheticParams(stream=stream, **short)
        logarithms = np.log(make(leaf_synthetic, params, 300, seed=2)["y"].lengths - 4.5)
        found[stream] = np.corrcoef(logarithms, mixture_of(params, 2).basis.ravel()[:300])[0, 1]

    assert abs(found["counter"]) < 4.5 / math.sqrt(300)
    assert found["leaf"] > 0.9


def test_both_streams_share_a_law_of_labels():
    """The share of a task's most frequent class, compared by two-sample Kolmogorov-Smirnov."""
    shares = []
    for stream in ("counter", "leaf"):
        params = LeafSyntheticParams(stream=stream, num_dim=10, sizes=[40] * 600)
        made = [make(leaf_synthetic, params, 30, seed=seed) for seed in range(20)]
        shares.append(sorted(np.bincount(y).max() for one in made for y in one["y"]))
    grid = np.arange(41)
    steps = [np.searchsorted(sample, grid, side="right") / len(sample) for sample in shares]

    # Tasks of one seed share Q, so there are fewer independent ones than tasks.
    assert np.abs(steps[0] - steps[1]).max() < 0.15
