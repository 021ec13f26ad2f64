"""Copies of what a generator yields, which it may change as soon as it goes on.

A random walk updates one array in place, a dict is filled again, a C buffer is read anew: every
sample would be the last one. Values that cannot change are passed on as they are.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from functools import singledispatch
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SchemaError, in_one_line, message_of
from datagen_core.generators.schema import Ragged
from datagen_core.generators.values import NUMBERS, as_array, describe, objects

FINAL = NUMBERS | {str, bytes, np.str_, np.bytes_, np.datetime64, np.timedelta64}
"""Types whose values cannot change: most samples are made of them."""

_PLAIN = FINAL | {np.ndarray, list}
"""Types that are no dicts, found out faster than by asking."""


def own_item(item: object, index: int) -> dict[str, Any]:
    """Return a copy of what a generator yielded; `index` is that of its first sample.

    Raises
    ------
    SchemaError
        If it is neither a pair nor a dict, or a value cannot be read.
    """
    try:
        named = name_values(item)
    except SchemaError as error:
        raise SchemaError(f"sample {index}: {error}") from None
    return {
        name: value if type(value) in FINAL else _own_value(name, value, index)
        for name, value in named.items()
    }


def own_plain(values: Iterable[Any]) -> list[Any] | None:
    """Return copies of scalars and arrays of numbers, fast; None if there are other values."""
    copies = []
    for value in values:
        if type(value) in FINAL:
            copies.append(value)
        elif type(value) is np.ndarray and value.dtype.kind != "O":
            copies.append(value.copy())
        else:
            return None
    return copies


def _own_value(name: str, value: object, index: int) -> Any:
    if type(value) is np.ndarray and value.dtype.kind != "O":
        return value.copy()
    try:
        return own(value)
    except Exception as error:  # an array of another package may refuse in any way
        raise refusal(name, index, value, error) from error


def refusal(
    name: str, index: int, value: object, error: Exception, advice: str = ""
) -> SchemaError:
    """Return the error that names a field, a sample and its value, and says why and what to do.

    `advice` is for reasons without any.
    """
    shown, why = describe(value), message_of(error)
    if not isinstance(error, SchemaError):
        why = f"cannot be stored ({in_one_line(error)})"
        advice = "make a numpy array of it first"
    if advice and ";" not in why:
        why = f"{why}; {advice}"
    value_of = "" if shown in why else f", {shown}"
    return SchemaError(f"field {name!r} of sample {index}{value_of}: {why}")


def name_values(item: object) -> dict[str, Any]:
    """Return values by the names of their fields; a value in a dict in a dict is called `a.b`.

    Raises
    ------
    SchemaError
        If the item is not a pair or dict, or a name is not text, occurs twice or names no value.
    """
    if isinstance(item, tuple) and len(item) == 2:
        item = {"x": item[0], "y": item[1]}
    if type(item) is dict and _PLAIN.issuperset(map(type, item.values())):
        return item if {*map(type, item)} == {str} else _named(item)
    if not isinstance(item, Mapping):
        kind = f"tuple of {len(item)}" if isinstance(item, tuple) else type(item).__name__
        raise SchemaError(f"a sample is a pair x, y or a dict that names its fields, not a {kind}")
    return _named(item)


def _named(item: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        pairs = list(_flatten(item, ""))
    except RecursionError:
        raise SchemaError("a dict holds itself, or too many others in each other") from None
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise SchemaError(f"two values of a sample are called {name!r}; rename one of them")
        named[name] = value
    return named


def _flatten(item: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        if not isinstance(key, str):
            raise SchemaError(f"{describe(key)} is not a field name: use text")
        if not isinstance(value, Mapping):
            yield f"{prefix}{key}", value
        elif value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            raise SchemaError(f"field {prefix + key!r} is an empty dict; leave it out")


@singledispatch
def own(value: object) -> Any:
    """Return a copy of a value that shares no memory with it; arrays become those of numpy."""
    if hasattr(value, "__array__") or _has_buffer(value):
        return own(as_array(value))
    if hasattr(value, "__dlpack__"):
        return np.array(np.from_dlpack(value))
    if _is_sequence(value):
        return [own(value[place]) for place in range(len(value))]
    return value  # a scalar, or something that is refused later


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    """Whether numpy would read a value item by item, whatever its type."""
    counts = isinstance(value, Sized) and not isinstance(value, Mapping)
    return counts and hasattr(value, "__getitem__")


def _has_buffer(value: object) -> bool:
    try:
        memoryview(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        return hasattr(value, "__array_interface__") or hasattr(value, "__array_struct__")
    return True


@own.register
def _(value: np.ndarray) -> NDArray[Any]:
    value = as_array(value)
    if value.dtype == object:
        return objects([own(each) for each in value.flat]).reshape(value.shape)
    return np.array(value)


@own.register(np.generic)
@own.register(str)
@own.register(bytes)
def _(value: Any) -> Any:
    return value.copy() if isinstance(value, np.void) else value


@own.register(Sequence)
def _(value: Sequence[Any]) -> list[Any]:
    if FINAL.issuperset(map(type, value)):
        return list(value)
    return [own(each) for each in value]


@own.register(bytearray)
def _(value: bytearray) -> bytearray:
    return bytearray(value)


@own.register(memoryview)
@own.register(array.array)
def _(value: memoryview | array.array[Any]) -> NDArray[Any]:
    return np.array(value)


@own.register
def _(value: Ragged) -> Ragged:
    return Ragged(own(value.rows()), np.subtract(value.offsets, value.offsets[0]))
