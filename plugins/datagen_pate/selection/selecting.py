"""The selection of one teacher: from a pool of candidates to the images that are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_pate.compat.selection import select_as_original
from datagen_pate.evaluation.classes import CLASSES
from datagen_pate.evaluation.distances import Images, round_to_stored
from datagen_pate.evaluation.shard_facts import describe_shard
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
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.quotas import bound_classes, share_out
from datagen_pate.selection.report import Account, write_report
from datagen_pate.selection.screening import Pool, Screen, make_labeller, screen_pool

_SPARE = 1.25
"""Factor by which steering makes more images than are missing, since some do not pass."""

Steer = Callable[[NDArray[np.int64]], Images]
"""Returns an image for each wanted class."""


class Selection(NamedTuple):
    """The images that one teacher selects; all arrays have one entry per image, grouped by label.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, upright, white on black.
    labels, confidence
        uint8 label and its probability in float32, by the teacher.
    nn_distance
        float32 distance to the nearest image of its shard; NaN where there was none.
    steered
        Whether latent steering made it.
    report
        The original's selection_report.json and more, in plain JSON types.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    nn_distance: NDArray[np.float32]
    steered: NDArray[np.bool_]
    report: dict[str, Any]


def select(  # noqa: PLR0913 (each is another thing of the pipeline)
    pool: Pool,
    teacher: Any,
    decoder: Any,
    shard: Any,
    params: SelectionParams,
    rng: np.random.Generator,
    *,
    inputs: Mapping[str, str] | None = None,
    precision: str = "float32",
) -> Selection:
    """Label a pool with a teacher, and keep the images that pass all filters.

    The default: confidence, distance to the shard, diversity within the upper bounds of classes,
    steering of classes below min_per_class, bounds again by the new counts, target count.
    Diversity takes candidates by descending confidence, passes over those of full classes, and so
    gives the place of one that it refuses to the next of its class. Steered images must have their
    class as label and pass the same filters.

    Parameters
    ----------
    pool
        Blocks `(first, latents, images)`; images uint8 `(n, 28, 28)`, or with `compat=original`
        also float32, on which the original decides.
    teacher
        A `Classifier`, or a callable that returns probabilities `(n, 10)` of images: then nothing
        can be steered.
    decoder
        A `Decoder` on the teacher's device, for steering; None for none.
    shard
        The teacher's shard: anything with `images` and `labels`, or `ShardFacts`; None for an
        unknown one. Checks that need it are then reported as not done.
    params
        The parameters.
    rng
        The source of steering's randomness; nothing else is random.
    inputs
        Hashes of the files of pool, teacher, decoder and shard, for the report.
    precision
        `bfloat16` labels and decodes faster, and changes about a thousandth of the decisions.

    Raises
    ------
    PateError
        When images or probabilities have another form.
    """
    facts = describe_shard(shard)
    screen = Screen(make_labeller(teacher, precision), facts.images, params)
    steer = _make_steer(teacher, decoder, params, rng, precision)
    held, funnel = screen_pool(pool, screen)
    choose = select_as_original if params.compat == "original" else _choose
    outcome = choose(held, funnel, facts.class_counts, screen, steer)
    kept = outcome.kept.take(_by_class(outcome.kept))
    report = write_report(
        Account(funnel, outcome, facts.images, facts.class_counts, steer is not None), params
    )
    report["inputs"] = dict(inputs or {})
    images = round_to_stored(kept.images)
    return Selection(images, kept.labels, kept.confidence, kept.nn_distance, kept.steered, report)


def _by_class(kept: Candidates) -> NDArray[np.intp]:
    return np.lexsort((-kept.confidence, kept.labels))


def _make_steer(
    teacher: Any, decoder: Any, params: SelectionParams, rng: np.random.Generator, precision: str
) -> Steer | None:
    """Return a function that steers; None when steering is off or impossible."""
    if decoder is None or not params.steering_enabled or not hasattr(teacher, "state_dict"):
        return None
    from datagen_pate.decoder.decoding import decode  # imports torch
    from datagen_pate.selection.steering import steer_latents  # so does this

    def steer(classes: NDArray[np.int64]) -> Images:
        latents = steer_latents(decoder, teacher, classes, params, rng, precision=precision)
        images = decode(decoder, latents, precision=precision)
        if params.compat == "original":
            return images
        return round_to_stored(images)

    return steer


def _choose(
    held: Candidates, funnel: Funnel, shard: Counts | None, screen: Screen, steer: Steer | None
) -> Outcome:
    """Choose as the original's README says."""
    params = screen.params
    bounds = bound_classes(funnel.passing, shard, params)
    diverse = DiverseSet(params.diversity_threshold)
    kept = _add(held, diverse, bounds.upper.copy())
    refused = diverse.rejected
    if steer is not None:
        least = np.minimum(bounds.lower, params.min_per_class)
        kept = _fill(kept, least, diverse, screen, steer)
    # Again, for a class may have fewer now: the total of all classes is what it allows.
    bounds = bound_classes(kept.counts, shard, params)
    kept = most_confident(kept, bounds.upper)
    if params.target_samples is not None:
        kept = most_confident(kept, share_out(params.target_samples, kept.counts, shard))
    steered = kept.take(kept.steered).counts
    return Outcome(kept, refused, steered, *bounds)


def _add(candidates: Candidates, diverse: DiverseSet, room: Counts) -> Candidates:
    """Return the candidates that are kept beside those before, the most confident first."""
    ranked = rank(candidates)
    return ranked.take(diverse.add(ranked.images, ranked.labels, room))


def _fill(
    kept: Candidates, least: Counts, diverse: DiverseSet, screen: Screen, steer: Steer
) -> Candidates:
    """Steer towards classes that are below their least number, for some rounds."""
    made = 0
    for _ in range(screen.params.steering_rounds):
        missing = np.maximum(least - kept.counts, 0)
        if not missing.any():
            break
        wanted = np.repeat(np.arange(CLASSES), np.ceil(_SPARE * missing).astype(np.int64))
        judged = screen.judge(steer(wanted), made, steered=True)
        made += len(wanted)
        right = judged.take(screen.are_confident(judged) & (judged.labels == wanted))
        measured, is_new = screen.are_new(right)
        kept = concatenate([kept, _add(measured.take(is_new), diverse, missing)])
    return kept
