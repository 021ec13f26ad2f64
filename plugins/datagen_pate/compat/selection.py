"""The original's selection, its order and quirks included, for comparing with its numbers.

Quota, steering, diversity, target count, in this order: diversity takes places that nothing fills
again, and the target count takes the most confident, whatever their class.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation.classes import CLASSES
from datagen_pate.evaluation.distances import Images
from datagen_pate.selection.candidates import (
    Candidates,
    Counts,
    Funnel,
    Outcome,
    concatenate,
    most_confident,
    rank,
)
from datagen_pate.selection.diversity import DiverseSet
from datagen_pate.selection.quotas import bound_as_original
from datagen_pate.selection.screening import Screen


def select_as_original(
    held: Candidates,
    funnel: Funnel,
    shard: Counts | None,
    screen: Screen,
    steer: Callable[[NDArray[np.int64]], Images] | None,
) -> Outcome:
    """Choose from the candidates that passed as the original does.

    Steering makes images that min_per_class lacks, once. They need rare_class_threshold,
    whatever its class, and keeps the label that the teacher gives, which may be another one;
    `steered` of the outcome counts it under the class that was wanted.
    """
    params = screen.params
    upper = bound_as_original(funnel.passing, shard, params)
    chosen = most_confident(held, upper)
    steered = np.zeros(CLASSES, np.int64)
    if steer is not None:
        chosen, steered = _steer_once(chosen, screen, steer)
    ranked = rank(chosen)
    diverse = DiverseSet(params.diversity_threshold)
    kept = ranked.take(diverse.add(ranked.images))
    if params.target_samples is not None:
        kept = kept.take(slice(params.target_samples))
    return Outcome(kept, diverse.rejected, steered, upper=upper)


def _steer_once(
    chosen: Candidates, screen: Screen, steer: Callable[[NDArray[np.int64]], Images]
) -> tuple[Candidates, Counts]:
    missing = np.maximum(screen.params.min_per_class - chosen.counts, 0)
    wanted = np.repeat(np.arange(CLASSES), missing)
    if not len(wanted):
        return chosen, missing
    # After the whole pool, as in the original: of equal confidence, the pool comes first.
    judged = screen.judge(steer(wanted), _behind(chosen), steered=True)
    is_sure = judged.confidence >= np.float32(screen.params.rare_class_threshold)
    measured, is_new = screen.are_new(judged.take(is_sure))
    passing = measured.take(is_new)
    counts = np.bincount(wanted[is_sure][is_new], minlength=CLASSES)
    return concatenate([part for part in (chosen, passing) if len(part)] or [chosen]), counts


def _behind(chosen: Candidates) -> int:
    return int(chosen.index.max(initial=-1)) + 1
