"""The two published file formats of CIFAR-10: batches of labels and images in colour.

Both are described at https://www.cs.toronto.edu/~kriz/cifar.html. In the binary version a record is
one byte for the label and 3072 for the image: 1024 each of red, green and blue, row by row. The
python version is a pickled dict with the same content.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_images.errors import ImagesError

BATCH = 10_000
"""The number of images in every published batch."""

_PLANES = (3, 32, 32)
_IMAGE = 3 * 32 * 32

# What pickles of numpy's arrays call. Everything else that a pickle could call is refused.
_ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),  # the name before numpy 2
}


def decode_cifar_binary(content: bytes, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images `(n, 32, 32, 3)` and labels `(n,)`, both uint8, of a binary batch.

    Raises
    ------
    ImagesError
        When the content is not that of a complete batch.
    """
    if len(content) != BATCH * (1 + _IMAGE):
        reason = f"it holds {len(content)} bytes, not {BATCH} records of {1 + _IMAGE}"
        raise ImagesError.damaged(path, reason)
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + _IMAGE)
    return _put_colours_last(records[:, 1:]), records[:, 0]


def decode_cifar_pickle(content: bytes, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images `(n, 32, 32, 3)` and labels `(n,)`, both uint8, of a pickled batch.

    The pickle can build numbers, text, containers and numpy arrays, and call nothing else.

    Raises
    ------
    ImagesError
        When the content is not that of a complete batch.
    """
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
        images, labels = batch["data"], np.asarray(batch["labels"])
    except Exception as error:  # a damaged pickle can fail in any way
        raise ImagesError.damaged(
            path, (str(error) or type(error).__name__).splitlines()[0]
        ) from error
    form = (getattr(images, "shape", None), getattr(images, "dtype", None), labels.shape)
    if form != ((BATCH, _IMAGE), np.uint8, (BATCH,)) or labels.dtype.kind not in "iu":
        raise ImagesError.damaged(path, f"it does not hold {BATCH} images and labels")
    if labels.min() < 0 or labels.max() > 255:
        raise ImagesError.damaged(path, f"it has labels from {labels.min()} to {labels.max()}")
    return _put_colours_last(images), labels.astype(np.uint8)


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"its pickle names {module}.{name}, which no array needs")
        # numpy 2 warns about the old name of its private module.
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _put_colours_last(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return rows.reshape(-1, *_PLANES).transpose(0, 2, 3, 1)
