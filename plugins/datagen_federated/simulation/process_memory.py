"""How the C library treats the memory that training frees."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h


@cache
def keep_freed_memory() -> None:
    """Let the C library keep the memory of one minibatch for the next one, for good.

    Otherwise it may hand megabytes back to the system in every step, which clears each page before
    it gives it out again: that can take as long as a third of training.
    """
    with suppress(AttributeError, OSError):  # not the C library of GNU
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 2**25)
        library.mallopt(_TRIM_THRESHOLD, 2**29)
