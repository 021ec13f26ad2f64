"""Statistics of the numbers of samples that the users of a federated data set have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

EDGES = tuple(range(0, 201, 20))
"""The edges of LEAF's histogram; its last bin includes 200."""


@dataclass(frozen=True)
class SizeStatistics:
    """Statistics of the numbers of samples that users have.

    Attributes
    ----------
    users, samples
        The numbers of users and of all samples.
    mean, std
        Mean and population standard deviation (as in LEAF) of a user's number of samples.
    skewness
        Third central moment over the cube of `std`, without bias correction, like the default of
        scipy.stats.skew; NaN where all users have the same number.
    counts
        The number of users in each bin of `EDGES`: [0, 20), ..., [180, 200].
    overflow
        The number of users above the last bin; LEAF leaves them out.
    """

    users: int
    samples: int
    mean: float
    std: float
    skewness: float
    counts: tuple[int, ...]
    overflow: int

    @property
    def variation(self) -> float:
        """The coefficient of variation, std / mean; NaN where no user has a sample."""
        return self.std / self.mean if self.mean else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, with null for NaN."""
        values = {**asdict(self), "variation": self.variation, "edges": EDGES}
        return {key: None if value != value else value for key, value in values.items()}  # noqa: PLR0124


def describe_sizes(sizes: ArrayLike) -> SizeStatistics:
    """Return the statistics of the numbers of samples of one or more users.

    Raises
    ------
    ValueError
        When there are no users.
    """
    counted = np.asarray(sizes, np.int64)
    if not counted.size:
        raise ValueError("there are no users to describe")
    mean, std = float(counted.mean()), float(counted.std())
    cubes = float(((counted - mean) ** 3).mean())
    counts = np.histogram(counted, bins=EDGES)[0].tolist()
    return SizeStatistics(
        users=counted.size,
        samples=int(counted.sum()),
        mean=mean,
        std=std,
        skewness=cubes / std**3 if std else float("nan"),
        counts=tuple(counts),
        overflow=counted.size - sum(counts),
    )


def format_statistics(statistics: SizeStatistics, title: str) -> str:
    """Return figures and histogram as text for people, without a newline at the end."""
    figures = [
        ("users", f"{statistics.users:,}"),
        ("samples", f"{statistics.samples:,}"),
        ("mean", f"{statistics.mean:.2f}"),
        ("std", f"{statistics.std:.2f}"),
        ("std/mean", f"{statistics.variation:.2f}"),
        ("skewness", f"{statistics.skewness:.2f}"),
    ]
    lines = [title, *(f"{name:<9} {value}" for name, value in figures), "", "samples   users"]
    largest = max(*statistics.counts, statistics.overflow)
    for name, count in bins_of(statistics):
        bar = "#" * -(-40 * count // largest)  # rounded up, so that one user has a mark
        lines.append(f"{name:<9} {count:<7} {bar}".rstrip())
    return "\n".join(lines)


def bins_of(statistics: SizeStatistics) -> list[tuple[str, int]]:
    """Return the name and the number of users of each bin; the last one is the overflow."""
    names = [f"{low}-{high - 1}" for low, high in pairwise(EDGES)]
    names[-1] = f"{EDGES[-2]}-{EDGES[-1]}"
    return [*zip(names, statistics.counts, strict=True), (f">{EDGES[-1]}", statistics.overflow)]


def format_as_leaf(statistics: SizeStatistics, name: str = "synthetic") -> str:
    """Return what LEAF's stats.sh prints, byte for byte, without the overflow."""
    lines = [
        "####################################",
        f"DATASET: {name}",
        f"{statistics.users} users",
        f"{statistics.samples} samples (total)",
        f"{statistics.mean:.2f} samples per user (mean)",
        f"num_samples (std): {statistics.std:.2f}",
        f"num_samples (std/mean): {statistics.variation:.2f}",
        f"num_samples (skewness): {statistics.skewness:.2f}",
    ]
    lines += [f"{low} \t {count}" for low, count in zip(EDGES, statistics.counts, strict=False)]
    return "\n".join(lines) + "\n"
