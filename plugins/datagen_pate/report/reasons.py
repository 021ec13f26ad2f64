"""Why success criteria were not checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen_pate.report.gathering import Findings

_NO_SHARDS = "the shards are not at hand; name them with --shards"
_PARTS = {
    "average_confidence": "samples hold no confidence, since it would tell of private images",
    "diversity_ratio": "the shards hold no images of some teachers, or there are too few images",
    "min_nn_distance": "the distances of some images to private ones are not known",
    "histogram_l1_distance": "the class counts of some shards are not known",
}


def say_why_not(
    overall: Mapping[str, Any], findings: Findings, *, has_shards: bool
) -> dict[str, str]:
    """Return a reason for each criterion that was not checked over all, by its name.

    Parameters
    ----------
    has_shards
        Whether there is a file of shards.
    """
    names = [name for name, each in overall["criteria"].items() if each["result"] == "not_checked"]
    if not findings.size:
        return dict.fromkeys(names, "there are no images")
    lacking = {name for name in names if name != "average_confidence" and not has_shards}
    return {name: _NO_SHARDS if name in lacking else _PARTS[name] for name in names}
