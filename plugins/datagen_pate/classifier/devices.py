"""Where torch computes, with how many threads, and from which seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from datagen_images import use_threads
from datagen_pate.errors import ArgumentError

_Model = TypeVar("_Model", bound=torch.nn.Module)


def choose_device(name: str) -> str:
    """Return the device that `auto`, `cpu` or `cuda` means on this machine.

    Raises
    ------
    PateError
        When it is `cuda` on a machine without a usable CUDA device.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if has_cuda else "cpu"
    if name.startswith("cuda") and not has_cuda:
        raise ArgumentError("this machine has no usable CUDA device; use --device cpu or auto")
    return name


def lay_out(model: _Model) -> _Model:
    """Lay the weights of convolutions out for speed, channels last, in place; return the model.

    Convolutions of images in this layout take half the time, and sum in another order.
    """
    for weights in model.parameters():
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return model


@contextmanager
def computing_on(device: str, seed: int, threads: int = 1) -> Iterator[None]:
    """Seed torch and set its threads inside the block; both are as before after it."""
    devices = [torch.cuda.current_device()] if device.startswith("cuda") else []
    with use_threads(threads), torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
