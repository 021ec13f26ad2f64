"""The report of a selection: the original's selection_report.json, and more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation import judge
from datagen_pate.evaluation.classes import CLASSES, histogram_l1, name_classes
from datagen_pate.evaluation.distances import Images, average_pairwise_distance
from datagen_pate.selection.candidates import Candidates, Counts, Funnel, Outcome
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.quotas import UNBOUNDED

_NO_IMAGES = "the images of the teacher's shard were not given"
_NO_COUNTS = "the class counts of the teacher's shard were not given"

PRIVACY = {
    "epsilon": "infinity",
    "reason": "labels, confidences and filters of one teacher depend on its private images",
}


class Account(NamedTuple):
    """The course of a selection; `shard_images` and `shard_counts` are None if unknown."""

    funnel: Funnel
    outcome: Outcome
    shard_images: Images | None
    shard_counts: Counts | None
    can_steer: bool


def write_report(account: Account, params: SelectionParams) -> dict[str, Any]:
    """Return the report in plain JSON types.

    The keys are the original's; paths are None here, and set where files are written.
    `samples_hash` is the SHA-256 of the pixels as stored. In addition: `rejected_quota`,
    `num_steered`, `bounds`, `below_minimum`; `checks`, which were done; `not_checked`, why others
    were not; `success_criteria`, where a criterion that was not checked does not count as passed.
    """
    funnel, kept = account.funnel, account.outcome.kept
    distance = average_pairwise_distance(kept.images)
    l1, ratio = _compare(account, distance)
    values = {"diversity_ratio": ratio, "histogram_l1_distance": l1} if len(kept) else {}
    return {
        "num_generated": funnel.generated,
        "num_selected": len(kept),
        "class_distribution": name_classes(kept.counts),
        "avg_confidence_per_class": _average_by_class(kept),
        "rejected_low_confidence": funnel.low_confidence,
        "rejected_diversity": account.outcome.diversity,
        "rejected_memorization": funnel.memorization,
        "used_latent_steering": name_classes(account.outcome.steered),
        "final_histogram_l1": l1,
        "diversity_ratio": ratio,
        "filters_applied": _list_filters(account, params),
        "statistics": {
            **_sum_up(kept.confidence),
            "average_pairwise_distance": distance,
            "diversity_ratio": ratio,
        },
        "candidate_pool_path": None,
        "teacher_model_path": None,
        "samples_path": None,
        "labels_path": None,
        "config_used": params.canonical(),
        "samples_hash": hash_images(kept.images),
        **_add_account(account, params),
        "success_criteria": _judge(account, values),
    }


def hash_images(images: Images) -> str:
    """Return the SHA-256 of the pixels of images."""
    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()


def _compare(account: Account, distance: float | None) -> tuple[float | None, float | None]:
    """Return histogram L1 and diversity ratio to the shard; None where it cannot be known."""
    l1 = ratio = None
    if account.shard_counts is not None:
        l1 = histogram_l1(account.outcome.kept.counts, account.shard_counts)
    if account.shard_images is not None:
        own = average_pairwise_distance(account.shard_images)
        ratio = distance / own if distance is not None and own else None
    return l1, ratio


def _average_by_class(kept: Candidates) -> dict[str, float | None]:
    parts = {label: kept.confidence[kept.labels == label] for label in range(CLASSES)}
    return {str(label): float(part.mean()) if len(part) else None for label, part in parts.items()}


def _sum_up(confidence: NDArray[np.float32]) -> dict[str, float | None]:
    laws: dict[str, Callable[[Any], Any]] = {
        "average": np.mean,
        "min": np.min,
        "max": np.max,
        "median": np.median,
    }
    return {
        f"{name}_confidence": float(law(confidence)) if len(confidence) else None
        for name, law in laws.items()
    }


def _list_filters(account: Account, params: SelectionParams) -> dict[str, Any]:
    return {
        "default_confidence_threshold": params.confidence_threshold,
        "rare_class_threshold": params.rare_class_threshold,
        "rare_classes": list(params.rare_classes),
        "min_per_class": params.min_per_class,
        "max_per_class": params.max_per_class,
        "memorization_check": not _say_why_not(account, params)["memorization"],
        "min_memorization_distance": params.min_memorization_distance,
        "class_quota": params.quota and account.shard_counts is not None,
        "quota_flexibility_percent": params.quota_flexibility_percent,
        "diversity_enforcement": params.diversity_threshold > 0,
        "diversity_threshold": params.diversity_threshold,
        "latent_steering_enabled": account.can_steer,
    }


def _add_account(account: Account, params: SelectionParams) -> dict[str, Any]:
    """Return entries that the original's report lacks."""
    outcome, kept = account.outcome, account.outcome.kept
    pool = int((~kept.steered).sum())
    reasons = _say_why_not(account, params)
    least = np.full(CLASSES, params.min_per_class)
    if outcome.lower is not None:
        least = np.minimum(least, outcome.lower)
    below = np.maximum(least - kept.counts, 0)
    return {
        "num_steered": len(kept) - pool,
        "rejected_quota": max(int(account.funnel.passing.sum()) - pool - outcome.diversity, 0),
        "bounds": {"least": _bound(outcome.lower), "most": _bound(outcome.upper)},
        "below_minimum": {name: n for name, n in name_classes(below).items() if n},
        "checks": {name: "not_checked" if why else "checked" for name, why in reasons.items()},
        "not_checked": {name: why for name, why in reasons.items() if why},
        "privacy": dict(PRIVACY),
    }


def _judge(account: Account, values: dict[str, float | None]) -> dict[str, Any]:
    """Return the success criteria of the values and of the images."""
    kept, found = account.outcome.kept, dict(values)
    if len(kept):
        found["average_confidence"] = float(kept.confidence.mean(dtype=np.float64))
        if account.shard_images is not None:
            found["min_nn_distance"] = float(kept.nn_distance.min())
    return judge(found)


def _say_why_not(account: Account, params: SelectionParams) -> dict[str, str | None]:
    """Return for each check why it was not done; None when it was."""
    images = _NO_IMAGES if account.shard_images is None else None
    counts = _NO_COUNTS if account.shard_counts is None else None
    return {
        "memorization": images if params.min_memorization_distance else "its least distance is 0",
        "quota": counts if params.quota else "quotas were turned off",
        "histogram_l1": counts,
        "diversity_ratio": images,
    }


def _bound(values: Counts | None) -> dict[str, int | None] | None:
    if values is None:
        return None
    return {name: n if n < UNBOUNDED else None for name, n in name_classes(values).items()}
