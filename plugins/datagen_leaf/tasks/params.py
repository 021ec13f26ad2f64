"""Parameters of `leaf_synthetic`."""

from __future__ import annotations

from typing import Literal

from datagen_core import Params


class LeafSyntheticParams(Params):
    """How tasks, their models and their sizes are drawn; the defaults are LEAF's."""

    num_classes: int = 5
    """How many classes there are."""

    num_dim: int = 60
    """Length of x."""

    prob_clusters: tuple[float, ...] = (1.0,)
    """Probability of each cluster of models. LEAF's goals, tasks with models of their own around
    several centres, need two or more: with one, all tasks have nearly the same decision rule."""

    min_samples: int = 5
    """Added to the size that the log-normal law gives a task, so the least there is."""

    max_samples: int = 1000
    """The largest size of a task."""

    size_mu: float = 3.0
    """Mean of the logarithm of sizes."""

    size_sigma: float = 2.0
    """Standard deviation of the logarithm of sizes."""

    sizes: tuple[int, ...] | None = None
    """The sizes of all tasks, instead of a law for them: there are as many tasks."""

    model_sigma: float = 0.1
    """Standard deviation of a task's model around the centre of its cluster."""

    noise: float = 0.1
    """Standard deviation of what is added to the scores of the classes."""

    stream: Literal["counter", "leaf"] = "counter"
    """counter: tasks are independent, and any number of jobs make them. leaf: the numbers of LEAF's
    own program for the same seed; a job first skips the tasks before its own."""

    @property
    def num_clusters(self) -> int:
        """How many clusters of models there are, K."""
        return len(self.prob_clusters)

    def check(self) -> None:
        """Refuse numbers that count nothing, and probabilities that are none."""
        refuse_below(1, num_classes=self.num_classes, num_dim=self.num_dim)
        refuse_below(0, min_samples=self.min_samples, size_sigma=self.size_sigma)
        refuse_below(0, model_sigma=self.model_sigma, noise=self.noise)
        refuse_below(max(1, self.min_samples), max_samples=self.max_samples)
        if min(self.prob_clusters, default=-1) < 0 or abs(sum(self.prob_clusters) - 1) > 1e-8:
            message = f"prob_clusters are probabilities that sum to 1, not {self.prob_clusters}"
            raise ValueError(message)
        if self.sizes is not None and min(self.sizes, default=0) < 1:
            message = "sizes are one or more numbers of samples, each at least 1"
            raise ValueError(message)


def refuse_below(least: float, **values: float) -> None:
    """Raise ValueError for the first value that is below `least`; a parameter's name is its key."""
    for name, value in values.items():
        if value < least:
            message = f"{name} is at least {least}, not {value}"
            raise ValueError(message)
