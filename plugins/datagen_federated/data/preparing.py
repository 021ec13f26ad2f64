"""Raw data made ready for training: a test part, numbered classes, scaled columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.dividing import hold_out, hold_out_stratified
from datagen_federated.data.labelled import Data, Pair, RawData
from datagen_federated.data.labels import (
    Classes,
    as_class_values,
    as_regression_values,
    choose_task,
    find_classes,
)
from datagen_federated.data.requests import Request
from datagen_federated.data.scaling import scale_tables
from datagen_partitions.errors import DataError


def prepare(request: Request, raw: RawData) -> Data:
    """Return data that are ready for training, by the options of a request.

    Raises
    ------
    DataError
        When the data cannot be trained on: too few classes or samples, or values that are not
        finite.
    """
    task = choose_task(raw.y, raw.task, request.task, request.dataset)
    if task == "classification":
        return _prepare_classification(request, raw)
    return _prepare_regression(request, raw)


def _prepare_classification(request: Request, raw: RawData) -> Data:
    classes = find_classes(raw.y, raw.target)
    notes = raw.notes + classes.describe_renumbering(raw.target) + _doubt_classes(classes, raw)
    if raw.test is None:
        labels, _ = classes.number(as_class_values(raw.y, raw.target))
        raw, test = raw.hold_out(*hold_out_stratified(labels, request.test_size))
    else:
        test = raw.test
    y, _ = classes.number(as_class_values(raw.y, raw.target))
    (x_test, y_test), dropped = _number_test(test, classes, raw.target)
    x, x_test = _make_inputs(raw, x_test, request.scaler)
    return Data(
        request.dataset,
        "classification",
        x=x,
        y=y,
        x_test=x_test,
        y_test=y_test,
        classes=classes.name(raw.classes),
        columns=raw.columns,
        notes=notes + dropped,
    )


def _prepare_regression(request: Request, raw: RawData) -> Data:
    values = as_regression_values(raw.y, raw.target)
    if raw.test is None:
        raw, test = raw.hold_out(*hold_out(len(values), request.test_size))
    else:
        test = raw.test
    y = as_regression_values(raw.y, raw.target)
    if y.min() == y.max():
        message = f"{raw.target!r} is {y[0]} in all of the training part; choose another target"
        raise DataError(message)
    x, x_test = _make_inputs(raw, test[0], request.scaler)
    return Data(
        request.dataset,
        "regression",
        x=x,
        y=y,
        x_test=x_test,
        y_test=as_regression_values(test[1], raw.target),
        columns=raw.columns,
        notes=raw.notes,
        target_scale=(float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64))),
    )


def _doubt_classes(classes: Classes, raw: RawData) -> tuple[str, ...]:
    """Return a note if the classes look like values meant for regression."""
    count, n = len(classes.values), len(raw.y)
    if 2 * count <= n or raw.y.dtype.kind not in "iu":
        return ()
    return (f"{raw.target!r} has {count} classes in {n} samples; is it meant for task=regression?",)


def _number_test(test: Pair, classes: Classes, target: str) -> tuple[Pair, tuple[str, ...]]:
    """Return the test part with numbered labels, without classes that training lacks."""
    x_test, values = test[0], as_class_values(test[1], target)
    if (values.dtype.kind == "U") != (classes.values.dtype.kind == "U"):
        raise DataError(
            f"{target!r} is text in one part and numbers in the other; give both the same type"
        )
    y_test, known = classes.number(values)
    if known.all():
        return (x_test, y_test), ()
    if not known.any():
        raise DataError(
            f"no test sample is of a class of the training part of {target!r}; check the test part"
        )
    strange = ", ".join(str(value) for value in np.unique(values[~known]))
    note = (
        f"{np.count_nonzero(~known)} test samples were dropped, since no training sample is of "
        f"their class: {strange}"
    )
    return (x_test[known], y_test[known]), (note,)


def _make_inputs(raw: RawData, x_test: NDArray[Any], scaler: str) -> Pair:
    """Return the inputs of both parts: tables scaled, images unchanged."""
    if raw.is_table:
        return scale_tables(raw.x, x_test, scaler)
    return np.ascontiguousarray(raw.x), np.ascontiguousarray(x_test)
