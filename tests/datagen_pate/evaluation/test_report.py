from __future__ import annotations

import json

import numpy as np
import pytest

from datagen_pate.evaluation import evaluate, judge
from datagen_pate.evaluation.shard_facts import ShardFacts


def points(*values):
    """Return an image for each tuple of values in [0, 1], which are its first pixels."""
    images = np.zeros((len(values), 28, 28), np.float32)
    for image, pixels in zip(images, values, strict=True):
        image[0, : len(pixels)] = pixels
    return images


@pytest.fixture
def report():
    """Evaluate two images at distance 1 beside a shard of two at distance 0.5."""
    shard = ShardFacts(points((0, 1), (0.5, 1)), np.array([3, 1] + [0] * 8))
    images = points((0,), (1,))
    return evaluate(images, np.array([0, 1]), np.float32([0.95, 0.85]), shard)


def test_diversity_is_the_ratio_of_average_distances(report):
    assert report["diversity"]["average_pairwise_distance"] == pytest.approx(1)
    assert report["diversity"]["diversity_ratio"] == pytest.approx(2)


def test_class_distributions_and_their_distance(report):
    found = report["class_distribution"]

    assert found["synthetic"]["0"] == found["synthetic"]["1"] == 1
    assert found["original"]["0"] == 3
    assert found["total_samples"] == 2
    assert found["histogram_l1_distance"] == pytest.approx(0.5)


def test_memorization_is_the_distance_to_the_nearest(report):
    near, far = 1, np.sqrt(1.25)
    found = report["memorization"]

    assert found["min_nn_distance"] == pytest.approx(near)
    assert found["max_nn_distance"] == pytest.approx(far)
    assert found["mean_nn_distance"] == pytest.approx((near + far) / 2)
    assert found["percentile_25"] == pytest.approx(near + 0.25 * (far - near))
    assert set(found) == {
        *(f"{name}_nn_distance" for name in ("min", "max", "mean", "median")),
        *(f"percentile_{p}" for p in (5, 25, 75, 95)),
    }


def test_resemblance_has_all_distances_between_both_sets(report):
    found = report["resemblance_to_shard"]
    cross = (1 + np.sqrt(1.25) + np.sqrt(2) + np.sqrt(1.25)) / 4

    assert found["average_cross_set_distance_bidirectional"] == pytest.approx(cross)
    assert found["nearest_neighbor_distances"]["std"] == pytest.approx((np.sqrt(1.25) - 1) / 2)
    assert found["reverse_nearest_neighbor_distances"]["max"] == pytest.approx(np.sqrt(1.25))
    assert "percentile_5" not in found["reverse_nearest_neighbor_distances"]


def test_similarity_score_is_the_originals_formula(report):
    near, far = 1, np.sqrt(1.25)
    score = 0.3 * 1 + 0.2 * 0.5 + 0.25 * (near + far) / 2 / 28 + 0.25 * near / 28

    assert report["similarity_score"] == pytest.approx(score)


def test_the_recorded_score_of_the_original_follows():
    ratio, l1, mean, least = 1.013, 0.168, 8.17, 4.03
    recorded = 0.3 * min(ratio / 1.5, 1) + 0.2 * (1 - l1) + 0.25 * (mean + least) / 28

    assert recorded == pytest.approx(0.4778, abs=1e-3)


def test_criteria_pass_fail_or_are_not_checked(report):
    criteria = report["success_criteria"]["criteria"]

    assert {name: each["result"] for name, each in criteria.items()} == {
        "average_confidence": "pass",
        "diversity_ratio": "pass",
        "min_nn_distance": "pass",
        "histogram_l1_distance": "fail",
    }
    assert report["success_criteria"]["passed"] == 3


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("average_confidence", 0.9, "pass"),
        ("average_confidence", 0.8999, "fail"),
        ("diversity_ratio", 0.75, "pass"),
        ("min_nn_distance", 0.99, "fail"),
        ("histogram_l1_distance", 0.2, "fail"),
        ("histogram_l1_distance", 0.1999, "pass"),
        ("histogram_l1_distance", None, "not_checked"),
    ],
)
def test_bounds_of_criteria(name, value, result):
    assert judge({name: value})["criteria"][name]["result"] == result


def test_without_a_shard_nothing_that_needs_it_counts_as_passed():
    report = evaluate(points((0,), (1,)), np.array([0, 1]), np.float32([1, 1]))

    assert report["success_criteria"]["passed"] == 1
    assert set(report["not_checked"]) == {
        "diversity_ratio", "min_nn_distance", "histogram_l1_distance"
    }  # fmt: skip
    assert report["memorization"] is report["resemblance_to_shard"] is None
    assert report["similarity_score"] is None


@pytest.mark.parametrize("count", [0, 1])
def test_sets_of_hardly_any_image_have_a_report(count):
    shard = ShardFacts(points((0,), (1,)), np.full(10, 1))
    report = evaluate(points((1,))[:count], np.zeros(count, int), np.ones(count), shard)

    assert report["metadata"]["num_synthetic_samples"] == count
    assert report["success_criteria"]["criteria"]["diversity_ratio"]["result"] == "not_checked"
    json.dumps(report, allow_nan=False)
