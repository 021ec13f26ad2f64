"""What selection and evaluation need to know of a teacher's shard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core import input_path
from datagen_pate.errors import PateError
from datagen_pate.evaluation.classes import CLASSES, count_labels
from datagen_pate.evaluation.distances import Images

if TYPE_CHECKING:
    from datagen_core import ParamSet


class ShardFacts(NamedTuple):
    """What is known of a teacher's shard; None stands for unknown.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, for distances.
    class_counts
        int64 `(10,)`, for quotas.
    """

    images: Images | None = None
    class_counts: NDArray[np.int64] | None = None


def find_shards(param_set: ParamSet) -> Path | None:
    """Return the file of all shards that a parameter set was made with; None without one."""
    reference = param_set.params.get("shards")
    return input_path(reference) if reference else None


def describe_shard(shard: Any) -> ShardFacts:
    """Return what is known of a shard.

    Parameters
    ----------
    shard
        Any object with `images`, `labels` and perhaps `class_counts`, which counts more than the
        labels; labels of -1 are unknown, and so are images when there are none. Also `ShardFacts`,
        which are returned as they are, or None for an unknown shard.

    Raises
    ------
    PateError
        When its images or labels have another shape, or a label is not from 0 to 9.
    """
    if shard is None or isinstance(shard, ShardFacts):
        return shard or ShardFacts()
    images, labels = np.asarray(shard.images), np.asarray(shard.labels)
    if images.shape != (len(labels), 28, 28) or images.dtype.kind not in "uf":
        raise PateError(
            f"a shard is images (n, 28, 28) and n labels, not {images.shape} and "
            f"{labels.shape}; read it again"
        )
    counts = getattr(shard, "class_counts", None)
    return ShardFacts(images if len(images) else None, _count(labels) if counts is None else counts)


def _count(labels: NDArray[Any]) -> NDArray[np.int64] | None:
    """Return the number of labels of each class; None where they are unknown."""
    if not len(labels) or labels.min() == labels.max() == -1:
        return None
    if not 0 <= labels.min() <= labels.max() < CLASSES:
        raise PateError(
            f"a shard's labels are from {labels.min()} to {labels.max()}; they must be from "
            f"0 to {CLASSES - 1}"
        )
    return count_labels(labels)


def read_class_counts(path: Path) -> NDArray[np.int64]:
    """Return the `class_distribution` of the original's `metadata.json`, int64 `(10,)`.

    Raises
    ------
    PateError
        When the file cannot be read, or does not hold counts by label.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["class_distribution"]
        counts = np.array([int(content.get(str(label), 0)) for label in range(CLASSES)])
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise PateError(
            f"{path} has no class_distribution of numbers by label; write it again"
        ) from None
    if counts.min() < 0:
        raise PateError(f"{path} counts {counts.min()} images of a class; write it again")
    return counts
