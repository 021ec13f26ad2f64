"""Arrays in npz files: x and y, with an optional test part and further columns."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.labelled import RawData
from datagen_federated.data.requests import Request
from datagen_partitions.errors import DataError, DataOptionError, suggest

Arrays = Mapping[str, NDArray[Any]]


def read_npz(request: Request) -> RawData:
    """Return the arrays `x` and `y` of an npz file, `x_test` and `y_test`, and further columns.

    The request may name another array than `y` as target; its test part has the suffix `_test`.
    Further arrays `(n,)` become columns; a note names arrays of other shapes.

    Raises
    ------
    DataError
        When the file cannot be read, or its arrays have other shapes or are pickled.
    DataOptionError
        When there is no such array.
    """
    path, target = request.path, request.target or "y"
    arrays = _read_arrays(path)
    x, y = _take_pair(path, arrays, "x", target)
    test = _take_test(path, arrays, target, x)
    used = {"x", target, "x_test", f"{target}_test"}
    columns = {name: array for name, array in arrays.items() if name not in used}
    fitting = {name: array for name, array in columns.items() if array.shape == y.shape}
    if request.id_column is not None and request.id_column not in fitting:
        wrong = request.id_column
        raise DataOptionError(f"{path} has no column {wrong!r}; {suggest(wrong, fitting)}")
    notes = tuple(
        f"the array {name!r} of shape {array.shape} is not used; a column has shape {y.shape}"
        for name, array in columns.items()
        if name not in fitting
    )
    return RawData(x=x, y=y, test=test, target=target, columns=fitting, notes=notes)


def _read_arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as file:  # NumPy leaves it open if it is not an archive
            return _unpack(path, np.load(file, allow_pickle=False))
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends early"
        message = f"{path} cannot be read as npz: {reason}; write it with numpy.savez"
        raise DataError(message) from error


def _unpack(path: Path, loaded: Any) -> Arrays:
    if isinstance(loaded, np.ndarray):
        raise DataError(f"{path} holds a single array; write x and y with numpy.savez")
    arrays = {name: loaded[name] for name in loaded.files}
    # Other files in the archive come as bytes.
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def _take_test(
    path: Path, arrays: Arrays, target: str, x: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    names = "x_test", f"{target}_test"
    if not any(name in arrays for name in names):
        return None
    x_test, y_test = _take_pair(path, arrays, *names)
    if x_test.shape[1:] != x.shape[1:]:
        raise DataError(
            f"{path} has samples of shape {x.shape[1:]} in x, but {x_test.shape[1:]} in x_test; "
            "give both the same form"
        )
    return x_test, y_test


def _take_pair(
    path: Path, arrays: Arrays, x_name: str, y_name: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    for name in (x_name, y_name):
        if name not in arrays:
            raise DataOptionError(f"{path} has no array {name!r}; {suggest(name, arrays)}")
    x, y = _as_inputs(path, x_name, arrays[x_name]), arrays[y_name]
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        message = f"{path} has {y_name} of shape {y.shape}; one label or value per sample is needed"
        raise DataError(message)
    if len(x) != len(y):
        raise DataError(
            f"{path} has {len(x)} samples in {x_name}, but {len(y)} in {y_name}; "
            "write the same number"
        )
    return x, y


def _as_inputs(path: Path, name: str, x: NDArray[Any]) -> NDArray[Any]:
    """Return images uint8 `(n, h, w)` or `(n, h, w, 3)`, or a table of floats."""
    if x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]
    if x.size and x.dtype == np.uint8 and (x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 3)):
        return x
    if x.size and x.ndim == 2 and x.dtype.kind in "biuf":
        return x if x.dtype == np.float32 else x.astype(np.float64)
    raise DataError(
        f"{path} has {name} of {x.dtype} {x.shape}; it takes images, uint8 (n, h, w) or "
        "(n, h, w, 3), or numbers (n, features)"
    )
