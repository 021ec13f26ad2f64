"""Torch and torchvision, imported on demand, since that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

from datagen_core.files import require

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


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


def import_torchvision() -> ModuleType:
    """Return torchvision, with its `datasets`.

    A torchvision that was built for another torch (such as a CUDA build beside a CPU torch) cannot
    load its compiled operators, and its import fails on `torchvision::nms`. Only then, that
    operator and its twin are declared, without code. This lets the import pass: the Python part of
    torchvision works, with its data sets, and a call of the operators fails.

    Raises
    ------
    MissingPackageError
        When torch or torchvision is not installed.
    """
    try:
        return _plain_import()
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
    _declare_operators()
    return _plain_import()


def _plain_import() -> ModuleType:
    require("torchvision.datasets", "torch")  # where it is missing, its error names the remedy
    import torchvision  # as above

    return cast("ModuleType", torchvision)


def _declare_operators() -> None:
    import torch  # as above

    for name in _OPERATORS:
        torch.library.define(f"torchvision::{name}", _SIGNATURE)
