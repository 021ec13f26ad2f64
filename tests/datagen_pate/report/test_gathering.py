"""What is gathered of samples without holding them: distributions, picks, places."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.evaluation.distances import average_pairwise_distance
from datagen_pate.evaluation.shard_facts import ShardFacts
from datagen_pate.report.distribution import Distribution
from datagen_pate.report.gathering import MOST, ClassPicks, Findings
from datagen_pate.report.measuring import measure, recall
from datagen_pate.report.private_images import Reference, choose_evenly

RNG = np.random.default_rng(0)


def make_sample(n, label=3, confidence=0.95, nearest=2.0):
    return {
        "images": RNG.integers(0, 256, (n, 28, 28), np.uint8),
        "labels": np.full(n, label, np.uint8),
        "confidence": np.full(n, confidence, np.float32),
        "nn_distance": np.full(n, nearest, np.float32),
        "steered": np.arange(n) % 2 == 0,
        "report": json.dumps({"diversity_ratio": 0.8, "final_histogram_l1": 0.1}),
    }


def gather(*samples, references=None):
    findings = Findings(len(samples), sum(len(each["images"]) for each in samples))
    for k, each in enumerate(samples):
        findings.add(k, each, references[k] if references else Reference(), recall(each))
    return findings


def value_of(criteria, name):
    return criteria["criteria"][name]["value"]


@given(st.integers(0, 200), st.integers(1, 50))
def test_places_are_even_and_each_is_there_once(count, most):
    places = choose_evenly(count, most)

    assert len(places) == min(count, most)
    assert len(set(places.tolist())) == len(places)
    assert all(0 <= place < count for place in places)
    assert len(set(np.diff(places).tolist())) <= 2


def test_a_distribution_is_that_of_all_parts():
    values, marked = RNG.random(1000, np.float32), RNG.random(1000) < 0.2
    parts = Distribution(1.0, 10)
    for rows in np.array_split(np.arange(1000), 7):
        parts.add(values[rows], marked[rows])

    assert parts.counts[1].tolist() == np.histogram(values[marked], 10, (0, 1))[0].tolist()
    assert parts.counts.sum() == parts.size == 1000
    assert parts.mean == pytest.approx(values.mean())
    assert (parts.least, parts.greatest) == (values.min(), values.max())


def test_picks_come_from_as_many_samples_as_possible():
    picks = ClassPicks(4)
    for k in range(4):
        picks.add(k, np.full((50, 28, 28), k, np.uint8), np.full(50, 7))
    shown = picks.by_class

    assert [len(images) for images in shown] == 7 * [0] + [MOST] + 2 * [0]
    assert np.bincount(shown[7][:, 0, 0]).tolist() == 4 * [MOST // 4]


def test_picks_are_all_images_where_there_are_few():
    picks = ClassPicks(1)
    picks.add(0, np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8),
              np.array([0, 1, 0, 1, 0, 0]))  # fmt: skip

    assert sorted(picks.by_class[0][:, 0, 0]) == [0, 2, 4, 5]


def test_overall_values_are_those_of_all_images():
    one, other = make_sample(30, 1, 0.9, 3.0), make_sample(10, 2, 0.5, 1.5)
    overall = gather(one, other).judge()

    assert value_of(overall, "average_confidence") == pytest.approx(0.8)
    assert value_of(overall, "min_nn_distance") == 1.5


def test_what_is_unknown_of_one_sample_is_unknown_of_all():
    overall = gather(make_sample(5), make_sample(5, nearest=np.nan)).judge()

    assert value_of(overall, "min_nn_distance") is None
    assert overall["criteria"]["min_nn_distance"]["result"] == "not_checked"


def test_a_sample_without_images_takes_nothing_from_the_others():
    overall = gather(make_sample(5), make_sample(0)).judge()

    assert value_of(overall, "min_nn_distance") == 2.0


def test_overall_diversity_and_classes_are_those_of_joined_sets():
    shards = [RNG.integers(0, 100, (8, 28, 28), np.uint8) for _ in range(2)]
    counts = [np.eye(10, dtype=np.int64)[label] * 8 for label in (1, 2)]
    references = [Reference.of(ShardFacts(*each)) for each in zip(shards, counts, strict=True)]
    samples = make_sample(6, 1), make_sample(6, 3)
    overall = gather(*samples, references=references).judge()
    own, other = (
        average_pairwise_distance(np.concatenate(sets))
        for sets in ([each["images"] for each in samples], shards)
    )

    assert value_of(overall, "diversity_ratio") == pytest.approx(own / other)
    assert value_of(overall, "histogram_l1_distance") == pytest.approx(1.0)


def test_counts_of_half_of_the_shards_are_not_those_of_all():
    known = Reference(counts=np.ones(10, np.int64))

    assert gather(make_sample(3), references=[known]).private_counts is not None
    findings = gather(make_sample(3), make_sample(3), references=[known, Reference()])
    assert findings.private_counts is None


def test_steered_images_are_counted_by_class():
    findings = gather(make_sample(5, 4), make_sample(3, 6))

    assert findings.steered.tolist() == [0, 0, 0, 0, 3, 0, 2, 0, 0, 0]
    assert findings.confidence.counts.sum(axis=1).tolist() == [3, 5]


def test_one_image_has_no_diversity():
    sample = make_sample(1)
    reference = Reference.of(ShardFacts(RNG.integers(0, 256, (3, 28, 28), np.uint8)))
    values, distances = measure(sample, reference)

    assert values["diversity_ratio"] is None
    assert values["min_nn_distance"] == distances[0]
    assert values["histogram_l1_distance"] is None
