"""Stream `leaf`: the numbers of LEAF's own program, from any task on.

LEAF (TalwalkarLab/leaf, data/synthetic at 09ec454) draws everything from numpy's global legacy
generator: MT19937, and normals in pairs by the polar method; the second of a pair waits for the
next call. LEAF seeds, draws all sizes, and seeds *again* with the same number. So sizes come from
the same numbers as Q, and a larger number of tasks only appends to the stream.

To begin at a task one needs the generator's state there. A task's size says how many normals it
takes, but not how many pairs the polar method rejects. So the tasks before it are skipped by the
test of acceptance alone, without the logarithms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import MT19937, Generator, RandomState

from datagen_core import ConfigurationError
from datagen_leaf.tasks.distributions import Integers, cut_sizes, draw_mixture
from datagen_leaf.tasks.draws import Draws
from datagen_leaf.tasks.params import LeafSyntheticParams

State = dict[str, Any]

MARK_EVERY = 1024
"""The state before every task with a multiple of this number is kept; a state takes 2.5 kB."""

_BLOCK = 2**13
"""Number of pairs that are tested at once; they fit the processor's cache."""

_FEW = 200
"""Up to this number, normals are drawn as quickly as they are skipped."""


def check_seed(seed: int) -> None:
    """Refuse a seed that LEAF cannot take.

    Raises
    ------
    ConfigurationError
        When it has more than 32 bits.
    """
    if seed >= 2**32:
        raise ConfigurationError(
            f"stream=leaf takes seeds below 2**32 = {2**32}, as LEAF does, not {seed}; give "
            "another --seed, or leave out stream"
        )


class LegacyStream:
    """LEAF's stream of one parameter set; the order of calls of `draw` does not matter.

    Raises
    ------
    ConfigurationError
        For a seed that LEAF cannot take.
    """

    def __init__(self, params: LeafSyntheticParams, seed: int) -> None:
        check_seed(seed)
        self._params = params
        self._seed = seed
        self._sizes = np.zeros(0, np.int64)
        random = RandomState(seed)
        self.mixture = draw_mixture(
            random.standard_normal, params.num_dim, params.num_classes, params.num_clusters
        )
        self._marks: dict[int, State] = {0: random.get_state(legacy=False)}
        self._last = (0, self._marks[0])

    def sizes(self, stop: int) -> Integers:
        """Return the sizes of tasks 0 to `stop`."""
        if self._params.sizes is not None:
            return np.array(self._params.sizes[:stop], np.int64)
        if stop > len(self._sizes):
            self._sizes = self._draw_sizes(max(stop, 2 * len(self._sizes)))
        return self._sizes[:stop]

    def _draw_sizes(self, count: int) -> Integers:
        params, random = self._params, RandomState(self._seed)
        values = random.lognormal(params.size_mu, params.size_sigma, count)
        return cut_sizes(values, params.min_samples, params.max_samples)

    def draw(self, start: int, size: int) -> Draws:
        """Draw tasks `start` to `start + size`."""
        random = self._at(start)
        draws = Draws.allocate(self._params, self.sizes(start + size)[start:])
        bounds = draws.offsets.tolist()
        for task in range(size):
            rows = slice(bounds[task], bounds[task + 1])
            draws.clusters[task] = random.random_sample()
            draws.locations[task] = random.standard_normal(draws.locations.shape[1])
            draws.features[rows] = random.standard_normal(draws.features[rows].shape)
            draws.models[task] = random.standard_normal(draws.models.shape[1])
            draws.scores[rows] = random.standard_normal(draws.scores[rows].shape)
        self._last = (start + size, random.get_state(legacy=False))
        return draws

    def _at(self, start: int) -> RandomState:
        """Return a generator in its state before task `start`."""
        known = {**self._marks, self._last[0]: self._last[1]}
        first = max(task for task in known if task <= start)
        walker = _Walker(known[first])
        for task, normals in enumerate(self._normals(start)[first:].tolist(), first):
            if task % MARK_EVERY == 0:
                self._marks[task] = walker.random.get_state(legacy=False)
            walker.skip_task(normals)
        return walker.random

    def _normals(self, stop: int) -> Integers:
        """Return the number of normals that each of the tasks 0 to `stop` takes."""
        params = self._params
        once = 1 + params.num_dim + params.num_clusters
        return once + self.sizes(stop) * (params.num_dim + params.num_classes)


class _Walker:
    """A generator that skips tasks without making them."""

    def __init__(self, state: State) -> None:
        bits = MT19937(0)
        self.random = RandomState(bits)
        self.random.set_state(state)
        self._uniform = Generator(bits)  # the same bits, for filling an existing array
        self._block = np.empty(2 * _BLOCK)
        self._is_waiting = bool(state["has_gauss"])

    def skip_task(self, normals: int) -> None:
        """Skip the draw of a cluster and this many normals."""
        self.random.random_sample()
        if self._is_waiting:
            self.random.standard_normal()
            normals -= 1
        while normals > _FEW:  # never too many pairs, since some are rejected
            normals -= 2 * self._count_accepted(min(normals // 2, _BLOCK))
        self.random.standard_normal(normals)  # the last one's partner waits with its value
        self._is_waiting = normals % 2 == 1

    def _count_accepted(self, pairs: int) -> int:
        """Draw pairs of uniform numbers, and return how many of them lie in the circle.

        The polar method tests (2a - 1)^2 + (2b - 1)^2 < 1; this tests a quarter of it, without
        rounding. The method also rejects a sum of 0, which has probability 2^-106.
        """
        block = self._block[: 2 * pairs]
        self._uniform.random(out=block)
        block -= 0.5
        block *= block
        return int(np.count_nonzero(block[::2] + block[1::2] < 0.25))


@lru_cache(maxsize=2)
def legacy_stream(params: LeafSyntheticParams, seed: int) -> LegacyStream:
    """Return the stream of a parameter set, which remembers where the last batch ended."""
    return LegacyStream(params, seed)
