"""A client's folder: `{train,valid}_{data,target}.npy`, as declearn's scripts write and read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_partitions.array_files import read_npy
from datagen_partitions.client_files.clients import ClientData, Pair
from datagen_partitions.errors import ClientFilesError, DataError

ADVICE = "make it with `datagen export image_partition --format declearn DIR`"


def write_client(folder: Path, data: ClientData) -> dict[str, Any]:
    """Make a client's folder with its files: NPY version 1.0, rows in C order.

    Without validation data there are no `valid_*` files.

    Parameters
    ----------
    folder
        The folder to make; one that exists must be empty.
    data
        The data to write.

    Returns
    -------
    entry
        The client's entry in a manifest: for `train` and `valid` (or None) the number of rows and
        of each label, and for each of the `files` dtype, shape and SHA-256.

    Raises
    ------
    ClientFilesError
        When the folder is not empty: files of two divisions must not mix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ClientFilesError(f"{folder} is not empty; name a new folder")
    parts = {"train": data.train, "valid": data.valid}
    files = {
        name: _write(folder / name, array)
        for part, pair in parts.items()
        if pair is not None
        for name, array in zip(_names(part), pair, strict=True)
    }
    return {**{part: _describe(pair) for part, pair in parts.items()}, "files": files}


def _names(part: str) -> tuple[str, str]:
    return f"{part}_data.npy", f"{part}_target.npy"


def _write(path: Path, array: NDArray[Any]) -> dict[str, Any]:
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
    return {"dtype": str(array.dtype), "shape": list(array.shape), "sha256": hash_file(path)}


def _describe(pair: Pair | None) -> dict[str, Any] | None:
    if pair is None:
        return None
    values, counts = np.unique(pair[1], return_counts=True)
    labels = {str(value): int(count) for value, count in zip(values, counts, strict=True)}
    return {"rows": len(pair[0]), "labels": labels}


def read_client(folder: Path) -> ClientData:
    """Return the data in a client's folder.

    Raises
    ------
    ClientFilesError
        When the folder or one of its files is missing or damaged, or files do not fit together.
    """
    if not folder.is_dir():
        raise ClientFilesError(f"there is no folder {folder}{_others(folder)}; {ADVICE}")
    train = _read_pair(folder, "train")
    if not len(train[0]):
        raise ClientFilesError(f"{folder} has no training rows; divide the data in another way")
    has_valid = any((folder / name).exists() for name in _names("valid"))
    valid = _read_pair(folder, "valid") if has_valid else None
    if valid is not None and _form(valid) != _form(train):
        raise ClientFilesError(f"{folder}: training and validation data differ in form; {ADVICE}")
    return ClientData(train, valid)


def _others(folder: Path) -> str:
    names = sorted(path.name for path in folder.parent.glob("client_*") if path.is_dir())
    return f" beside {', '.join(names[:5])}{', …' * (len(names) > 5)}" if names else ""


def _form(pair: Pair) -> tuple[Any, ...]:
    return tuple((array.dtype, array.shape[1:]) for array in pair)


def _read_pair(folder: Path, part: str) -> Pair:
    x, y = (_read(folder / name) for name in _names(part))
    if x.ndim < 2 or y.shape not in {(len(x),), (len(x), 1)}:
        data, target = _names(part)
        message = f"{folder}: {data} is {x.shape}, {target} is {y.shape}; each row needs one label"
        raise ClientFilesError(message)
    return x, y


def _read(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise ClientFilesError(f"{path.parent} has no {path.name}; {ADVICE}")
    try:
        return read_npy(path, path, ADVICE)
    except DataError as error:
        raise ClientFilesError(str(error)) from error
