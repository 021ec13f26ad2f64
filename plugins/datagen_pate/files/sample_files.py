"""Files of the original: images as float32 tensors, labels as csv; read and written in blocks."""

from __future__ import annotations

import csv
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.evaluation.classes import CLASSES
from datagen_pate.evaluation.distances import Images, as_unit
from datagen_pate.files.torch_files import read_tensor
from datagen_pate.files.writing import writing

_PIXELS = 784
_ALIGNMENT = 64
_BLOCK = 4096


def write_samples(path: Path, count: int, blocks: Iterable[Images]) -> None:
    """Write images as the file of `torch.save` of a float32 tensor `(count, 1, 28, 28)` in [0, 1].

    Block by block, so that memory does not grow with the file; the same images give the same bytes.


    Parameters
    ----------
    count
        The number of images in all blocks together.
    blocks
        Images `(n, 28, 28)`, uint8 or float32 in [0, 1].
    """
    with writing(path) as file:
        _write_archive(file, count, blocks)


def _write_archive(file: IO[bytes], count: int, blocks: Iterable[Images]) -> None:
    """Write the zip archive of torch's serialization: a pickle that refers to a storage."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("archive/data.pkl"), _pickle_tensor(count))
        archive.writestr(_entry("archive/byteorder"), "little")
        info = _entry("archive/data/0")
        # Aligned, as torch writes it, so that the file can be mapped: 30 bytes of local header,
        # its name, 20 bytes of zip64 sizes, and padding in a field of its own.
        begin = file.tell() + 30 + len(info.filename) + 20 + 4
        padding = -begin % _ALIGNMENT
        info.extra = b"FB" + padding.to_bytes(2, "little") + bytes(padding)
        with archive.open(info, "w", force_zip64=True) as storage:
            for block in blocks:
                storage.write(np.ascontiguousarray(as_unit(block), "<f4").data)
        archive.writestr(_entry("archive/version"), "3\n")


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))


class _Storage:
    """Stands for the storage, which the pickle only refers to."""


class _Pickler(pickle.Pickler):
    def __init__(self, file: BinaryIO, elements: int) -> None:
        super().__init__(file, protocol=2)
        self._elements = elements

    def persistent_id(self, obj: Any) -> Any:
        import torch  # the commands' start must not pay for it

        is_storage = isinstance(obj, _Storage)
        return ("storage", torch.FloatStorage, "0", "cpu", self._elements) if is_storage else None


class _Tensor:
    def __init__(self, count: int) -> None:
        self._shape = (count, 1, 28, 28)

    def __reduce__(self) -> Any:
        # What Tensor.__reduce_ex__ gives; it has no public name.
        from torch._utils import _rebuild_tensor_v2

        strides = (_PIXELS, _PIXELS, 28, 1)
        hooks: OrderedDict[str, Any] = OrderedDict()  # subscripted, it would be pickled so
        return _rebuild_tensor_v2, (_Storage(), 0, self._shape, strides, False, hooks)


def _pickle_tensor(count: int) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, count * _PIXELS).dump(_Tensor(count))
    return buffer.getvalue()


def read_samples(path: Path) -> NDArray[np.float32]:
    """Return the images of a tensor file, float32 `(n, 28, 28)` in [0, 1], mapped from it.

    Pixels up to 255 are divided by 255, as the original does.

    Raises
    ------
    PateError
        When it cannot be read, is not such a tensor, or has pixels out of range.
    """
    tensor = read_tensor(path)
    if tensor.ndim == 4 and tensor.shape[1] == 1:
        tensor = tensor[:, 0]
    if tensor.ndim != 3 or tensor.shape[1:] != (28, 28) or tensor.dtype.kind not in "fu":
        raise PateError(f"{path} holds {tensor.dtype} {tensor.shape}; give float32 (n, 1, 28, 28)")
    blocks = [tensor[start : start + _BLOCK] for start in range(0, len(tensor), _BLOCK)]
    low = min((float(block.min()) for block in blocks), default=0)
    high = max((float(block.max()) for block in blocks), default=0)
    if not (low >= 0 and high <= 255):  # false for NaN too, which min and max hand on
        raise PateError(
            f"{path} has pixels from {low:g} to {high:g}; give images in [0, 1] without NaN"
        )
    scaled = tensor if high <= 1.1 and tensor.dtype.kind == "f" else tensor / np.float32(255)
    return scaled.astype(np.float32, copy=False)


def write_labels(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    """Write a csv file of columns by name, after a first column `index` that counts from 0."""
    rows = zip(*(map(str, column) for column in columns.values()), strict=True)
    with writing(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["index", *columns])
        writer.writerows([index, *row] for index, row in enumerate(rows))


def read_labels(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Return labels and confidence in the order of `index`; confidence is None without its column.

    Raises
    ------
    PateError
        When it cannot be read, or an index, a label or a confidence is missing or out of range.
    """
    rows = _read_rows(path)
    labels = np.array([row[1] for row in rows], np.int64)
    if len(labels) and not 0 <= labels.min() <= labels.max() < CLASSES:
        wrong = labels[(labels < 0) | (labels >= CLASSES)][0]
        raise PateError(f"{path} has the label {wrong}; labels are from 0 to {CLASSES - 1}")
    if [row[0] for row in rows] != list(range(len(rows))):
        raise PateError(
            f"{path} does not have each index from 0 to {len(rows) - 1} once; number its rows"
        )
    if any(row[2] is None for row in rows):
        return labels.astype(np.uint8), None
    confidence = np.array([row[2] for row in rows], np.float32)
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise PateError(f"{path} has a confidence outside of [0, 1]; they are probabilities")
    return labels.astype(np.uint8), confidence


def _read_rows(path: Path) -> list[tuple[int, int, float | None]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            has_confidence = "confidence" in (reader.fieldnames or ())
            rows = [
                (
                    int(row["index"]),
                    int(row["label"]),
                    float(row["confidence"]) if has_confidence else None,
                )
                for row in reader
            ]
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror}); name a .csv file") from None
    except (KeyError, TypeError, ValueError):
        raise PateError(f"{path} needs numbers in the columns index and label") from None
    return sorted(rows, key=lambda row: row[0])
