"""Labelled candidates, and how many of them are refused at which step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.classes import CLASSES, count_labels
from datagen_pate.evaluation.distances import Images

Counts = NDArray[np.int64]
"""One number for each class, int64 `(10,)`."""


@dataclass(frozen=True)
class Candidates:
    """Images that a teacher has labelled; all arrays have one entry per image.

    Attributes
    ----------
    images
        `(n, 28, 28)` uint8; float32 in [0, 1] with `compat=original`, which decides on these.
    labels, confidence
        uint8 class of largest probability, and that probability in float32.
    nn_distance
        float32 distance to the nearest image of the shard; NaN without a shard.
    steered
        Whether it was made by latent steering.
    index
        Its place in the pool; steered ones are counted separately.
    """

    images: Images
    labels: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    nn_distance: NDArray[np.float32]
    steered: NDArray[np.bool_]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> Counts:
        """The number of candidates of each class."""
        return count_labels(self.labels)

    def take(self, key: Any) -> Self:
        """Return those at some positions, or under a mask."""
        return type(self)(*(getattr(self, each.name)[key] for each in fields(self)))


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """Return the candidates of one or more parts, one after another."""
    columns = ([getattr(part, each.name) for part in parts] for each in fields(Candidates))
    return Candidates(*(np.concatenate(column) for column in columns))


def rank(candidates: Candidates) -> Candidates:
    """Sort by descending confidence; of equal ones, the first of the pool comes first."""
    return candidates.take(np.lexsort((candidates.index, -candidates.confidence)))


def most_confident(candidates: Candidates, limits: Counts) -> Candidates:
    """Return the most confident of each class, as many as its limit, grouped by class."""
    order = np.lexsort((candidates.index, -candidates.confidence, candidates.labels))
    labels = candidates.labels[order]
    counts = candidates.counts
    first = np.cumsum(counts) - counts
    place = np.arange(len(labels)) - first[labels]
    return candidates.take(order[place < limits[labels]])


@dataclass
class Funnel:
    """Counts of candidates of the pool that were refused at each step.

    Attributes
    ----------
    generated
        The size of the pool.
    low_confidence, memorization
        Refused by either filter; the second sees what the first lets pass.
    passing
        How many of each class passed both.
    """

    generated: int = 0
    low_confidence: int = 0
    memorization: int = 0
    passing: Counts = field(default_factory=lambda: np.zeros(CLASSES, np.int64))


@dataclass(frozen=True)
class Outcome:
    """The candidates that were kept, and why not more.

    Attributes
    ----------
    kept
        The selection.
    diversity
        How many candidates of the pool (with `compat=original`, steered ones too) were refused
        because they are near another one that was kept.
    steered
        How many steered images there are of each class; with `compat=original` before the
        diversity filter, under the class that was wanted.
    lower, upper
        The bounds of each class; None for no bounds.
    """

    kept: Candidates
    diversity: int
    steered: Counts
    lower: Counts | None = None
    upper: Counts | None = None
