"""Bytes that hold nothing are zeros in files, and do not count where samples are compared."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_core.generators.padding import without_padding
from datagen_core.generators.records import collect
from datagen_core.store.shard_columns import columns_checksum

GAPS = np.dtype([("p", "i1"), ("q", "f8"), ("r", "i1", (3,))], align=True)
DTYPES = [np.longdouble, np.clongdouble, GAPS, [("m", GAPS, (2,)), ("n", np.longdouble)]]


def filled(dtype, byte):
    """Return an array of ones whose padding holds a byte, as memory may."""
    raw = np.full(3 * np.dtype(dtype).itemsize, byte, np.uint8)
    array = raw.view(dtype)
    used = without_padding(np.full(3 * np.dtype(dtype).itemsize, 255, np.uint8).view(dtype))
    ones = used.reshape(-1).view(np.uint8) == 255
    raw[ones] = np.ones(3, dtype).view(np.uint8)[ones]
    return array


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "wrap", [lambda a: {"a": a}, lambda a: iter([{"a": a[:n]} for n in (1, 2)])]
)
def test_values_that_are_equal_are_the_same_bytes(dtype, wrap):
    size = 3 if isinstance(wrap(np.zeros(3)), dict) else 2
    found = [collect(wrap(filled(dtype, byte)), size, None)[0] for byte in (0, 170)]

    assert (found[0]["a"][0] == found[1]["a"][0]).all()
    assert columns_checksum(found[0]) == columns_checksum(found[1])


def test_an_array_without_padding_is_not_copied():
    array = np.zeros(3, [("p", "i4"), ("q", "f4")])

    assert without_padding(array) is array
