"""Generators with rows to regroup, and parts of views written by hand."""

from __future__ import annotations

import numpy as np

import datagen_core
from datagen_core import Cache, Ragged

COUNT = 12


@datagen_core.generator(5)
def teams(size, start):
    """Make ragged fields of equal lengths, a text and a vector for each sample."""
    for index in range(start, start + size):
        rows = np.arange(index % 4) + 10 * index
        yield {
            "x": np.stack([rows, -rows], axis=1),
            "y": rows,
            "name": f"t{index}",
            "at": [index, 1],
        }


@datagen_core.generator(5)
def pairs(size, start):
    for index in range(start, start + size):
        yield np.arange(index % 3 + 1) + 10.0 * index, np.full(index % 3 + 1, index)


def make(cache, recipe, pieces=(7, 5)):
    for piece in pieces:
        datagen_core.generate(recipe, piece, executor="inline", cache=cache)
    return Cache(cache)[recipe.name][0]


def ragged(values):
    lengths = [len(value) for value in values]
    joined = [item for value in values for item in value]
    return Ragged(np.array(joined, np.int64), np.concatenate([[0], np.cumsum(lengths, dtype=int)]))


def part(**users):
    """Return a part of a view; each user is a list of (sample, row)."""
    samples = [[sample for sample, _ in rows] for rows in users.values()]
    rows = [[row for _, row in rows] for rows in users.values()]
    return {"users": list(users), "sample": ragged(samples), "row": ragged(rows)}


WHOLE = part(b=[(11, 2), (11, 0)], a=[(3, 1)])
MIXED = part(u=[(11, 2), (2, 0)], nobody=[], v=[(6, 1)])


def published(param_set, name="mine", recipe=None, **parts):
    return param_set.publish_view(name, recipe or {"made": "by hand"}, parts)
