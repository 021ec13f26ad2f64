"""A few images of each class out of many samples, of which one is in memory at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.shard_facts import CLASSES

MOST = 20
"""Images of a class."""

Entry = tuple[int, int, NDArray[np.uint8]]
"""Turn within its sample, turn of its sample, image: less comes first."""


class ClassPicks:
    """Images drawn from each class, from as many samples as possible.

    They are drawn whatever their confidence, so that they show what is typical, not what is best.
    The same samples always give the same images.

    Parameters
    ----------
    samples
        How many samples there are.
    """

    def __init__(self, samples: int) -> None:
        self._turns = np.random.default_rng(0).permutation(samples)
        self._kept: list[list[Entry]] = [[] for _ in range(CLASSES)]

    def add(self, place: int, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Look at sample number `place`, counted from 0."""
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
