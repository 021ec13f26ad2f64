from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import nearest_distances
from datagen_pate.evaluation.shard_facts import ShardFacts
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.selecting import select
from pate_images import make_images, make_pool, read_teacher

ORIGINAL_KEYS = {
    "num_generated", "num_selected", "class_distribution", "avg_confidence_per_class",
    "rejected_low_confidence", "rejected_diversity", "rejected_memorization",
    "used_latent_steering", "final_histogram_l1", "diversity_ratio", "filters_applied",
    "statistics", "candidate_pool_path", "teacher_model_path", "samples_path", "labels_path",
    "config_used", "samples_hash",
}  # fmt: skip
FILTER_KEYS = {
    "default_confidence_threshold", "rare_class_threshold", "rare_classes", "min_per_class",
    "max_per_class", "memorization_check", "min_memorization_distance", "class_quota",
    "quota_flexibility_percent", "diversity_enforcement", "diversity_threshold",
    "latent_steering_enabled",
}  # fmt: skip
STATISTICS_KEYS = {
    "average_confidence", "min_confidence", "max_confidence", "median_confidence",
    "average_pairwise_distance", "diversity_ratio",
}  # fmt: skip


def choose(images, shard=None, seed=0, **params):
    rng = np.random.default_rng(seed)
    return select(make_pool(images), read_teacher, None, shard, SelectionParams(**params), rng)


def counts(selection):
    return np.bincount(selection.labels, minlength=10).tolist()


def make_shard(images):
    return SimpleNamespace(images=images, labels=np.arange(len(images)) % 10)


@pytest.fixture(scope="module")
def pool():
    """Return 3,000 images of all classes, with confidences from 0.5 to 1."""
    rng = np.random.default_rng(0)
    return make_images(rng.integers(0, 10, 3000), rng.uniform(0.5, 1, 3000), rng)


def test_confidence_has_a_threshold_of_its_own_for_rare_classes(pool):
    selection = choose(pool, rare_classes=[3])

    assert selection.confidence[selection.labels != 3].min() >= 0.9
    assert 0.7 <= selection.confidence[selection.labels == 3].min() < 0.72
    assert selection.report["rejected_low_confidence"] == 3000 - len(selection.labels)


def test_what_is_stored_is_what_was_labelled(pool):
    selection = choose(pool, max_per_class=200)
    probabilities = read_teacher(selection.images)

    assert np.array_equal(probabilities.argmax(axis=1), selection.labels)
    assert np.array_equal(probabilities.max(axis=1), selection.confidence)


def test_copies_of_the_shard_are_refused_and_distances_kept(pool):
    shard = make_shard(pool[:100])
    selection = choose(pool, shard, min_memorization_distance=1.0)

    copies = read_teacher(pool[:100])
    known = (copies.max(axis=1) >= np.where(np.isin(copies.argmax(axis=1), [1, 8]), 0.7, 0.9)).sum()
    assert selection.report["rejected_memorization"] == known > 0
    assert selection.nn_distance.min() >= 1.0
    assert np.array_equal(selection.nn_distance, nearest_distances(selection.images, shard.images))


def test_without_a_shard_checks_are_named_that_were_not_done(pool):
    selection = choose(pool)
    report = selection.report

    assert np.isnan(selection.nn_distance).all()
    assert set(report["checks"].values()) == {"not_checked"}
    assert set(report["not_checked"]) == {
        "memorization", "quota", "histogram_l1", "diversity_ratio"
    }  # fmt: skip
    assert report["final_histogram_l1"] is report["diversity_ratio"] is None
    assert not report["filters_applied"]["memorization_check"]


def test_class_counts_alone_allow_quotas_but_no_distances(pool):
    facts = ShardFacts(None, np.full(10, 24))
    report = choose(pool, facts, min_per_class=0).report

    assert report["checks"]["quota"] == report["checks"]["histogram_l1"] == "checked"
    assert report["final_histogram_l1"] <= 0.2
    assert report["checks"]["memorization"] == "not_checked"


def test_report_has_the_originals_keys_and_is_json(pool):
    report = choose(pool, make_shard(pool[:50])).report

    assert set(report) >= ORIGINAL_KEYS
    assert set(report["filters_applied"]) == FILTER_KEYS
    assert set(report["statistics"]) == STATISTICS_KEYS
    assert report["privacy"]["epsilon"] == "infinity"
    json.dumps(report, allow_nan=False)


def test_report_counts_every_candidate_once(pool):
    report = choose(pool, make_shard(pool[:50]), max_per_class=150, diversity_threshold=8).report

    rejected = ("low_confidence", "memorization", "diversity", "quota")
    assert report["num_generated"] == 3000
    assert report["num_selected"] + sum(report[f"rejected_{name}"] for name in rejected) == 3000


@pytest.mark.parametrize("compat", [None, "original"])
@pytest.mark.parametrize("size", [0, 50])
def test_an_empty_selection_is_a_result_with_a_report(size, compat):
    selection = choose(make_images(np.zeros(size, int), 0.3), compat=compat, target_samples=5)

    assert selection.images.shape == (0, 28, 28)
    assert selection.report["num_selected"] == 0
    assert selection.report["statistics"]["average_confidence"] is None
    json.dumps(selection.report, allow_nan=False)


def test_bounds_hold_without_a_shard(pool):
    selection = choose(pool, min_per_class=0, max_per_class=20)

    assert counts(selection) == [20] * 10


def test_max_per_class_takes_the_most_confident(pool):
    selection = choose(pool, min_per_class=0, max_per_class=20, diversity_threshold=0)

    probabilities = read_teacher(pool)
    of_class = np.sort(probabilities[probabilities.argmax(axis=1) == 4].max(axis=1))
    assert np.array_equal(selection.confidence[selection.labels == 4], of_class[:-21:-1])


