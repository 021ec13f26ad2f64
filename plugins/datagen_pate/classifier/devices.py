"""Where torch computes, with how many threads, and from which seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from datagen_images import use_threads
from datagen_pate.errors import PateError


def choose_device(name: str) -> str:
    """Return the device that `auto`, `cpu` or `cuda` means on this machine.

    Raises
    ------
    PateError
        When it is `cuda`, and there is none.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if has_cuda else "cpu"
    if name.startswith("cuda") and not has_cuda:
        raise PateError("this machine has no usable CUDA device; use --device cpu or auto")
    return name


@contextmanager
def computing_on(device: str, seed: int, threads: int = 1) -> Iterator[None]:
    """Seed torch and set its threads inside the block; both are as before after it."""
    devices = [torch.cuda.current_device()] if device.startswith("cuda") else []
    with use_threads(threads), torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
