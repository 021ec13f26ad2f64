"""Python's `random.Random` as LEAF uses it: `shuffle` and `sample`, of which this is a copy.

Python promises the same `random()` for a seed in all versions, but not the same picks. With our
own way from random bits to picks, a seed gives the same ones for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log
from random import Random
from typing import Any


class PythonRandom:
    """A stream of picks that follow from a seed, like those of `random.Random(seed)`."""

    def __init__(self, seed: int) -> None:
        self._bits: Callable[[int], int] = Random(seed).getrandbits  # noqa: S311 (no secret)

    def _below(self, stop: int) -> int:
        """Draw from `range(stop)`: so many bits again and again, until they are below."""
        bits, size = self._bits, stop.bit_length()
        drawn = bits(size)
        while drawn >= stop:
            drawn = bits(size)
        return drawn

    def shuffle(self, items: list[Any]) -> None:
        """Shuffle a list in place."""
        for last in range(len(items) - 1, 0, -1):
            other = self._below(last + 1)
            items[last], items[other] = items[other], items[last]

    def sample(self, stop: int, count: int) -> list[int]:
        """Draw `count` different numbers from `range(stop)`, in the order of being drawn."""
        # A set of k numbers takes less memory than a list of all when it has fewer places.
        places = 21 + (4 ** ceil(log(count * 3, 4)) if count > 5 else 0)
        if stop <= places:
            return self._sample_from_list(stop, count)
        return self._sample_into_set(stop, count)

    def _sample_from_list(self, stop: int, count: int) -> list[int]:
        pool = list(range(stop))
        drawn = []
        for left in range(stop, stop - count, -1):
            place = self._below(left)
            drawn.append(pool[place])
            pool[place] = pool[left - 1]
        return drawn

    def _sample_into_set(self, stop: int, count: int) -> list[int]:
        drawn: dict[int, None] = {}  # a set that remembers the order
        while len(drawn) < count:
            drawn[self._below(stop)] = None
        return list(drawn)
