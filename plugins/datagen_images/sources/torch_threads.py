"""Threads of torch, which is imported on demand, since that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Let torch compute with this many threads inside the block, and as before after it.

    The number of threads belongs to the process: it also holds for other threads of Python.
    """
    import torch  # as above

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
