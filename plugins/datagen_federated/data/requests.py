"""Requests of users: a data set by name, and options for reading it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from datagen_images import check_variant
from datagen_partitions.errors import DataError, DataOptionError, suggest

Dataset = Literal[
    "fashion_mnist",
    "mnist",
    "kmnist",
    "emnist",
    "cifar10",
    "digits",
    "iris",
    "wine",
    "breast_cancer",
    "diabetes",
    "california_housing",
    "csv",
    "npz",
]
"""The data sets by name; `csv` and `npz` are files of the user."""

DATASETS: tuple[str, ...] = get_args(Dataset)
"""The names of all data sets."""

Task = Literal["classification", "regression"]
"""The task of a model: to predict one of several classes, or a number."""

Scaler = Literal["standard", "minmax", "none"]
"""Scales of a table's columns: mean 0 and standard deviation 1, 0 to 1, or unchanged."""

_FILES = ("csv", "npz")


@dataclass(frozen=True)
class Request:
    """The arguments of `load_data`; the same request means the same data."""

    dataset: str
    file: Path | None = None
    target: str | None = None
    task: str | None = None
    scaler: str = "standard"
    test_size: float = 0.2
    variant: str | None = None
    id_column: str | None = None

    def check(self) -> None:
        """Refuse a request that cannot be met, before anything is read.

        Raises
        ------
        DataOptionError
            When a name is unknown, or an option is for other data sets.
        DataError
            When a file is missing.
        """
        _check_name("data set", self.dataset, DATASETS)
        _check_name("scaler", self.scaler, get_args(Scaler))
        if self.task is not None:
            _check_name("task", self.task, get_args(Task))
        if not 0 < self.test_size < 1:
            raise DataOptionError(
                f"test_size should be between 0 and 1, not {self.test_size}; 0.2 is usual"
            )
        self._check_variant()
        if self.dataset in _FILES:
            self._check_file()
        else:
            self._check_no_file()

    def _check_variant(self) -> None:
        try:
            check_variant(self.dataset, self.variant)
        except ValueError as error:
            raise DataOptionError(str(error)) from None

    @property
    def path(self) -> Path:
        """The file.

        Raises
        ------
        DataOptionError
            When no file is named.
        """
        if self.file is None:
            raise DataOptionError(f"the data set {self.dataset} needs a file; name it with file")
        return self.file

    def _check_file(self) -> None:
        if not self.path.is_file():
            what = "is a folder" if self.path.is_dir() else "does not exist"
            raise DataError(f"{self.path} {what}; name another file")
        if not self.path.stat().st_size:
            raise DataError(f"{self.path} is empty; name another file")

    def _check_no_file(self) -> None:
        for option in ("file", "target", "id_column"):
            if getattr(self, option) is not None:
                raise DataOptionError(
                    f"{option} is for csv and npz files; leave it out for {self.dataset}"
                )


def _check_name(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise DataOptionError(f"there is no {what} {name!r}; {suggest(name, known)}")
