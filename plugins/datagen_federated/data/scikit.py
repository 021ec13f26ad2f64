"""Data sets that come with scikit-learn, or that it downloads."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import require
from datagen_federated.data.labelled import RawData
from datagen_federated.data.requests import Request
from datagen_partitions.errors import DataError

_DIGITS_MAXIMUM = 16


def read_digits(_: Request) -> RawData:
    """Return digits as images uint8 `(1797, 8, 8)`, their values 0..16 stretched to 0..255."""
    digits = _import_scikit().load_digits()
    return RawData(
        x=(digits.images * (255 / _DIGITS_MAXIMUM)).round().astype(np.uint8),
        y=digits.target,
        task="classification",
        classes=tuple(str(name) for name in digits.target_names),
    )


def read_classes(request: Request) -> RawData:
    """Return iris, wine or breast_cancer."""
    bunch = getattr(_import_scikit(), f"load_{request.dataset}")()
    names = tuple(str(name) for name in bunch.target_names)
    return RawData(x=bunch.data, y=bunch.target, task="classification", classes=names)


def read_diabetes(_: Request) -> RawData:
    """Return diabetes in its own units: the scaled version was fitted on all rows."""
    return _as_regression(_import_scikit().load_diabetes(scaled=False))


def read_california_housing(_: Request) -> RawData:
    """Return california_housing from scikit-learn's folder of downloads; nothing is downloaded.

    Raises
    ------
    DataError
        When it is not there.
    """
    datasets = _import_scikit()
    try:
        return _as_regression(datasets.fetch_california_housing(download_if_missing=False))
    except OSError as error:
        raise DataError(
            f"california_housing is not in {datasets.get_data_home()}; where there is a network, "
            "run sklearn.datasets.fetch_california_housing() once, or let SCIKIT_LEARN_DATA name "
            "a folder that has it"
        ) from error


def _as_regression(bunch: Any) -> RawData:
    values = cast("NDArray[np.float64]", bunch.target)
    return RawData(x=bunch.data, y=values, task="regression", target="target")


def _import_scikit() -> Any:
    return require("sklearn.datasets", "sklearn")  # here, since it takes seconds
