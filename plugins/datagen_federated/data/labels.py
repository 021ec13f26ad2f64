"""Targets in the form that models need: classes numbered from 0, or floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.requests import Task
from datagen_partitions.errors import DataError, DataOptionError

_LISTED = 5  # classes in a note


@dataclass(frozen=True, eq=False)
class Classes:
    """The distinct values of a target; the label of a class is its place among them.

    Attributes
    ----------
    values
        Different values in ascending order, `(C,)`.
    """

    values: NDArray[Any]

    def number(self, y: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the labels int64 `(n,)` of values, and a mask of the values that are classes.

        The labels of other values are arbitrary.
        """
        labels = np.searchsorted(self.values, y).clip(max=len(self.values) - 1).astype(np.int64)
        return labels, self.values[labels] == y

    def name(self, published: Sequence[str]) -> tuple[str, ...]:
        """Return the name of each class: the published one, or its value as text."""
        return tuple(published[value] if published else str(value) for value in self.values)

    def describe_renumbering(self, target: str) -> tuple[str, ...]:
        """Return a note if labels differ from the values."""
        if np.array_equal(self.values, np.arange(len(self.values))):
            return ()
        pairs = [f"{value} -> {label}" for label, value in enumerate(self.values[:_LISTED])]
        rest = ", ..." if len(self.values) > _LISTED else ""
        listed = f"{', '.join(pairs)}{rest}"
        return (f"the {len(self.values)} classes of {target!r} were numbered: {listed}",)


def choose_task(y: NDArray[Any], made_for: Task | None, wanted: str | None, name: str) -> Task:
    """Return the task of a model: floats mean regression, integers and text classification.

    Parameters
    ----------
    y
        The target.
    made_for
        The task that the data set is made for; None for files of the user.
    wanted
        The task that the user asks for; None if the target decides.
    name
        The data set, for messages.

    Raises
    ------
    DataOptionError
        When the data set is made for another task.
    """
    if made_for is not None and wanted not in {None, made_for}:
        raise DataOptionError(f"{name} is for {made_for}, not {wanted}; leave task out")
    found: Task = "regression" if y.dtype.kind == "f" else "classification"
    if wanted is not None:
        found = "regression" if wanted == "regression" else "classification"
    return made_for or found


def find_classes(y: NDArray[Any], target: str) -> Classes:
    """Return the classes of a target.

    Raises
    ------
    DataError
        When there are fewer than two, or floats are not whole numbers.
    """
    values = np.unique(as_class_values(y, target))
    if len(values) < 2:
        raise DataError(
            f"{target!r} has {len(values)} class in the training part; it takes 2 or more "
            "to learn anything"
        )
    return Classes(values)


def as_class_values(y: NDArray[Any], target: str) -> NDArray[Any]:
    """Return values that can be classes: integers, booleans or text.

    Raises
    ------
    DataError
        When they are of another type, and not whole numbers.
    """
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind in "biuU":
        return y
    if y.dtype.kind != "f":
        raise DataError(f"{target!r} holds {y.dtype}; it takes integers or text for classes")
    whole = np.isfinite(y) & (y == np.round(y)) & (np.abs(y) < 2**53)
    if not whole.all():
        raise DataError(
            f"{target!r} holds {y[~whole][0]}, which is not a class; "
            "give it whole numbers or text, or use task=regression"
        )
    return y.astype(np.int64)


def as_regression_values(y: NDArray[Any], target: str) -> NDArray[np.float32]:
    """Return values as float32.

    Raises
    ------
    DataError
        When they are not numbers, or not finite.
    """
    if y.dtype.kind not in "biuf":
        raise DataError(
            f"{target!r} holds text ({str(y[0])!r}); regression takes numbers, "
            "or use task=classification"
        )
    with np.errstate(over="ignore"):
        values = y.astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(
            f"{target!r} is {y[row]} in row {row + 1}, which float32 cannot train on; "
            "take that row out"
        )
    return values
