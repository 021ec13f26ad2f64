"""Values that a parameter may have besides the one it has, and values that are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from datagen_core.errors import shorten
from datagen_core.generators.params import Params

WRONG: tuple[object, ...] = (None, "no such value", -1, 0, 0.5, float("nan"), True, [], {})
"""What a user may type by mistake, of each kind that JSON has."""


class Parameter(NamedTuple):
    """A parameter, or one in a parameter that has parameters itself.

    Attributes
    ----------
    path
        Its names, the outermost first.
    annotation, value
        Its type, and the value that it has, in JSON types.
    """

    path: tuple[str, ...]
    annotation: Any
    value: Any

    @property
    def name(self) -> str:
        """Its name with dots."""
        return ".".join(self.path)

    def change(self, params: Params, value: object) -> dict[str, Any]:
        """Return what to give, besides what was given, so that this parameter has a value."""
        first, *inner = self.path
        if not inner:
            return {first: value}
        whole: dict[str, Any] = params.canonical()[first]
        place = whole
        for name in inner[:-1]:
            place = place[name]
        place[inner[-1]] = value
        return {first: whole}

    def show(self, value: object) -> str:
        """Return the parameter with a value, for messages."""
        return f"parameter {self.name} = {shorten(repr(value))}"


def parameters_in(params: Params) -> list[Parameter]:
    """Return all parameters, those of parameters included."""
    return list(_walk(type(params), params, params.canonical(), ()))


def _walk(
    kind: type[BaseModel], model: BaseModel, values: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[Parameter]:
    for name, field in kind.model_fields.items():
        inner, value = getattr(model, name), values[name]
        if isinstance(inner, BaseModel) and isinstance(value, Mapping):
            yield from _walk(type(inner), inner, value, (*above, name))
        else:
            yield Parameter((*above, name), field.annotation, value)


def other_values(annotation: Any, value: Any) -> Iterator[Any]:
    """Yield values of a type that are not `value`, in JSON types, the likeliest first."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from other_values(get_args(annotation)[0], value)
    elif origin is Literal:
        yield from (each for each in get_args(annotation) if each != value)
    elif origin in {Union, UnionType}:
        for member in get_args(annotation):
            yield from other_values(member, value)
    elif origin in {list, tuple} or annotation in {list, tuple}:
        yield from _other_lists(annotation, value)
    else:
        yield from _other_scalars(annotation, value)


def _other_scalars(kind: Any, value: Any) -> Iterator[Any]:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 1
    if kind is bool:
        yield from (each for each in (True, False) if each is not value)
    elif kind is int:
        near = (number + 1, number - 1, 2 * number, number // 2, number + 10, 1, 2, 3)
        yield from (int(each) for each in near if each != value)
    elif kind is float:
        around = (1.5 * number, 0.5 * number, number + 0.5, number - 0.5, number / 10, 1.0, 0.25)
        yield from (float(each) for each in around if each != value)
    elif kind is str:
        yield from (each for each in (f"{value or ''}2", "other") if each != value)
    elif kind is NoneType and value is not None:
        yield None
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (each.value for each in kind if each.value != value)


def _other_lists(annotation: Any, value: Any) -> Iterator[Any]:
    inside = [each for each in get_args(annotation) if each is not ...]
    items = list(value) if isinstance(value, list | tuple) else []
    last = items[-1] if items else None
    others = list(other_values(inside[-1], last)) if inside else []
    for other in others[:3]:
        yield [*items[:-1], other]
    for other in others[:1]:
        yield [*items, other]
    if items:
        yield [*items, last]
        yield items[:-1]
