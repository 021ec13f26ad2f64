"""The cost of answered votes: Rényi differential privacy of noisy aggregation, and its conversion.

Neighbouring data sets differ in one teacher's shard, so in one teacher's vote. Bounds are
independent of the data: they hold for any votes, and any number of teachers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ORDERS = 1 + np.logspace(-4, 6, 20_001)
"""Orders of the Rényi divergence among which the best one is taken; any set of them is valid."""


@dataclass(frozen=True)
class Spent:
    """A privacy loss whose Rényi divergence of order a is `slope * a`, as that of Gaussian noise.

    Losses of several releases add up, also when later ones depend on earlier ones (Mironov 2017,
    arXiv:1702.07476, proposition 1).
    """

    slope: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.slope + other.slope)

    def __mul__(self, times: int) -> Spent:
        return Spent(self.slope * times)

    def epsilon(self, delta: float) -> float:
        """Return the least epsilon for which the releases are (epsilon, delta)-private.

        Canonne, Kamath and Steinke 2020 (arXiv:2004.00010), proposition 12: the minimum over orders
        a of rdp(a) + log((a - 1) / a) - (log(delta) + log(a)) / (a - 1).

        Raises
        ------
        ValueError
            When delta is not between 0 and 1.
        """
        if not 0 < delta < 1:
            raise ValueError(f"delta is between 0 and 1, not {delta:g}")
        if not self.slope:
            return 0.0
        a = _ORDERS
        bounds = self.slope * a + np.log1p(-1 / a) - (np.log(delta) + np.log(a)) / (a - 1)
        return max(0.0, float(bounds.min()))


def spend_gnmax(sigma: float) -> Spent:
    """Return the loss of one GNMax answer: the most voted class, with noise of sigma on each count.

    One vote changes two counts by one, a sensitivity of sqrt(2), hence a / sigma^2 at order a
    (Papernot et al. 2018, arXiv:1802.08908, proposition 8).
    """
    return Spent(1 / sigma**2)


def spend_threshold(sigma: float) -> Spent:
    """Return the loss of comparing the highest count, with noise of sigma on it, with a threshold.

    One vote changes the highest count by at most one, hence a / (2 sigma^2) at order a (Papernot et
    al. 2018, algorithm 1: Confident-GNMax, first step).
    """
    return Spent(1 / (2 * sigma**2))
