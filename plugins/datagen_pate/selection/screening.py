"""Labelling candidates with a teacher, and the two filters that judge each one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.evaluation.classes import CLASSES
from datagen_pate.evaluation.distances import Images, nearest_distances
from datagen_pate.selection.candidates import Candidates, Funnel, concatenate, most_confident
from datagen_pate.selection.params import SelectionParams

_RESERVE = 3
"""Factor of max_per_class for candidates held of a class, to replace those refused later."""

Labeller = Callable[[Images], NDArray[np.float32]]
"""Returns the probabilities of images, float32 `(n, 10)`."""

Pool = Iterable[tuple[int, Any, Images]]
"""Blocks of candidates: the number of the first, latents (unused here), and images."""


def make_labeller(teacher: Any, precision: str = "float32") -> Labeller:
    """Return a function that labels images: a callable as it is, or a classifier made faster."""
    if not hasattr(teacher, "state_dict"):
        found: Labeller = teacher
        return found
    from datagen_pate.classifier.prediction import Predictor  # imports torch

    return Predictor(teacher, precision=precision)


@dataclass(frozen=True)
class Screen:
    """The filters of one teacher.

    Attributes
    ----------
    label
        Its labels.
    reference
        Images of its shard; None leaves the memorization check out.
    params
        Thresholds.
    """

    label: Labeller
    reference: Images | None
    params: SelectionParams

    def judge(self, images: Images, start: int = 0, *, steered: bool = False) -> Candidates:
        """Label images, which are numbered from `start`.

        Raises
        ------
        PateError
            When images have another form, or the teacher does not give ten probabilities for each.
        """
        _check_images(images)
        probabilities = self.label(images)
        if probabilities.shape != (len(images), CLASSES) or np.isnan(probabilities).any():
            shape = probabilities.shape
            raise PateError(
                f"the teacher gives {shape} for {len(images)} images; give a classifier of 10 "
                "classes without NaN"
            )
        return Candidates(
            images,
            probabilities.argmax(axis=1).astype(np.uint8),
            probabilities.max(axis=1).astype(np.float32),
            np.full(len(images), np.nan, np.float32),
            np.full(len(images), steered),
            np.arange(start, start + len(images)),
        )

    def are_confident(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Return which labels are confident enough; rare classes have a threshold of their own."""
        thresholds = np.full(CLASSES, self.params.confidence_threshold, np.float32)
        thresholds[list(self.params.rare_classes)] = self.params.rare_class_threshold
        return candidates.confidence >= thresholds[candidates.labels]

    def are_new(self, candidates: Candidates) -> tuple[Candidates, NDArray[np.bool_]]:
        """Measure how near candidates are to the shard; return also which are far enough."""
        if self.reference is None or not len(self.reference):
            return candidates, np.ones(len(candidates), bool)
        distances = nearest_distances(candidates.images, self.reference)
        measured = Candidates(**{**vars(candidates), "nn_distance": distances})
        return measured, distances >= self.params.min_memorization_distance

    def screen(self, candidates: Candidates, funnel: Funnel) -> Candidates:
        """Return what passes both filters, and count the others."""
        confident = candidates.take(self.are_confident(candidates))
        measured, is_new = self.are_new(confident)
        passing = measured.take(is_new)
        funnel.generated += len(candidates)
        funnel.low_confidence += len(candidates) - len(confident)
        funnel.memorization += len(confident) - len(passing)
        funnel.passing += passing.counts
        return passing


def _check_images(images: Images) -> None:
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise PateError(
            f"candidates are images (n, 28, 28), not {images.shape}; make the pool again"
        )
    if images.dtype == np.uint8:
        return
    # NaN fails this comparison too.
    if images.dtype.kind != "f" or not ((images >= 0) & (images <= 1)).all():
        raise PateError(
            "candidates are uint8, or floats from 0 to 1 without NaN; make the pool again"
        )


def screen_pool(pool: Pool, screen: Screen) -> tuple[Candidates, Funnel]:
    """Go through a pool, and return the most confident candidates of each class that pass.

    Of each class at most three times max_per_class are held, so memory does not grow with the pool;
    without a bound on classes, all are held.
    """
    funnel = Funnel()
    held = [_nothing()]
    limit = _limit(screen.params)
    for start, _, images in pool:
        held.append(screen.screen(screen.judge(_as_stored(images), start), funnel))
        if limit is not None and sum(map(len, held[1:])) > CLASSES * limit:
            held = [most_confident(concatenate(held), np.full(CLASSES, limit))]
    found = concatenate([part for part in held if len(part)] or held[:1])
    return (found if limit is None else most_confident(found, np.full(CLASSES, limit))), funnel


def _as_stored(images: Any) -> Images:
    """Drop the channel of images `(n, 1, 28, 28)`."""
    images = np.asarray(images)
    has_channel = images.ndim == 4 and images.shape[1] == 1
    found: Images = images[:, 0] if has_channel else images
    return found


def _nothing() -> Candidates:
    images = np.empty((0, 28, 28), np.uint8)
    none = np.empty(0, np.float32)
    labels, steered, index = (none.astype(kind) for kind in (np.uint8, bool, np.int64))
    return Candidates(images, labels, none, none, steered, index)


def _limit(params: SelectionParams) -> int | None:
    """Return how many of each class are held; None for all."""
    is_bounded = params.quota or params.compat == "original"
    if params.max_per_class is None or not is_bounded:
        return None
    return _RESERVE * max(params.max_per_class, 1)
