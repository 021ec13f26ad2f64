"""The values of one sample that success criteria judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.classes import count_labels, histogram_l1
from datagen_pate.evaluation.distances import average_pairwise_distance, nearest_distances
from datagen_pate.report.private_images import MEASURED, Reference, take_evenly

Sample = Mapping[str, Any]
Values = dict[str, float | None]


class Measures(NamedTuple):
    """What a sample measures.

    Attributes
    ----------
    values
        By the names of the success criteria; None for unknown ones.
    distances
        Of each image to the nearest private one, float32 `(n,)`; None where unknown.
    """

    values: Values
    distances: NDArray[np.float32] | None


def recall(sample: Sample) -> Measures:
    """Return what was measured when a sample was made, from its report."""
    report = json.loads(sample["report"])
    nearest = sample.get("nn_distance")
    known = nearest if nearest is not None and not np.isnan(nearest).any() else None
    return _sum_up(sample, known, report.get("diversity_ratio"), report.get("final_histogram_l1"))


def measure(sample: Sample, reference: Reference) -> Measures:
    """Measure a sample against private images."""
    nearest = ratio = l1 = None
    if reference.images is not None:
        nearest = nearest_distances(sample["images"], reference.images)
        ratio = compare_spread(sample["images"], reference.spread)
    if reference.counts is not None:
        l1 = histogram_l1(count_labels(sample["labels"]), reference.counts)
    return _sum_up(sample, nearest, ratio, l1)


def compare_spread(images: NDArray[np.uint8], spread: float | None) -> float | None:
    """Return the average distance of images, divided by `spread`; None where one is unknown."""
    own = average_pairwise_distance(take_evenly(images, MEASURED))
    return own / spread if own is not None and spread else None


def _sum_up(
    sample: Sample,
    nearest: NDArray[np.float32] | None,
    ratio: float | None,
    l1: float | None,
) -> Measures:
    """Return the values of a sample; without images, all are None."""
    confidence = sample.get("confidence")
    filled = len(sample["images"]) > 0
    values = {
        "average_confidence": _mean(confidence) if confidence is not None and filled else None,
        "diversity_ratio": ratio,
        "min_nn_distance": float(nearest.min()) if nearest is not None and filled else None,
        "histogram_l1_distance": l1 if filled else None,
    }
    return Measures(values, nearest)


def _mean(values: NDArray[np.float32]) -> float:
    return float(values.mean(dtype=np.float64))
