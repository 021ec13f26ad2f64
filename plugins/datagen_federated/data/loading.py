"""Data sets by name, ready for training."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import cast

from datagen_core.files import expand_home
from datagen_federated.data.csv_table import read_csv
from datagen_federated.data.labelled import Data, RawData
from datagen_federated.data.npz_arrays import read_npz
from datagen_federated.data.preparing import prepare
from datagen_federated.data.requests import Request
from datagen_federated.data.scikit import (
    read_california_housing,
    read_classes,
    read_diabetes,
    read_digits,
)
from datagen_images import AnySource, Variant, load_images


def _read_images(request: Request) -> RawData:
    """Return both parts of a published image data set."""
    source, variant = cast("AnySource", request.dataset), cast("Variant | None", request.variant)
    train = load_images(source, variant=variant)
    test = load_images(source, part="test", variant=variant)
    return RawData(
        x=train.images,
        y=train.labels,
        test=(test.images, test.labels),
        task="classification",
        classes=train.classes,
    )


_READERS: dict[str, Callable[[Request], RawData]] = {
    "breast_cancer": read_classes,
    "california_housing": read_california_housing,
    "csv": read_csv,
    "diabetes": read_diabetes,
    "digits": read_digits,
    "iris": read_classes,
    "npz": read_npz,
    "wine": read_classes,
}  # all others are images


def load_data(  # noqa: PLR0913 (each is one choice of the user)
    dataset: str,
    *,
    file: str | Path | None = None,
    target: str | None = None,
    task: str | None = None,
    scaler: str = "standard",
    test_size: float = 0.2,
    variant: str | None = None,
    id_column: str | None = None,
) -> Data:
    """Return a data set, ready for training. The last two data sets are kept in memory.

    Parameters
    ----------
    dataset
        One of `DATASETS`.
    file
        The file of the data sets `csv` and `npz`.
    target
        A column of a csv file (default: the last), or an array of an npz file (default: `y`).
    task
        `classification` or `regression`, for files. Default: regression where the target holds
        floats, classification where it holds integers or text.
    scaler
        How a table is scaled, fitted on its training part: `standard`, `minmax` or `none`. Images
        stay as they are.
    test_size
        The share held out for testing where the data set has no test part of its own, the same for
        each class; always the same samples (`dividing.TEST_SEED`).
    variant
        The selection of EMNIST.
    id_column
        A column of the file that is not a feature, such as a client's name; it may hold text.

    Raises
    ------
    DataOptionError
        When there is no such data set, or an option does not fit it.
    DataError
        When a file is missing, or its content cannot be trained on.
    MissingPackageError
        When the data set needs scikit-learn, which is not installed.
    ImagesError
        When the files of an image data set cannot be had.
    """
    path = None if file is None else expand_home(file)
    request = Request(dataset, path, target, task, scaler, test_size, variant, id_column)
    request.check()
    return _load(request, _stamp(path))


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """Return a stamp that changes when a file is written again."""
    if path is None:
        return None
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=2)
def _load(request: Request, stamp: tuple[int, int] | None) -> Data:  # noqa: ARG001 (part of the key)
    return prepare(request, _READERS.get(request.dataset, _read_images)(request))
