"""Small files of CIFAR-10, in both published forms, for tests of image sources."""

import io
import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
RECORDS = 4  # images in a batch; tests set cifar.BATCH to it


def colour_images(n: int) -> np.ndarray:
    """Images that tell themselves, their orientation and their colours apart."""
    images = np.zeros((n, 32, 32, 3), np.uint8)
    images[:, 0, 1, 0] = np.arange(n)
    images[:, 0, 2, 1] = 100
    images[:, 3, 0, 2] = 200
    return images


def flatten(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def binary_content(images: np.ndarray, labels: np.ndarray) -> bytes:
    return np.c_[labels.astype(np.uint8), flatten(images)].tobytes()


def pickle_content(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return what Python 2 and the numpy of its time wrote, as the published files hold it."""
    batch = {"batch_label": "batch", "labels": labels.tolist(), "data": flatten(images)}
    file = io.BytesIO()
    _Python2Pickler(file, protocol=2).dump(batch)
    return file.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")


class _Python2Pickler(pickle._Pickler):
    """Writes text and bytes alike, as the 8-bit strings of Python 2."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        content = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_string


def write_cifar(folder: Path, content=binary_content, suffix: str = ".bin") -> None:
    """Write all batches; images are numbered through, the test batch last."""
    folder.mkdir(parents=True, exist_ok=True)
    images = colour_images(RECORDS * len(BATCHES))
    for number, name in enumerate(BATCHES):
        part = slice(number * RECORDS, (number + 1) * RECORDS)
        labels = np.arange(len(images))[part] % 10
        (folder / f"{name}{suffix}").write_bytes(content(images[part], labels))
