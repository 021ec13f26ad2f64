"""The original's evaluation_report.json: its keys and formulas, in blocks instead of N x N."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.classes import count_labels, histogram_l1, name_classes
from datagen_pate.evaluation.distances import (
    Images,
    average_cross_distance,
    average_pairwise_distance,
    nearest_distances,
)
from datagen_pate.evaluation.shard_facts import ShardFacts

_FAR = 28.0
"""The largest distance of two images, in [0, 1]; the original's score grows up to it."""

_PERCENTILES = (5, 25, 75, 95)
_SHARD_IMAGES = "the images of the shard were not given"
_SHARD_LABELS = "the labels of the shard were not given"

_INTERPRETATION = {
    "average_cross_set_distance": "mean distance of a synthetic image to one of the shard; near "
    "the shard's own average pairwise distance when both fill the same region",
    "nearest_neighbor_distances": "from each synthetic image to the nearest of the shard; a value "
    "near 0 is a copy",
    "reverse_nearest_neighbor_distances": "from each image of the shard to the nearest synthetic "
    "one; a large value is an image that the set does not cover",
    "similarity_score": "the original's score from 0 to 1; it rewards distance from the shard, so "
    "it measures novelty and diversity rather than likeness",
}


REQUIRED: Mapping[str, tuple[str, float]] = {
    "average_confidence": (">=", 0.9),
    "diversity_ratio": (">=", 0.75),
    "min_nn_distance": (">=", 1.0),
    "histogram_l1_distance": ("<", 0.2),
}
"""For each criterion how its value is compared, and with what bound."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<": operator.lt}


def judge(
    values: Mapping[str, float | None], required: Mapping[str, tuple[str, float]] = REQUIRED
) -> dict[str, Any]:
    """Return for each criterion its value, what is required, and `pass`, `fail` or `not_checked`.

    None stands for a value that is unknown: its criterion is `not_checked`, and does not count as
    passed. `passed`, `failed` and `not_checked` count the criteria.
    """
    judged = {
        name: {
            "value": values.get(name),
            "required": f"{sign} {bound}",
            "result": _compare(values.get(name), sign, bound),
        }
        for name, (sign, bound) in required.items()
    }
    results = [each["result"] for each in judged.values()]
    counts = {"passed": "pass", "failed": "fail", "not_checked": "not_checked"}
    return {"criteria": judged} | {name: results.count(word) for name, word in counts.items()}


def _compare(value: float | None, sign: str, bound: float) -> str:
    if value is None:
        return "not_checked"
    return "pass" if _COMPARE[sign](value, bound) else "fail"


def evaluate(
    images: Images,
    labels: NDArray[Any] | None = None,
    confidence: NDArray[Any] | None = None,
    shard: ShardFacts | None = None,
) -> dict[str, Any]:
    """Return the evaluation of a synthetic set, in plain JSON types.

    Keys and formulas are those of the original's evaluate_synthetic: `diversity`,
    `class_distribution`, `memorization`, `resemblance_to_shard`, `similarity_score`, `metadata`,
    whose paths are None here. In addition: `success_criteria` (see `judge`), and `not_checked` with
    the reason for each part that is None. Memory grows with the set, by 512 distances per image.

    Parameters
    ----------
    images
        `(n, 28, 28)`, uint8 or float32 in [0, 1]; may be empty.
    labels, confidence
        One per image; None where unknown.
    shard
        The private images of the teacher, and how many there are of each class.
    """
    known = shard or ShardFacts()
    there = None if known.images is None or not len(known.images) else known.images
    diversity = _measure_diversity(images, there)
    classes = _compare_classes(labels, known.class_counts)
    nearest = None
    if there is not None and len(images):
        nearest = nearest_distances(images, there)
    report = {
        "diversity": diversity,
        "class_distribution": classes,
        "memorization": None if nearest is None else _describe_nearest(nearest),
        "resemblance_to_shard": _compare_sets(images, there, nearest),
        "similarity_score": _score(diversity, classes, nearest),
        "metadata": _describe_files(len(images), None if there is None else len(there)),
        "not_checked": _say_why_not(images, labels, confidence, known),
    }
    return report | {"success_criteria": _judge(report, confidence)}


def _measure_diversity(images: Images, there: Images | None) -> dict[str, float | None]:
    own = average_pairwise_distance(images)
    other = None if there is None else average_pairwise_distance(there)
    ratio = own / other if own is not None and other else None
    return {
        "average_pairwise_distance": own,
        "original_average_pairwise_distance": other,
        "diversity_ratio": ratio,
    }


def _compare_classes(labels: NDArray[Any] | None, original: NDArray[Any] | None) -> dict[str, Any]:
    counts = None if labels is None else count_labels(labels)
    l1 = None
    if counts is not None and original is not None:
        l1 = histogram_l1(counts, original)
    return {
        "synthetic": None if counts is None else name_classes(counts),
        "total_samples": None if labels is None else len(labels),
        "original": None if original is None else name_classes(original),
        "histogram_l1_distance": l1,
    }


def _describe_nearest(nearest: NDArray[np.float32]) -> dict[str, float]:
    """Return the figures under the names of the section `memorization`."""
    found = _sum_up(nearest, with_percentiles=True)
    named = {f"{name}_nn_distance": found[name] for name in ("min", "max", "mean", "median")}
    return named | {name: found[name] for name in found if name.startswith("percentile")}


def _sum_up(distances: NDArray[np.float32], *, with_percentiles: bool) -> dict[str, float]:
    exact = distances.astype(np.float64)
    found = {name: float(getattr(np, name)(exact)) for name in ("min", "max", "mean", "median")}
    found["std"] = float(exact.std())
    if with_percentiles:
        values = np.percentile(exact, _PERCENTILES)
        found |= {f"percentile_{p}": float(v) for p, v in zip(_PERCENTILES, values, strict=True)}
    return found


def _compare_sets(
    images: Images, there: Images | None, nearest: NDArray[np.float32] | None
) -> dict[str, Any] | None:
    if there is None or nearest is None:
        return None
    cross = average_cross_distance(images, there)
    reverse = nearest_distances(there, images)
    return {
        "average_cross_set_distance_synthetic_to_shard": cross,
        "average_cross_set_distance_shard_to_synthetic": cross,
        "average_cross_set_distance_bidirectional": cross,
        "nearest_neighbor_distances": _sum_up(nearest, with_percentiles=True),
        "reverse_nearest_neighbor_distances": _sum_up(reverse, with_percentiles=False),
        "interpretation": dict(_INTERPRETATION),
    }


def _score(
    diversity: dict[str, float | None],
    classes: dict[str, Any],
    nearest: NDArray[np.float32] | None,
) -> float | None:
    """Return 0.3 min(ratio / 1.5, 1) + 0.2 max(0, 1 - L1) + 0.25 (mean + min NN, each / 28)."""
    ratio, l1 = diversity["diversity_ratio"], classes["histogram_l1_distance"]
    if ratio is None or l1 is None or nearest is None:
        return None
    mean, least = (min(float(law(nearest)) / _FAR, 1) for law in (np.mean, np.min))
    fraction: float = 0.3 * min(ratio / 1.5, 1) + 0.2 * max(0, 1 - l1) + 0.25 * (mean + least)
    return fraction


def _describe_files(synthetic: int, original: int | None) -> dict[str, Any]:
    return {
        "synthetic_samples_path": None,
        "synthetic_labels_path": None,
        "original_shard_path": None,
        "num_synthetic_samples": synthetic,
        "num_original_samples": original,
    }


def _say_why_not(
    images: Images,
    labels: NDArray[Any] | None,
    confidence: NDArray[Any] | None,
    shard: ShardFacts,
) -> dict[str, str]:
    """Return why parts are missing, by their names in `success_criteria` and this report."""
    empty = None if len(images) else "the set is empty"
    single = None if len(images) > 1 else "the set has fewer than two images"
    no_images = _SHARD_IMAGES if shard.images is None else None
    no_counts = _SHARD_LABELS if shard.class_counts is None else None
    no_labels = "the labels of the set were not given" if labels is None else None
    no_confidence = "the labels have no confidence" if confidence is None else None
    reasons = {
        "average_confidence": empty or no_confidence,
        "diversity_ratio": no_images or single,
        "min_nn_distance": no_images or empty,
        "histogram_l1_distance": no_counts or no_labels or empty,
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _judge(report: dict[str, Any], confidence: NDArray[Any] | None) -> dict[str, Any]:
    average = None
    if confidence is not None and len(confidence):
        average = float(confidence.mean(dtype=np.float64))
    skipped = report["not_checked"]
    values = {
        "average_confidence": average,
        "diversity_ratio": report["diversity"]["diversity_ratio"],
        "min_nn_distance": (report["memorization"] or {}).get("min_nn_distance"),
        "histogram_l1_distance": report["class_distribution"]["histogram_l1_distance"],
    }
    return judge({name: None if name in skipped else value for name, value in values.items()})
