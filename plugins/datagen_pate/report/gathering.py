"""The figures of a page, gathered from one sample after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation import judge
from datagen_pate.evaluation.classes import CLASSES, count_labels, histogram_l1
from datagen_pate.evaluation.distances import average_pairwise_distance
from datagen_pate.report.distribution import Distribution
from datagen_pate.report.measuring import Measures, Sample, Values, compare_spread, measure, recall
from datagen_pate.report.private_images import (
    MEASURED,
    PrivateImages,
    Reference,
    choose_evenly,
    take_evenly,
)

if TYPE_CHECKING:
    from datagen_core import Samples

_GREATEST_DISTANCE = 28.0  # of a black and a white image
_BINS = 140  # a threshold with two digits is an edge


MOST = 20
"""Images of a class."""

Entry = tuple[int, int, NDArray[np.uint8]]
"""Turn within its sample, turn of its sample, image: less comes first."""


class ClassPicks:
    """Images drawn from each class, from as many samples as possible.

    The choice does not depend on confidence, so the images show what is typical, not what is best.
    It is always the same for the same samples.

    Parameters
    ----------
    samples
        The number of samples.
    """

    def __init__(self, samples: int) -> None:
        self._turns = np.random.default_rng(0).permutation(samples)
        self._kept: list[list[Entry]] = [[] for _ in range(CLASSES)]

    def add(self, place: int, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Take in sample number `place`, counted from 0."""
        order = np.random.default_rng(place).permutation(len(labels))
        for label, kept in enumerate(self._kept):
            rows = order[labels[order] == label][:MOST]
            # A copy: what is kept must not hold the whole sample in memory.
            kept += [(n, int(self._turns[place]), images[row].copy()) for n, row in enumerate(rows)]
            kept.sort(key=lambda entry: entry[:2])
            del kept[MOST:]

    @property
    def by_class(self) -> list[NDArray[np.uint8]]:
        """At most 20 images of each class, uint8 `(n, 28, 28)`."""
        empty = np.empty((0, 28, 28), np.uint8)
        return [np.array([image for *_, image in kept]) if kept else empty for kept in self._kept]


@dataclass(frozen=True)
class Line:
    """The line about one sample: its index, number of images, and success criteria."""

    index: int
    images: int
    criteria: dict[str, Any]


class Findings:
    """What samples hold, each and all together.

    Attributes
    ----------
    lines
        One per sample.
    counts, steered
        Images of each class, and those of them that steering made, int64 `(10,)`.
    confidence, distance
        Distributions over images, steered ones counted apart.
    picks
        Images of each class to show.
    """

    def __init__(self, samples: int, images: int) -> None:
        self.lines: list[Line] = []
        self.counts, self.steered = np.zeros((2, CLASSES), np.int64)
        self.confidence = Distribution(1.0, 100)
        self.distance = Distribution(_GREATEST_DISTANCE, _BINS)
        self.picks = ClassPicks(samples)
        self._some = _Some(choose_evenly(images, MEASURED))
        self._beside = _Beside(-(-MEASURED // max(samples, 1)))

    @property
    def private_counts(self) -> NDArray[np.int64] | None:
        """Private images of each class, int64 `(10,)`; None unless known for all samples."""
        return self._beside.counts if self._beside.all_counted and self.lines else None

    @property
    def size(self) -> int:
        """The number of images."""
        return int(self.counts.sum())

    @property
    def empty(self) -> int:
        """The number of samples without images."""
        return sum(not line.images for line in self.lines)

    def add(self, index: int, sample: Sample, reference: Reference, measures: Measures) -> None:
        """Take in one sample."""
        images, labels = sample["images"], sample["labels"]
        steered = sample.get("steered", np.zeros(len(labels), bool))
        self.picks.add(len(self.lines), images, labels)
        self.lines.append(Line(index, len(images), judge(measures.values)))
        self.counts += count_labels(labels)
        self.steered += count_labels(labels[steered])
        if "confidence" in sample:
            self.confidence.add(sample["confidence"], steered)
        if measures.distances is not None:
            self.distance.add(measures.distances, steered)
        self._some.add(images)
        self._beside.add(reference)

    def judge(self) -> dict[str, Any]:
        """Return the success criteria of all samples together.

        A value that is unknown for one sample with images is unknown for all together. Diversity is
        measured on at most 5,000 images, evenly spread, on both sides.
        """
        counts = self.private_counts
        values: Values = {
            "average_confidence": self.confidence.mean if self._know(self.confidence) else None,
            "diversity_ratio": compare_spread(self._some.images, self._beside.spread),
            "min_nn_distance": self.distance.least if self._know(self.distance) else None,
            "histogram_l1_distance": (
                histogram_l1(self.counts, counts) if counts is not None and self.size else None
            ),
        }
        return judge(values)

    def _know(self, distribution: Distribution) -> bool:
        return 0 < distribution.size == self.size


@dataclass
class _Some:
    """Images at some places of all samples one after another."""

    places: NDArray[np.int64]
    _kept: list[NDArray[np.uint8]] = field(default_factory=list)
    _seen: int = 0

    def add(self, images: NDArray[np.uint8]) -> None:
        first, last = np.searchsorted(self.places, [self._seen, self._seen + len(images)])
        self._kept.append(images[self.places[first:last] - self._seen])
        self._seen += len(images)

    @property
    def images(self) -> NDArray[np.uint8]:
        return np.concatenate([np.empty((0, 28, 28), np.uint8), *self._kept])


@dataclass
class _Beside:
    """The private images of all samples together; those of one reference count once."""

    most: int
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(CLASSES, np.int64))
    all_counted: bool = True
    _all_seen: bool = True
    _last: Reference | None = None
    _kept: list[Any] = field(default_factory=list)

    def add(self, reference: Reference) -> None:
        if reference is self._last:
            return
        self._last = reference
        self.all_counted &= reference.counts is not None
        self._all_seen &= reference.images is not None
        if reference.counts is not None:
            self.counts = self.counts + reference.counts
        if reference.images is not None:
            self._kept.append(take_evenly(reference.images, self.most))

    @property
    def spread(self) -> float | None:
        """Average distance of two private images; None unless all are known."""
        if not self._all_seen or self._last is None:
            return None
        if len(self._kept) == 1:
            return self._last.spread
        return average_pairwise_distance(np.concatenate(self._kept))


def gather(
    samples: Samples,
    places: Iterable[int],
    private: PrivateImages | None,
    *,
    measured: bool,
) -> Findings:
    """Read samples one at a time, and return what they hold.

    Parameters
    ----------
    samples
        A split of `pate_images` or `pate_votes`.
    places
        Which of its samples.
    private
        Their private images; None where unknown.
    measured
        Whether to compare each sample with the private images; otherwise its report counts.

    Raises
    ------
    PateError
        When the file of private images lacks a teacher, or is of another form.
    """
    chosen, indices = list(places), samples.indices
    findings = Findings(len(chosen), int(samples.lengths("images")[chosen].sum()))
    for place in chosen:
        index, sample = int(indices[place]), samples[place]
        reference = Reference() if private is None else private.reference(index)
        measures = measure(sample, reference) if measured else recall(sample)
        findings.add(index, sample, reference, measures)
    return findings
