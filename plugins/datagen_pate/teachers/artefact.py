"""The folder that teachers are kept in."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.evaluation.classes import CLASSES, count_labels
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.files.sample_files import read_samples
from datagen_pate.files.torch_files import is_torch_file
from datagen_pate.files.writing import read_json, writing

if TYPE_CHECKING:
    from datagen_pate.classifier.network import Classifier

FILES = ("weights.npy", "shards.npz", "teachers.json")
REPORT_FORMAT = "1.0"
"""The files of a finished folder: float32 `(teachers, 1199882)`; the arrays of all `Shard`s joined,
and `offsets`; the report. The last one is written last."""

UNKNOWN = -1
"""Stands for a label or an index that was not recorded."""


@dataclass(frozen=True, eq=False)
class Shard:
    """The images that one teacher was trained on, as far as they are known.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`; empty where the shard is unknown.
    labels
        int64 `(n,)`; -1 where they are unknown.
    indices
        int64 `(n,)`, places in the private set; -1 where they are unknown.
    class_counts
        int64 `(10,)`, images of each class; None where it is unknown.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    class_counts: NDArray[np.int64] | None

    @classmethod
    def of(
        cls, images: NDArray[np.uint8], labels: NDArray[np.int64], indices: NDArray[np.int64]
    ) -> Shard:
        """Return a shard whose images, labels and indices are all known."""
        return cls(images, labels, indices, count_labels(labels))

    @property
    def is_known(self) -> bool:
        """Whether its images are known."""
        return len(self.images) > 0


def read_shard(shards: Path, k: int) -> Shard:
    """Return the shard of teacher k from `shards.npz`, or of a single teacher from its `shard.pt`.

    Raises
    ------
    PateError
        When the file cannot be read, holds something else, or lacks the teacher.
    """
    arrays = _read_arrays(shards)
    offsets, counts = arrays["offsets"], arrays["class_counts"]
    if not 0 <= k < len(offsets) - 1:
        raise PateError(f"{shards} has no teacher {k}; it has {len(offsets) - 1}")
    rows = slice(offsets[k], offsets[k + 1])
    known = counts[k] if counts[k].min() >= 0 else None
    return Shard(arrays["images"][rows], arrays["labels"][rows], arrays["indices"][rows], known)


def read_teacher(weights: Path, k: int, device: str = "cpu") -> Classifier:
    """Return teacher k from `weights.npy`; only its own weights are read.

    Raises
    ------
    PateError
        When the file cannot be read, holds something else, or lacks the teacher.
    """
    from datagen_pate.classifier.files import restore_weights  # torch, only when it is needed

    rows = open_weights(weights)
    if not 0 <= k < len(rows):
        raise PateError(f"{weights} has no teacher {k}; it has {len(rows)}")
    return restore_weights(rows[k], device)


def count_teachers(weights: Path) -> int:
    """Return the number of teachers in `weights.npy`.

    Raises
    ------
    PateError
        When the file cannot be read or holds something else.
    """
    return len(open_weights(weights))


def check_teachers(weights: Path, shards: Path | None = None) -> None:
    """Refuse files in which any teacher is unusable, before any work.

    Raises
    ------
    PateError
        When there is no teacher, one is of another network or has weights that are not finite, or
        the shards are of fewer teachers or of another form.
    """
    from datagen_pate.classifier.files import restore_weights  # torch, only when it is needed

    rows = open_weights(weights)
    if not len(rows):
        raise PateError(
            f"{weights} does not hold any teacher; make some with datagen pate train-teachers"
        )
    restore_weights(rows[0])
    broken = [k for k, row in enumerate(rows) if not np.isfinite(row).all()]
    if broken:
        raise PateError(
            f"{weights}: teacher {broken[0]} has weights that are not finite; train it again"
        )
    if shards is not None:
        _check_shards(shards, len(rows))


def _check_shards(path: Path, teachers: int) -> None:
    arrays = _read_arrays(path)
    images, offsets = arrays["images"], arrays["offsets"]
    if len(offsets) - 1 < teachers:
        raise PateError(
            f"{path} has the shards of {len(offsets) - 1} teachers, not of {teachers}; "
            "name the file that belongs to the teachers"
        )
    lengths = {len(arrays[name]) for name in ("images", "labels", "indices")}
    if images.shape[1:] != (28, 28) or images.dtype != np.uint8 or lengths != {offsets[-1]}:
        raise PateError(
            f"{path} holds {images.dtype} images {images.shape}, not {offsets[-1]} of uint8 "
            "and 28 x 28 pixels; name the shards.npz of the teachers"
        )


def open_weights(weights: Path) -> NDArray[np.float32]:
    """Return the weights of all teachers, mapped from their file, one row per teacher.

    A `model.pth` of the original is a single teacher.
    """
    if is_torch_file(weights):
        from datagen_pate.classifier.files import flatten_weights, load_classifier  # torch

        return flatten_weights(load_classifier(weights))[None]
    try:
        rows = np.load(weights, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise PateError(f"{weights} cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise PateError(f"{weights} does not hold weights ({error}); name a weights.npy") from None
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype != np.float32:
        raise PateError(
            f"{weights} is not a weights.npy of teachers; make one with datagen pate train-teachers"
        )
    return rows


def read_report(folder: Path) -> dict[str, Any]:
    """Return the content of `teachers.json`, which describes a finished folder.

    Raises
    ------
    PateError
        When the folder is not finished.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise PateError(f"{folder} has no {missing[0]}; make it with datagen pate train-teachers")
    return read_json(folder / FILES[2], REPORT_FORMAT)


def write_shards(path: Path, shards: Sequence[Shard]) -> None:
    """Write `shards.npz`; the same shards give the same bytes."""
    unknown = np.full(CLASSES, UNKNOWN)
    counts = [unknown if shard.class_counts is None else shard.class_counts for shard in shards]
    lengths = [len(shard.images) for shard in shards]
    arrays = {
        "images": np.concatenate([shard.images for shard in shards]),
        "labels": np.concatenate([shard.labels for shard in shards]),
        "indices": np.concatenate([shard.indices for shard in shards]),
        "offsets": np.cumsum([0, *lengths], dtype=np.int64),
        "class_counts": np.array(counts, np.int64),
    }
    with writing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def write_weights(path: Path, rows: Iterable[NDArray[np.float32]], teachers: int) -> None:
    """Write `weights.npy` row by row, so that one teacher is in memory at a time."""
    with writing(path) as file:
        for number, row in enumerate(rows):
            if number == 0:
                header = {"descr": "<f4", "fortran_order": False, "shape": (teachers, len(row))}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(row, "<f4").data)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    names = ("images", "labels", "indices", "offsets", "class_counts")
    if is_torch_file(path):
        return _read_single(path)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror})") from None
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        raise PateError(f"{path} is not a shards.npz of teachers; name that file") from None


def _read_single(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of one shard whose images alone are known."""
    images = round_to_stored(read_samples(path))
    unknown = np.full(len(images), UNKNOWN)
    return {
        "images": images,
        "labels": unknown,
        "indices": unknown,
        "offsets": np.array([0, len(images)]),
        "class_counts": np.full((1, CLASSES), UNKNOWN),
    }
