"""Parameters of `leaf_synthetic`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from datagen_core import Params


class LeafSyntheticParams(Params):
    """How tasks, their models and their sizes are drawn; the defaults are LEAF's."""

    num_classes: PositiveInt = 5
    """Number of classes."""

    num_dim: PositiveInt = 60
    """Length of x."""

    prob_clusters: tuple[NonNegativeFloat, ...] = (1.0,)
    """Probability of each cluster of models. With one cluster, all tasks have nearly the same
    decision rule; LEAF's goal, different models around several centres, needs two or more."""

    min_samples: NonNegativeInt = 5
    """Smallest size of a task; the log-normal draw is added to it."""

    max_samples: PositiveInt = 1000
    """Largest size of a task."""

    size_mu: float = 3.0
    """Mean of the logarithm of sizes."""

    size_sigma: NonNegativeFloat = 2.0
    """Standard deviation of the logarithm of sizes."""

    sizes: Annotated[tuple[PositiveInt, ...] | None, Field(min_length=1)] = None
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
        if self.max_samples < self.min_samples:
            raise ValueError(f"max_samples is at least min_samples, not {self.max_samples}")
        if abs(sum(self.prob_clusters) - 1) > 1e-8:
            raise ValueError(
                f"prob_clusters are probabilities that sum to 1, not {self.prob_clusters}"
            )
