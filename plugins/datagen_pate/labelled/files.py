"""Labelled digits in files: npz and csv of the user, and the tensors of the original."""

from __future__ import annotations

import csv
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.errors import PateError
from datagen_pate.files.sample_files import read_labels, read_samples
from datagen_pate.files.torch_files import read_tensor
from datagen_pate.labelled.digits import Labelled, check_labelled

_LABEL_NAMES = ("label", "labels", "y", "class", "target")


def load_file(path: str | Path, *, normalized: bool = False) -> Labelled:
    """Return the digits of an npz or csv file.

    An npz file has the arrays `x` (images) and `y` (labels), or `images` and `labels`. A csv file
    has one row per image: its label and 784 pixels. With a header, the label is the column `label`
    or `y`; without one, it is the first. With `normalized`, pixels outside [0, 1] are accepted.

    Raises
    ------
    PateError
        When the file cannot be read, or holds something else.
    """
    path = Path(path)
    readers = {".npz": _read_npz, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise PateError(f"{path} is neither .npz nor .csv; give images and labels in such a file")
    try:
        hashed = hash_file(path)
        images, labels = readers[path.suffix.lower()](path)
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror or error}); name a file") from None
    files = {str(path): hashed}
    return check_labelled(images, labels, str(path), files, normalized=normalized)


def load_combined(samples: Path, labels: Path, *, normalized: bool = False) -> Labelled:
    """Return images of `combined_synthetic_samples.pt` with `combined_synthetic_labels.csv`.

    Parameters
    ----------
    samples
        A float tensor `(n, 1, 28, 28)` in [0, 1].
    labels
        A table with the columns `index` and `label`; others are ignored.
    normalized
        Whether the images are normalised already, so that pixels may be outside [0, 1].

    Raises
    ------
    PateError
        When a file cannot be read or holds something else, or the two do not fit together.
    """
    images = read_tensor(samples) if normalized else read_samples(samples)
    numbers, _ = read_labels(labels)
    files = {str(path): hash_file(path) for path in (samples, labels)}
    return check_labelled(images, numbers, str(samples), files, normalized=normalized)


_NAMES = (("x", "y"), ("images", "labels"), ("X", "y"))


def _read_npz(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            pairs = [pair for pair in _NAMES if set(pair) <= set(arrays)]
            if pairs:
                return arrays[pairs[0][0]], arrays[pairs[0][1]]
            names = ", ".join(arrays) or "none"
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise PateError(
            f"{path} is not an npz file of arrays ({error}); write it with numpy.savez"
        ) from None
    raise PateError(f"{path} holds the arrays {names}; name them x and y")


def _read_csv(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    header = _read_header(path)
    column = 0
    if header:
        found = [name for name in _LABEL_NAMES if name in header]
        if not found:
            raise PateError(
                f"{path} has no column 'label'; rename the column of labels (the first one is "
                f"{header[0]!r})"
            )
        column = header.index(found[0])
    try:
        table = np.loadtxt(
            path, delimiter=",", skiprows=int(bool(header)), ndmin=2, encoding="utf-8"
        )
    except ValueError as error:
        raise PateError(
            f"{path} is not a table of numbers ({error}); separate them by ','"
        ) from None
    return np.delete(table, column, axis=1), table[:, column]


def _read_header(path: Path) -> list[str]:
    """Return the names of the columns, in lower case; none when the first row is numbers."""
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell.strip().lower() for cell in next(csv.reader(file), [])]
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return cells
    return []
