"""Data sets whose tables are exported, and the rows of CSV files."""

from __future__ import annotations

import csv

import numpy as np

import datagen_core
from datagen_core import Field, Schema

LENGTHS = (1, 0, 2)
EXPECTED = [
    ("0", "t0", "0.1", "1.0", "0", "0.5", "7"),
    ("2", "t2", "0.1", "1.0", "2", "0.5", "7"),
    ("2", "t2", "0.1", "1.0", "3", "0.5", "7"),
]
"""Rows of three samples of 1, 0 and 2 rows: text, vector, and records repeated for each."""


@datagen_core.generator(2)
def tables(size, start):
    """Make every kind of field: ragged vectors and records, a text, a fixed vector."""
    kind = np.dtype([("a", "f8"), ("b", "i4")])
    for index in range(start, start + size):
        rows = np.arange(LENGTHS[index % 3]) + index
        both = np.array([(0.5, 7)] * len(rows), kind)
        yield {"y": rows, "r": both, "name": f"t{index}", "v": np.array([0.1, 1])}


@datagen_core.generator(
    4, schema=Schema({name: Field("int64", ragged=True) for name in ("a", "b")})
)
def uneven(size):
    for _ in range(size):
        yield {"a": np.arange(2), "b": np.arange(3)}


@datagen_core.generator(4)
def plain(size, start):
    for index in range(start, start + size):
        yield np.full((2, 2), index), float(index)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def lines_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def own_table(columns, indices, param_set, first_row, *, mark="m"):
    """Make one row a sample, as a generator's own table may."""
    rows = len(indices)
    return {
        "id": np.arange(first_row + 1, first_row + rows + 1),
        "mark": np.full(rows, f"{mark}{param_set.number}", object),
        "v0": columns["v"][:, 0],
    }
