"""From a name to data that are ready for training."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from datagen_federated.data.csv_table import read_csv
from datagen_federated.data.images import read_images
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
    """Return a data set, ready for training. The last two are kept in memory.

    Parameters
    ----------
    dataset
        One of `DATASETS`.
    file
        The file of the data sets `csv` and `npz`.
    target
        What to predict: a column of a csv file (default: the last), an array of an npz file
        (default: `y`).
    task
        `classification` or `regression`, for files. Default: regression where the target holds
        floats, classification where it holds integers or text.
    scaler
        How a table is scaled, fitted on its training part: `standard`, `minmax` or `none`. Images
        stay as they are.
    test_size
        The share held out for testing where the data set has no test part of its own, of each
        class alike; always the same samples (`dividing.TEST_SEED`).
    variant
        Which selection of EMNIST.
    id_column
        A column of the file that is no feature, a client's name say; it may hold text.

    Raises
    ------
    DataError
        When there is no such data set, an option does not fit it, or its content cannot be trained
        on.
    ImagesError
        When the files of an image data set cannot be had.
    """
    path = None if file is None else Path(file).expanduser()
    request = Request(dataset, path, target, task, scaler, test_size, variant, id_column)
    request.check()
    return _load(request, _stamp(path))


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """Return what tells a file that was written again from the one before."""
    if path is None:
        return None
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=2)
def _load(request: Request, stamp: tuple[int, int] | None) -> Data:  # noqa: ARG001 (part of the key)
    return prepare(request, _READERS.get(request.dataset, read_images)(request))
