"""Parameters of `leaf_synthetic`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat

from datagen_core import Params

_MOST = 2**31 - 1
"""No array of more rows, columns or weights than this would be one sample's."""

PositiveCount = Annotated[int, Field(ge=1, le=_MOST)]
Count = Annotated[int, Field(ge=0, le=_MOST)]


def check_tasks(*, least: int, most: int, weights: int) -> None:
    """Refuse sizes that contradict each other, and models of too many weights.

    Raises
    ------
    ValueError
        Of one line.
    """
    if most < least:
        raise ValueError(f"max_samples is at least min_samples, not {most}")
    if weights > _MOST:
        raise ValueError(
            f"num_dim and num_classes make models of {weights:,} weights; ask for less than 2**31"
        )


class LeafSyntheticParams(Params):
    """How tasks, their models and their sizes are drawn; the defaults are LEAF's."""

    num_classes: PositiveCount = 5
    """Number of classes."""

    num_dim: PositiveCount = 60
    """Length of x."""

    prob_clusters: tuple[NonNegativeFloat, ...] = (1.0,)
    """Probability of each cluster of models. With one cluster, all tasks have nearly the same
    decision rule; LEAF's goal, different models around several centres, needs two or more."""

    min_samples: Count = 5
    """Smallest size of a task; the log-normal draw is added to it."""

    max_samples: PositiveCount = 1000
    """Largest size of a task."""

    size_mu: float = 3.0
    """Mean of the logarithm of sizes."""

    size_sigma: NonNegativeFloat = 2.0
    """Standard deviation of the logarithm of sizes."""

    sizes: Annotated[tuple[PositiveCount, ...] | None, Field(min_length=1)] = None
    """Sizes of all tasks, instead of log-normal ones; there can be no further tasks."""

    model_sigma: NonNegativeFloat = 0.1
    """Standard deviation of a task's model around the centre of its cluster."""

    noise: NonNegativeFloat = 0.1
    """Standard deviation of the noise on the scores of the classes."""

    stream: Literal["counter", "leaf"] = "counter"
    """counter: tasks are independent, so any job can make any of them. leaf: the numbers of LEAF's
    own program for the same seed; a job first skips the tasks before its own."""

    @property
    def num_clusters(self) -> int:
        """Number of clusters of models, K."""
        return len(self.prob_clusters)

    def check(self) -> None:
        """Refuse sizes that contradict each other, and probabilities that do not sum to 1."""
        check_tasks(
            least=self.min_samples,
            most=self.max_samples,
            weights=(self.num_dim + 1) * self.num_classes * self.num_clusters,
        )
        if abs(sum(self.prob_clusters) - 1) > 1e-8:
            raise ValueError(
                f"prob_clusters are probabilities that sum to 1, not {self.prob_clusters}"
            )
