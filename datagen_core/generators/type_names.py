"""The types of parameters as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_NAMES: dict[Any, str] = {NoneType: "None", ...: "..."}


def name_type(annotation: Any, known: Mapping[Any, str]) -> str:
    """Return a type as people write it; constraints are left out.

    Parameters
    ----------
    known
        Types that have a name of their own.
    """
    origin: Any = get_origin(annotation)
    if annotation in {*_NAMES, *known} or origin in {None, Literal}:
        name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        return {**_NAMES, **known}.get(annotation, name.removeprefix("typing."))
    names = [name_type(each, known) for each in get_args(annotation)]
    if origin is Annotated:
        return names[0]
    is_union = origin in {Union, UnionType}
    return " | ".join(names) if is_union else f"{origin.__name__}[{', '.join(names)}]"


def find_choices(annotation: Any) -> list[Any] | None:
    """Return the values of a type that has a fixed number of them, in plain JSON types.

    Such types are enums, literals, and unions of these and None.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [each.value for each in annotation]
    if origin is Literal:
        return list(inner)
    if origin is Annotated:
        return find_choices(inner[0])
    found = [find_choices(each) for each in inner if each is not NoneType]
    is_fixed = origin in {Union, UnionType} and None not in found
    return [value for each in found for value in each or ()] if is_fixed else None
