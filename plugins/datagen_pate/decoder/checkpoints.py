"""The state of a training in a file, so that a training that was ended goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_pate.decoder.files import save_tensors, write_whole
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.errors import PateError
from datagen_pate.files.torch_files import read_tensors


class Resumable(Protocol):
    """What has a state."""

    @property
    def state(self) -> dict[str, Any]:
        """All of it, in tensors and plain values."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""


def read_checkpoint(
    path: Path | None,
    images: NDArray[np.uint8],
    params: PretrainParams,
    device: str,
    training: Resumable,
) -> str:
    """Let a training go on from a file, where it is of the same images and parameters.

    Returns
    -------
    key
        What tells trainings apart.
    """
    digest = hashlib.sha256(params.model_dump_json().encode())
    digest.update(f"{device} {torch.__version__} {images.shape}".encode())
    digest.update(np.ascontiguousarray(images).data)
    key = digest.hexdigest()
    if path is None or not path.is_file():
        return key
    try:
        content = read_tensors(path, "a checkpoint")
    except PateError:
        return key  # half a file is as good as none: training begins anew
    if isinstance(content, dict) and content.get("key") == key:
        training.restore(content["state"])
    return key


def write_checkpoint(path: Path | None, key: str, training: Resumable) -> None:
    """Write the state of a training, if there is a path for it."""
    if path is not None:
        content = {"key": key, "state": training.state}
        write_whole(path, lambda unfinished: save_tensors(content, unfinished))
