"""How many threads torch computes with, which is a state of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads inside the block; afterwards it is as before."""
    import torch  # here, since it takes a second that readers of images should not pay

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
