"""The generator `pate_votes`: candidates labelled by all teachers together, privately if asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
import pydantic

from datagen_core import DatasetGenerator, Field, Schema, generator, hookimpl, input_path
from datagen_pate.errors import PateError
from datagen_pate.pools.params import PoolParams
from datagen_pate.privacy.accounting import Spent, spend_gnmax, spend_threshold
from datagen_pate.privacy.voting import (
    PRIVATE,
    Aggregation,
    Answers,
    Votes,
    ask_by_threshold,
    ask_confident_gnmax,
    ask_gnmax,
    ask_plurality,
    limit_classes,
)
from datagen_pate.teachers import check_teachers

WARNING = (
    "the seed of a private set is a secret: with it the noise can be removed; choose a large "
    "random one, and publish the images without it"
)


class VotesParams(PoolParams):
    """Candidates in blocks, and how votes on them become labels; one sample is one block."""

    aggregation: Aggregation = "threshold"
    """plurality: every candidate gets a label; threshold: those on which a share of the teachers
    agrees; gnmax: with noise on counts; confident-gnmax: those on which, with noise, enough
    teachers agree."""

    threshold: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.7
    """The share of teachers that must agree: threshold, confident-gnmax."""

    max_per_class: Annotated[int | None, pydantic.Field(ge=1)] = 20
    """The most images of a label in a block, since some labels are far more frequent; those with
    most votes are kept, or with a private aggregation the first ones. None for no limit."""

    sigma: Annotated[float, pydantic.Field(gt=0)] = 40.0
    """Standard deviation of the noise on each count of an answer: gnmax, confident-gnmax."""

    sigma1: Annotated[float, pydantic.Field(gt=0)] = 150.0
    """Standard deviation of the noise on the highest count, compared with the threshold:
    confident-gnmax."""

    queries: Annotated[int, pydantic.Field(ge=1)] = 50
    """The most answers per block: gnmax, confident-gnmax."""

    delta: Annotated[float, pydantic.Field(gt=0, lt=1)] = 1e-5
    """The delta of the privacy account; below one over the number of private images."""

    max_epsilon: Annotated[float, pydantic.Field(gt=0)] = 10.0
    """Samples are refused when all together would cost more, including other sets of the same
    teachers in the cache."""

    @property
    def is_private(self) -> bool:
        """Whether labels have a finite privacy budget."""
        return self.aggregation in PRIVATE


def count_blocks(params: VotesParams) -> int:
    """Return the number of samples, which are blocks of the pool."""
    return -(-params.pool_size // params.block_size)


def spend(params: VotesParams, samples: int) -> Spent:
    """Return the privacy loss of the first samples, in the worst case of all votes."""
    answered = min(params.queries, params.block_size)
    spent = spend_gnmax(params.sigma) * answered
    if params.aggregation == "confident-gnmax":
        spent += spend_threshold(params.sigma1) * params.block_size
    return spent * samples


def account(
    params: VotesParams, samples: int, others: Sequence[tuple[VotesParams, int]] = ()
) -> dict[str, float | str]:
    """Return epsilon and delta of the first samples, and those of all private sets together.

    Parameters
    ----------
    others
        Parameters and numbers of samples of other sets; those with the same teachers count.

    Raises
    ------
    PateError
        When the cost, other sets included, is above `max_epsilon`.
    """
    if not params.is_private:
        return {"epsilon": "inf"}
    before = _spend_elsewhere(params, others)
    together = (before + spend(params, samples)).epsilon(params.delta)
    if together > params.max_epsilon:
        raise PateError(_refuse_cost(params, samples, before))
    told: dict[str, float | str] = {
        "epsilon": float(f"{spend(params, samples).epsilon(params.delta):.4g}"),
        "delta": params.delta,
    }
    return told | ({"epsilon_with_other_sets": float(f"{together:.4g}")} if before.slope else {})


def _spend_elsewhere(params: VotesParams, others: Sequence[tuple[VotesParams, int]]) -> Spent:
    """Return the privacy loss of these teachers in other sets with noise."""
    same = [each for each in others if each[0].is_private and each[0].teachers == params.teachers]
    return sum((spend(*each) for each in same), Spent())


def _refuse_cost(params: VotesParams, samples: int, before: Spent) -> str:
    epsilon = (before + spend(params, samples)).epsilon(params.delta)
    elsewhere = ", with other sets of these teachers," if before.slope else ""
    return (
        f"{samples} samples cost{elsewhere} epsilon {epsilon:.3g} at delta {params.delta:g}, above "
        f"max_epsilon {params.max_epsilon:g}; it allows {_count_affordable(params, before)} "
        "samples in total"
    )


def _count_affordable(params: VotesParams, before: Spent) -> int:
    """Return how many samples cost at most `max_epsilon`."""
    low, high = 0, count_blocks(params)
    while low < high:
        middle = (low + high + 1) // 2
        spent = before + spend(params, middle)
        fine = spent.epsilon(params.delta) <= params.max_epsilon
        low, high = (middle, high) if fine else (low, middle - 1)
    return low


def inspect_params(params: VotesParams) -> list[str]:
    """Return notes for the user; refuse files of the wrong kind before any work.

    Raises
    ------
    PateError
        When decoder, prior or teachers are of another architecture.
    """
    from datagen_pate.pools.labelling import Panel  # it imports torch

    panel = Panel(params)
    check_teachers(input_path(params.teachers))
    return [WARNING] if params.is_private else [
        f"labels of {panel.size} teachers without noise: epsilon is infinite"
    ]  # fmt: skip


def schema_of(params: VotesParams) -> Schema:
    """Return the fields of a block; of a private one, labels alone depend on votes."""
    fields = {
        "images": Field("uint8", (28, 28), ragged=True),
        "labels": Field("uint8", ragged=True),
        "candidates": Field("int64", ragged=True),
    }
    if not params.is_private:
        fields["votes"] = Field("uint16", ragged=True)
        fields["confidence"] = Field("float32", ragged=True)
    return Schema({**fields, "report": Field(str)})


@generator(
    params=VotesParams,
    memory="2GB",
    schema=schema_of,
    limit=count_blocks,
    preflight=inspect_params,
    account=account,
)
def pate_votes(
    params: VotesParams, rng: np.random.Generator, start: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Label candidates by the votes of all teachers; one sample is one block of the pool.

    Yields
    ------
    sample
        `images` uint8 `(n, 28, 28)`, `labels` uint8 `(n,)`, `candidates` int64 `(n,)`: their places
        in the pool. Where labels are not private anyway: `votes` uint16, how many teachers agree,
        and `confidence` float32, their mean probability of the label. `report`: JSON, with the
        aggregation and what a block costs.
    """
    from datagen_pate.pools.labelling import Panel  # it imports torch

    panel = Panel(params)
    first, images = panel.draw(seed, start)
    votes = panel.ask(images)
    answers = _answer(params, votes, rng)
    made = {
        "images": images[answers.places],
        "labels": answers.labels,
        "candidates": first + answers.places,
        "report": json.dumps(_report(params, votes, answers)),
    }
    if not params.is_private:
        chosen = answers.places, answers.labels
        made["votes"] = votes.counts[chosen].astype(np.uint16)
        made["confidence"] = votes.probabilities[chosen]
    yield made


