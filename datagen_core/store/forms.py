"""The forms that values in documents have. Anything may stand in a file, with a valid checksum.

Each form returns the value that it is given, perhaps as another type, or raises a ValueError that
says what it is not. `read_document` turns that into damage, so that whoever holds a record can rely
on its types: a whole number is below 2**63, a time is a date, a name can be that of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from reprlib import repr as short_repr
from types import MappingProxyType, NoneType
from typing import Any, TypeAlias, TypeVar

from datagen_core.ranges import MOST_SAMPLES, Interval, IntervalSet

T = TypeVar("T")
Form: TypeAlias = Callable[[Any], Any]

_DEEPEST = 50
"""How deep values of parameters, or of a run's details, may be nested."""

_LATEST = 250_000_000_000
"""In seconds since the epoch; the datetime module ends a little later, with the year 9999."""

_SCALARS = {str, int, float, bool, NoneType}
_NOTHING: Mapping[str, Form] = MappingProxyType({})


def take(
    content: Mapping[str, Any], forms: Mapping[str, Form], optional: Mapping[str, Form] = _NOTHING
) -> dict[str, Any]:
    """Return the values of the keys that have a form; others are left out.

    Parameters
    ----------
    optional
        Forms of keys that may be missing.

    Raises
    ------
    KeyError
        If a key is missing.
    ValueError
        If a value does not have its form; the message names the key.
    """
    key = ""
    try:
        found = {}
        for key, form in forms.items():  # one of thousands of documents, perhaps
            found[key] = form(content[key])
        for key, form in optional.items():
            if key in content:
                found[key] = form(content[key])
    except ValueError as error:
        raise ValueError(f"{key!r}: {error}") from None
    return found


def wrong(value: object, form: str) -> ValueError:
    """Return the error that says what a value is not."""
    return ValueError(f"{short_repr(value)} is not {form}")


def exactly(kind: type[T], what: str) -> Callable[[Any], T]:
    """Return the form of values of one type; True is not a number."""

    def check(value: Any) -> T:
        if type(value) is not kind:
            raise wrong(value, what)
        return value

    return check


text = exactly(str, "text")
flag = exactly(bool, "true or false")
listing = exactly(list, "a list")


def whole(value: Any) -> int:
    """Take a whole number from 0 to 2**63 - 1."""
    if type(value) is int and 0 <= value <= MOST_SAMPLES:
        return value
    raise wrong(value, "a whole number below 2**63")


def positive(value: Any) -> int:
    """Take a whole number from 1 to 2**63 - 1."""
    if whole(value) == 0:
        raise wrong(value, "a positive number")
    return value  # type: ignore[no-any-return]


def seed(value: Any) -> int:
    """Take a seed, which may be larger than 2**63."""
    return value if type(value) is int and value >= 0 else whole(value)


def number(value: Any) -> float:
    """Take a finite number."""
    if type(value) in {int, float} and -MOST_SAMPLES <= value <= MOST_SAMPLES:  # no NaN, either
        return value  # type: ignore[no-any-return]
    raise wrong(value, "a number")


def moment(value: Any) -> float:
    """Take a time, in seconds since the epoch."""
    found = number(value)
    if 0 <= found <= _LATEST:
        return found
    raise wrong(value, "a time in seconds since 1970")


def matching(pattern: str, what: str) -> Callable[[Any], str]:
    """Return the form of text that a regular expression matches as a whole."""
    fits = re.compile(pattern).fullmatch

    def check(value: Any) -> str:
        if type(value) is str and fits(value):
            return value
        raise wrong(value, what)

    return check


name = matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a name")
job = matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", "the name of a job")
folder = matching(r"(?!\.)[A-Za-z0-9_.+=,-]{1,200}", "the name of a folder")
component = matching(r"(?!\.)[^/\x00-\x1f\x7f]{1,250}", "the name of a folder")
digest = matching(r"[0-9a-f]{64}", "a SHA-256")
code_id = matching(r"[0-9a-f]{16,64}|", "the id of a code")  # empty where nobody knows


def maybe(form: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return the form of values that may be null."""
    return lambda value: None if value is None else form(value)


def each(form: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    """Return the form of lists of values of one form."""
    return lambda value: [form(item) for item in listing(value)]


def mapping(form: Callable[[Any], T], key: Form = text) -> Callable[[Any], dict[str, T]]:
    """Return the form of objects whose values have one form, and whose keys have another."""
    return lambda value: {key(each): form(item) for each, item in tree(value).items()}


def tree(value: Any) -> dict[str, Any]:
    """Take an object with anything in it, as long as it is not nested too deep to be walked."""
    if type(value) is not dict:
        raise wrong(value, "an object")
    level: Iterable[Any] = value.values()
    for _ in range(_DEEPEST):
        nested = [each for each in level if type(each) not in _SCALARS]
        if not nested:
            return value
        level = [item for each in nested for item in _items(each)]
    raise wrong("...", f"an object: it is nested more than {_DEEPEST} deep")


def _items(nested: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return nested.values() if type(nested) is dict else nested


def keys(needed: Mapping[str, Form], optional: Mapping[str, Form] = _NOTHING) -> Form:
    """Return the form of objects from which `take` takes these keys."""
    return lambda value: take(tree(value), needed, optional)


def interval(value: Any) -> Interval:
    """Take the two ends of an index range."""
    return intervals([value])[0]


def intervals(value: Any) -> tuple[Interval, ...]:
    """Take index ranges, each with its start and its stop, in any order."""
    found = [Interval(*pair) for pair in listing(value)]
    numbers = {int}.issuperset(map(type, chain.from_iterable(found)))
    bad = [pair for pair in found if not numbers or not 0 <= pair[0] <= pair[1] <= MOST_SAMPLES]
    if bad:
        raise wrong(list(bad[0]), "an index range")
    return tuple(found)


def samples(value: Any) -> IntervalSet:
    """Take index ranges as a set."""
    return IntervalSet(intervals(value))
