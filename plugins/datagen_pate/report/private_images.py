"""The private images that samples are compared with: of one teacher, or of all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.distances import Images, average_pairwise_distance
from datagen_pate.evaluation.shard_facts import ShardFacts, describe_shard
from datagen_pate.teachers import read_shard

MEASURED = 5_000
"""The most images on which average distances are measured."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Private images that a sample is compared with; None stands for unknown.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, at least one.
    counts
        Images of each class, int64 `(10,)`.
    spread
        Average distance of two of the images.
    """

    images: Images | None = None
    counts: NDArray[np.int64] | None = None
    spread: float | None = None

    @classmethod
    def of(cls, facts: ShardFacts) -> Reference:
        """Return what is known of a shard, and measure it."""
        if facts.images is None:
            return cls(None, facts.class_counts)
        spread = average_pairwise_distance(take_evenly(facts.images, MEASURED))
        return cls(facts.images, facts.class_counts, spread)


@dataclass(frozen=True)
class PrivateImages:
    """The shards of all teachers.

    Attributes
    ----------
    shards
        The file `shards.npz`.
    joined
        The number of teachers that label a sample together; None where sample k is teacher k's.
    """

    shards: Path
    joined: int | None = None

    def reference(self, index: int) -> Reference:
        """Return the private images of a sample.

        Raises
        ------
        PateError
            When the file holds something else, or lacks the teacher.
        """
        if self.joined is None:
            return Reference.of(describe_shard(read_shard(self.shards, index)))
        return self._all

    @cached_property
    def _all(self) -> Reference:
        """The images of all teachers together; unknown where one teacher's are."""
        facts = [describe_shard(read_shard(self.shards, k)) for k in range(self.joined or 0)]
        images = [each.images for each in facts if each.images is not None]
        counts = [each.class_counts for each in facts if each.class_counts is not None]
        joined: Any = np.concatenate(images) if len(images) == len(facts) else None
        total = np.sum(counts, axis=0) if len(counts) == len(facts) else None
        return Reference.of(ShardFacts(joined, total))


def take_evenly(images: Images, most: int) -> Images:
    """Return at most `most` images, evenly spread over their order."""
    return images[choose_evenly(len(images), most)]


def choose_evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return at most `most` places out of `count`, ascending and evenly spread."""
    return np.arange(min(count, most), dtype=np.int64) * count // max(min(count, most), 1)
