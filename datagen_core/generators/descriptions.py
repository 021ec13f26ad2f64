"""What a plain value is, as text that is the same in every process and Python version: pure."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from datagen_core.errors import shorten

DEEPEST = 20

_PLAIN = (bool, int, float, complex, str, bytes, bytearray, type(None), type(...), range, slice)
_WRITTEN = {"datetime", "decimal", "fractions", "pathlib", "re", "uuid", "zoneinfo"}
"""Modules whose values are what they are written as."""


class Describer:
    """Describes values; those of a kind that is unknown by their type only.

    Parameters
    ----------
    describe_function
        Returns what counts of a function, beside its name.
    is_open
        Whether the attributes of an instance of a class count.
    left_out
        The names of attributes that do not.
    """

    def __init__(
        self,
        describe_function: Callable[[FunctionType], str] = lambda _: "",
        is_open: Callable[[type], bool] = lambda _: False,
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        self._describe_function, self._is_open = describe_function, is_open
        self._left_out = left_out
        self._above: list[int] = []

    def digest(self, value: object) -> str:
        """Return the digest of a value's description, 16 hexadecimal digits."""
        return hashlib.sha256(self.text(value).encode(errors="backslashreplace")).hexdigest()[:16]

    def text(self, value: object) -> str:
        """Return the description of a value."""
        if id(value) in self._above or len(self._above) > DEEPEST:
            return "..."
        self._above.append(id(value))
        try:
            return self._text(value)
        finally:
            self._above.pop()

    def _text(self, value: Any) -> str:
        kind = type(value)
        if isinstance(value, FunctionType):
            return f"function {value.__qualname__} {self._describe_function(value)}"
        if isinstance(value, type | ModuleType):
            return f"{kind.__name__} {_name_of(value)}"
        if kind in _PLAIN or kind.__module__ in _WRITTEN or isinstance(value, Enum):
            return f"{kind.__name__} {hex(value) if kind is int else repr(value)}"
        return f"{kind.__qualname__}({self._inside(value) or _name_of(value)})"

    def _inside(self, value: Any) -> str:
        if (array := _as_array(value)) is not None:
            return self._describe_array(array)
        if isinstance(value, partial):
            value = [value.func, value.args, value.keywords]
        if isinstance(value, SimpleNamespace) or self._is_open(type(value)):
            value = dict(_attributes(value, self._left_out))
        return ", ".join(self._items(value))

    def _items(self, value: object) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (f"{self.text(key)}: {self.text(each)}" for key, each in value.items())
        elif isinstance(value, list | tuple):
            yield from map(self.text, value)
        elif isinstance(value, set | frozenset):
            yield from sorted(map(self.text, value))

    def _describe_array(self, array: Any) -> str:
        if array.dtype.hasobject:
            return f"{array.shape} {self.text(array.tolist())}"
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        return f"{array.dtype.str} {array.shape} {digest}"


def _name_of(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or getattr(value, "__name__", ""))


def _as_array(value: Any) -> Any:
    """Return an array or a scalar of numpy, which need not be loaded."""
    numpy = sys.modules.get("numpy")
    is_array = numpy is not None and isinstance(value, numpy.ndarray | numpy.generic)
    return value if is_array else None


def _attributes(value: object, left_out: frozenset[str]) -> Iterator[tuple[str, object]]:
    slots = [name for kind in type(value).__mro__ for name in _slots_of(kind)]
    names = [*getattr(value, "__dict__", {}), *slots]
    for name in sorted(set(names) - left_out):
        if not name.startswith("__") and hasattr(value, name):
            yield name, getattr(value, name)


def _slots_of(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def show(value: object) -> str:
    """Return a value as people read it, in one short line; a function by its name."""
    if isinstance(value, FunctionType | type | ModuleType):
        return f"{'function' if isinstance(value, FunctionType) else 'the'} {_name_of(value)}"
    text = " ".join(_written(value).split())
    return shorten(text, 60)


def _written(value: object) -> str:
    """Return the repr of a value, with its attributes where that would be its address."""
    if type(value).__repr__ is not object.__repr__:
        return repr(value)
    found = (f"{name}={each!r}" for name, each in _attributes(value, frozenset()))
    return f"{type(value).__name__}({', '.join(found)})"
