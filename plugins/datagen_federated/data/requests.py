"""What a user asks for: a data set by name, and how it is to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from datagen_images import check_variant
from datagen_partitions.errors import DataError, suggest

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
"""What a model learns: one of several classes, or a number."""

Scaler = Literal["standard", "minmax", "none"]
"""How columns of a table are scaled: to mean 0 and standard deviation 1, to 0..1, or not at all."""

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
        DataError
            When a name is unknown, an option is for other data sets, or a file is missing.
        """
        _check_name("data set", self.dataset, DATASETS)
        _check_name("scaler", self.scaler, get_args(Scaler))
        if self.task is not None:
            _check_name("task", self.task, get_args(Task))
        if not 0 < self.test_size < 1:
            message = f"test_size is a share between 0 and 1, not {self.test_size}; 0.2 is usual"
            raise DataError(message)
        self._check_variant()
        if self.dataset in _FILES:
            self._check_file()
        else:
            self._check_no_file()

    def _check_variant(self) -> None:
        try:
            check_variant(self.dataset, self.variant)
        except ValueError as error:
            raise DataError(str(error)) from None

    @property
    def path(self) -> Path:
        """The file.

        Raises
        ------
        DataError
            When none is named.
        """
        if self.file is None:
            raise DataError(f"the data set {self.dataset} needs a file; name it with file")
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
                message = f"{option} is for csv and npz files; leave it out for {self.dataset}"
                raise DataError(message)


def _check_name(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise DataError(f"there is no {what} {name!r}; {suggest(name, known)}")