def _answer(params: VotesParams, votes: Votes, rng: np.random.Generator) -> Answers:
    noisy = (params.sigma, params.queries, rng)
    if params.aggregation == "gnmax":
        answers = ask_gnmax(votes, *noisy)
    elif params.aggregation == "confident-gnmax":
        answers = ask_confident_gnmax(votes, params.threshold, params.sigma1, *noisy)
    elif params.aggregation == "threshold":
        answers = ask_by_threshold(votes, params.threshold)
    else:
        answers = ask_plurality(votes)
    return limit_classes(answers, params.max_per_class, _scores(params, votes, answers))


def _scores(params: VotesParams, votes: Votes, answers: Answers) -> np.ndarray[Any, Any]:
    """Return scores by which answers of a class are kept; all equal where labels are private."""
    if params.is_private:
        return np.zeros(len(answers.labels))
    chosen = answers.places, answers.labels
    return votes.counts[chosen] + votes.probabilities[chosen].astype(np.float64)


def _report(params: VotesParams, votes: Votes, answers: Answers) -> dict[str, Any]:
    """Return the report of a block; of a private one, only what follows from its labels."""
    cost = {"epsilon": "inf"}
    if params.is_private:
        epsilon = spend(params, 1).epsilon(params.delta)
        cost = {"epsilon_of_this_block_alone": f"{epsilon:.4g}", "delta": f"{params.delta:g}"}
    counts = np.bincount(answers.labels, minlength=votes.counts.shape[1]).tolist()
    return {
        "aggregation": params.aggregation,
        "teachers": votes.teachers,
        "candidates": len(votes.counts),
        "answered": len(answers.labels),
        "class_distribution": {str(label): count for label, count in enumerate(counts)},
        "privacy": cost,
    }


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `pate_votes`."""
    return pate_votes
