"""Which nodes are bad: what fails there is not the work's fault, if it fails nowhere else.

A node that fails at once is always free, and would get each task that is submitted again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.stories import Story

LEAST_FAILURES = 2
_REMEMBERED_SECONDS = 24 * 3600.0
"""Nodes are repaired."""


class Failure(NamedTuple):
    """What failed on a node: a batch, or a task whose process died."""

    node: str
    samples: IntervalSet
    time: float
    message: str


class BadNode(NamedTuple):
    """A node where batches or tasks failed that failed nowhere else, and in one line how."""

    name: str
    failures: int
    message: str

    def __str__(self) -> str:
        what = f"{self.failures} batches or tasks failed on {self.name} and on no other node"
        return f"{what} ({self.message})"


def find_bad_nodes(
    failures: Sequence[Failure], stories: Iterable[Story], nodes: Callable[[], frozenset[str]]
) -> dict[str, BadNode]:
    """Return the bad nodes by name; none where there is no better one.

    Two failures make a bad node: of one batch, or of several if nothing was made there since.

    Parameters
    ----------
    failures
        What failed lately.
    stories
        What became of all tasks.
    nodes
        Asks for the nodes where tasks may run.
    """
    made: dict[str, float] = {}
    for story in stories:
        made[story.node] = max(made.get(story.node, 0.0), story.last_made)
    found = {}
    for node in {failure.node for failure in failures if failure.node}:
        own = _of_this_node_alone(node, failures)
        if _is_bad(own, made[node]):
            found[node] = BadNode(node, len(own), own[-1].message)
    return found if found and nodes() - found.keys() else {}


def _of_this_node_alone(node: str, failures: Sequence[Failure]) -> list[Failure]:
    others = IntervalSet(part for each in failures if each.node != node for part in each.samples)
    return [each for each in failures if each.node == node and not each.samples & others]


def _is_bad(failures: Sequence[Failure], last_made: float) -> bool:
    if len(failures) < LEAST_FAILURES:
        return False
    same = Counter(each.samples.intervals for each in failures).most_common(1)[0][1]
    first = min(each.time for each in failures)
    return same >= LEAST_FAILURES or last_made <= first


def is_recent(moment: float) -> bool:
    """Return whether a failure still says something about its node."""
    return time.time() - moment < _REMEMBERED_SECONDS
