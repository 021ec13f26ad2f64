"""Bytes of values that hold nothing: gaps between members, and the ends of long doubles.

What lies there is whatever the memory held before, so it is made zero in files, and is left out
where values are compared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXTENDED = 63
"""The bits behind the point in long doubles of x86, which have 80 bits."""


def without_padding(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with zeros for bytes that hold nothing; the same one if there are none."""
    used = used_bytes(array.dtype)
    if used is None:
        return array
    flat = np.ascontiguousarray(array).reshape(-1)
    found = flat.view(np.uint8).reshape(array.size, array.dtype.itemsize)
    clean = np.zeros_like(found)
    clean[:, used] = found[:, used]
    return clean.reshape(-1).view(array.dtype).reshape(array.shape)


@lru_cache
def used_bytes(dtype: np.dtype[Any]) -> list[int] | None:
    """Return the places of the bytes that count in a value; None if all do, in this order."""
    used = _bytes_used(dtype)
    return None if used == list(range(dtype.itemsize)) else used


def _bytes_used(dtype: np.dtype[Any]) -> list[int]:
    """Return the places of the bytes of a value that are no padding, in the order of members."""
    if dtype.subdtype is not None:
        base, count = dtype.subdtype[0], dtype.itemsize // dtype.subdtype[0].itemsize
        return [
            place * base.itemsize + byte for place in range(count) for byte in _bytes_used(base)
        ]
    if dtype.names is not None and dtype.fields is not None:
        members = [dtype.fields[name][:2] for name in dtype.names]
        return [offset + byte for member, offset in members for byte in _bytes_used(member)]
    if dtype.kind == "c":
        half = np.dtype(f"f{dtype.itemsize // 2}")
        return _bytes_used(np.dtype((half, (2,))))
    # Numbers of 80 bits take 12 or 16 bytes, of which the last ones hold anything.
    is_extended = dtype.kind == "f" and np.finfo(dtype).nmant == _EXTENDED
    return list(range(10 if is_extended else dtype.itemsize))
