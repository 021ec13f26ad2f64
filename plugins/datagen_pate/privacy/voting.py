"""From the teachers' votes on a block of candidates to labels, with and without noise."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Aggregation = Literal["plurality", "threshold", "gnmax", "confident-gnmax"]

PRIVATE: frozenset[str] = frozenset({"gnmax", "confident-gnmax"})
"""The aggregations whose answers cost a finite privacy budget."""


class Votes(NamedTuple):
    """The teachers' votes on a block of n candidates.

    Attributes
    ----------
    counts
        int64 `(n, 10)`: the votes for each class; a row sums to the number of teachers.
    probabilities
        float32 `(n, 10)`: the mean of the teachers' probabilities.
    """

    counts: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @property
    def teachers(self) -> int:
        """The number of teachers."""
        return int(self.counts[0].sum()) if len(self.counts) else 0


class Answers(NamedTuple):
    """The candidates that got a label.

    Attributes
    ----------
    places
        int64 `(k,)`, ascending: their places in the block.
    labels
        uint8 `(k,)`.
    """

    places: NDArray[np.int64]
    labels: NDArray[np.uint8]


def ask_plurality(votes: Votes) -> Answers:
    """Label every candidate with the class that most teachers vote for; ties to the likelier one.

    No privacy: epsilon is infinite.
    """
    # A mean of probabilities is below 1, so it decides between equal counts only.
    scores = votes.counts + votes.probabilities * (1 - 1e-6)
    labels = scores.argmax(axis=1).astype(np.uint8)
    return Answers(np.arange(len(labels)), labels)


def ask_by_threshold(votes: Votes, threshold: float) -> Answers:
    """Label candidates for which at least a share `threshold` of the teachers votes alike.

    No privacy: epsilon is infinite.
    """
    _, labels = ask_plurality(votes)
    # A share such as 0.7 of 20 must be 14, whatever its last bit.
    least = np.ceil(threshold * votes.teachers - 1e-9)
    places = np.flatnonzero(votes.counts.max(axis=1) >= least)
    return Answers(places, labels[places])


def ask_gnmax(votes: Votes, sigma: float, queries: int, rng: np.random.Generator) -> Answers:
    """Label the first `queries` candidates: the class of the highest count, each with noise.

    GNMax of Papernot et al. 2018 (arXiv:1802.08908), section 4.1: Gaussian noise of standard
    deviation `sigma` on each count. Which candidates are asked does not depend on any vote.
    """
    asked = votes.counts[:queries]
    noisy = asked + rng.normal(scale=sigma, size=asked.shape)
    return Answers(np.arange(len(asked)), noisy.argmax(axis=1).astype(np.uint8))


def ask_confident_gnmax(
    votes: Votes,
    threshold: float,
    sigma1: float,
    sigma: float,
    queries: int,
    rng: np.random.Generator,
) -> Answers:
    """Label the first `queries` candidates on which, with noise, enough teachers agree.

    Confident-GNMax of Papernot et al. 2018 (arXiv:1802.08908), algorithm 1: a candidate is answered
    by GNMax with noise `sigma` when its highest count with noise `sigma1` reaches the threshold, a
    share of the teachers. Candidates are looked at in order until `queries` are answered.
    """
    highest = votes.counts.max(axis=1) + rng.normal(scale=sigma1, size=len(votes.counts))
    sure = np.flatnonzero(highest >= threshold * votes.teachers)[:queries]
    noisy = votes.counts[sure] + rng.normal(scale=sigma, size=(len(sure), votes.counts.shape[1]))
    return Answers(sure, noisy.argmax(axis=1).astype(np.uint8))


def limit_classes(answers: Answers, most: int | None, scores: NDArray[np.float64]) -> Answers:
    """Keep at most `most` answers of each label, those with the highest scores; None for all.

    Parameters
    ----------
    scores
        float64 `(k,)`, one per answer. Of equal scores, the first ones are kept.
    """
    if most is None:
        return answers
    kept = np.zeros(len(answers.labels), bool)
    for label in np.unique(answers.labels):
        places = np.flatnonzero(answers.labels == label)
        order = np.argsort(-scores[places], kind="stable")
        kept[places[order[:most]]] = True
    return Answers(answers.places[kept], answers.labels[kept])
