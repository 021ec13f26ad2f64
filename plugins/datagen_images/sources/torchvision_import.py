"""The one place that imports torchvision, which takes seconds and may need help."""

from __future__ import annotations

from types import ModuleType
from typing import cast

from datagen_images.errors import ImagesError

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> ModuleType:
    """Return torchvision, its `datasets` included.

    A torchvision that was built for another torch (a CUDA build beside a CPU torch, say) cannot
    load its compiled operators, and its import then fails on `torchvision::nms`. Declaring that
    operator and its twin, without any code behind them, lets the import pass: all of torchvision
    that is Python works, its data sets among it, and a call of the operators themselves fails.
    This is done only after the plain import has failed in exactly that way.

    Raises
    ------
    ImagesError
        When torch or torchvision is not installed.
    """
    try:
        return _plain_import()
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed; run: pip install 'datagen[torch]'"
        raise ImagesError(message) from error
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
    _declare_operators()
    return _plain_import()


def _plain_import() -> ModuleType:
    import torchvision.datasets  # here, since it takes seconds that few commands should pay

    return cast("ModuleType", torchvision)


def _declare_operators() -> None:
    import torch  # here, for the same reason

    for name in _OPERATORS:
        torch.library.define(f"torchvision::{name}", _SIGNATURE)