def test_quota_false_keeps_all_that_pass(pool):
    everything = choose(pool, quota=False, max_per_class=20, min_per_class=0)

    assert everything.report["rejected_quota"] == 0
    assert max(counts(everything)) > 20


def with_copies():
    """Return 40 images of class 0: the ten most confident ones are copies of one image."""
    images = make_images(np.zeros(40, int), np.linspace(0.99, 0.93, 40))
    images[:10, 1:] = images[0, 1:]
    return images


def test_what_the_diversity_filter_takes_is_refilled_up_to_the_bound():
    selection = choose(with_copies(), min_per_class=0, max_per_class=12)

    assert counts(selection)[0] == 12
    assert selection.report["rejected_diversity"] == 9


def test_original_does_not_refill():
    selection = choose(with_copies(), min_per_class=12, max_per_class=12, compat="original")

    assert counts(selection)[0] == 3
    assert selection.report["rejected_diversity"] == 9


def test_original_without_a_shard_keeps_the_least_number_of_each_class(pool):
    for quota in (True, False):
        selection = choose(pool, min_per_class=15, quota=quota, compat="original")
        assert counts(selection) == [15] * 10


def test_target_count_keeps_classes_in_balance_and_the_original_does_not():
    confidence = np.where(np.arange(400) % 4, 0.95, 0.99)  # class 0 is the most confident one
    images = make_images(np.arange(400) % 4, confidence)

    assert counts(choose(images, target_samples=40))[:4] == [10] * 4
    assert counts(choose(images, target_samples=40, compat="original"))[:4] == [40, 0, 0, 0]


def test_target_count_follows_the_shares_of_the_shard(pool):
    shard = ShardFacts(None, np.array([4, 2, 1, 1, 1, 1, 1, 1, 1, 1]))
    selection = choose(pool, shard, target_samples=70, min_per_class=0)

    assert counts(selection) == [20, 10, 5, 5, 5, 5, 5, 5, 5, 5]


def test_blocks_of_a_pool_do_not_matter(pool):
    params, rng = SelectionParams(max_per_class=30, min_per_class=0), np.random.default_rng(0)
    selections = [
        select(make_pool(pool, block), read_teacher, None, None, params, rng) for block in (7, 3000)
    ]

    for ours, theirs in zip(selections[0][:5], selections[1][:5], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert selections[0].report == selections[1].report


def test_memory_is_that_of_the_kept_not_of_the_pool(monkeypatch):
    from datagen_pate.selection import screening

    largest = []
    most_confident = screening.most_confident
    monkeypatch.setattr(
        screening, "most_confident", lambda held, limits: largest.append(len(held))
        or most_confident(held, limits),
    )  # fmt: skip
    images = make_images(np.arange(200) % 10, 0.95)
    blocks = ((start, None, images) for start in range(0, 40_000, 200))
    params = SelectionParams(min_per_class=1, max_per_class=5)
    select(blocks, read_teacher, None, None, params, np.random.default_rng(0))

    assert max(largest) <= 2 * 3 * 5 * 10 + 200


def test_original_decides_on_floats_and_stores_uint8(pool):
    floats = pool / np.float32(255)

    selection = choose(floats, compat="original", min_per_class=20)
    stored = choose(pool, compat="original", min_per_class=20)

    assert selection.images.dtype == np.uint8
    assert np.array_equal(selection.images, stored.images)


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (np.zeros((5, 27, 28), np.uint8), r"not \(5, 27, 28\)"),
        (np.full((5, 28, 28), np.nan, np.float32), "without NaN"),
        (np.full((5, 28, 28), 1.5, np.float32), "from 0 to 1"),
        (np.zeros((5, 28, 28), np.int64), "are uint8"),
    ],
)
def test_pools_of_something_else_are_refused(images, complaint):
    with pytest.raises(PateError, match=complaint):
        choose(images)


def test_teachers_of_other_classes_are_refused(pool):
    with pytest.raises(PateError, match="a classifier of 10 classes"):
        select(
            make_pool(pool), lambda images: np.ones((len(images), 47)), None, None,
            SelectionParams(), np.random.default_rng(0),
        )  # fmt: skip


def test_labels_of_a_shard_are_checked(pool):
    shard = SimpleNamespace(images=pool[:3], labels=np.array([0, 3, 11]))
    with pytest.raises(PateError, match="labels are from 0 to 11"):
        choose(pool, shard)


def test_images_with_a_channel_are_taken(pool):
    assert len(choose(pool[:100, None]).labels) == len(choose(pool[:100]).labels)


def test_report_names_classes_below_the_least_number_that_is_wanted():
    images = make_images(np.repeat([0, 1], [10, 3]), 0.95)

    below = choose(images, min_per_class=5).report["below_minimum"]
    assert below == {"1": 2, **{str(label): 5 for label in range(2, 10)}}
    assert choose(images, min_per_class=5, quota=False).report["below_minimum"] == {}


def test_with_a_shard_every_class_is_within_its_bounds_in_the_end(pool):
    images = pool.copy()
    sevens = pool[:, 0, 0] // 20 == 7
    images[sevens, 1:], images[sevens, 0, 2:] = 9, 9  # alike: the diversity filter keeps one
    shard = ShardFacts(None, np.array([4, 2, 1, 1, 1, 1, 1, 1, 1, 1]))
    report = choose(images, shard, min_per_class=1, diversity_threshold=2.0).report

    bounds, counts = report["bounds"], report["class_distribution"]
    assert counts["7"] == 1
    assert all(
        bounds["least"][label] <= count <= bounds["most"][label] for label, count in counts.items()
    )
