"""Checks of what functions are called with: a wrong kind is one line that shows the right form."""

from __future__ import annotations

import operator
from reprlib import repr as short_repr
from typing import SupportsIndex

from datagen_core.errors import ConfigurationError


def check_kind(name: str, value: object, kind: type | tuple[type, ...], form: str) -> None:
    """Refuse an argument that is not of a kind; `form` says what to write.

    Raises
    ------
    ConfigurationError
        With the name, the value and the form.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(_wrong(name, value, form))


def whole_number(name: str, value: SupportsIndex) -> int:
    """Return an int for any integer, those of NumPy too; bool, text and 2.0 are none.

    Raises
    ------
    ConfigurationError
        With the name and the value.
    """
    is_number = hasattr(value, "__index__") and not isinstance(value, bool)
    try:
        return operator.index(value if is_number else "")  # type: ignore[arg-type]
    except TypeError:
        raise ConfigurationError(_wrong(name, value, "a whole number, such as 10")) from None


def _wrong(name: str, value: object, form: str) -> str:
    return f"{name} is {short_repr(value)}, of type {type(value).__name__}; write {form}"
