"""Data sets as their sources hold them, and ready for training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.requests import Task

Places = NDArray[np.int64]
Pair = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Data:
    """A labelled data set, ready for training. All arrays are read-only.

    Attributes
    ----------
    name
        The data set's name.
    task
        Classification or regression.
    x
        Inputs of the training part: images uint8 `(n, h, w)` or `(n, h, w, 3)`, unchanged, or a
        table float32 `(n, features)`, scaled.
    y
        Labels of the training part: int64 `(n,)`, 0 to C - 1, all of which occur; for regression
        float32 `(n,)`, in the units of the data set.
    x_test, y_test
        The test part, in the same forms; the scale is fitted without it.
    classes
        The name of each label; empty for regression.
    columns
        Further columns of the training part, by which it may be partitioned: `(n,)` each. Features
        of a csv file are not scaled here. Empty for all but csv and npz files.
    notes
        Changes made to the data, one line each for the user.
    target_scale
        Mean and standard deviation of `y` for regression, so that a trainer can standardise it;
        (0, 1) for classification.
    """

    name: str
    task: Task
    x: NDArray[Any]
    y: NDArray[Any]
    x_test: NDArray[Any]
    y_test: NDArray[Any]
    classes: tuple[str, ...] = ()
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    target_scale: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.x_test, self.y_test, *self.columns.values()):
            array.setflags(write=False)
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))


@dataclass(frozen=True, eq=False)
class RawData:
    """A data set in the form of its source.

    Attributes
    ----------
    x
        Images uint8 `(n, h, w)` or `(n, h, w, 3)`, or a table `(n, features)` of float32 or
        float64.
    y
        Labels or values `(n,)` of any type.
    test
        `x` and `y` of the test part; None if it has to be split off.
    task
        The task that the data set is made for; None if `y` and the user decide.
    target
        The name of `y`, for messages.
    classes
        The name of each value of `y`, if known: `classes[value]`.
    columns, notes
        As in `Data`.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    test: Pair | None = None
    task: Task | None = None
    target: str = "y"
    classes: tuple[str, ...] = ()
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether a row is a sample, rather than an image."""
        return bool(self.x.ndim == 2)

    def hold_out(self, train: Places, test: Places) -> tuple[RawData, Pair]:
        """Return a data set of the rows `train`, and `x` and `y` of the rows `test`."""
        columns = {name: column[train] for name, column in self.columns.items()}
        kept = replace(self, x=self.x[train], y=self.y[train], columns=columns)
        return kept, (self.x[test], self.y[test])
