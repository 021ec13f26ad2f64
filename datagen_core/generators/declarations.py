"""What a params type declares: defaults, the history of parameters, and what is inside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to a parameter after parameter sets had been made without it; an annotation.

    ::

        damping: Annotated[float, datagen_core.History(since="2")] = 0.0
        steps: Annotated[int, datagen_core.History(renamed_from="n_steps")] = 20

    The sets of all versions then go on, in every cache, and new ones have the digests that they
    would have had before. A set with another value of a later parameter is a set of its own.

    Attributes
    ----------
    since
        When the parameter was added: the version of the package, or a date. It is for readers of
        the code and of `datagen show`; what counts is that the parameter came after the first
        sets. (It is not the generator's `version`, which begins new sets anyway.) The parameter
        needs a default, at which samples are what they were without it, and which stays.
    renamed_from
        The name that the parameter had before, or a tuple of its names, the first one first. They
        are still accepted.
    """

    since: str = ""
    renamed_from: str | tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The earlier names."""
        given = self.renamed_from
        return (given,) if isinstance(given, str) else given


NO_HISTORY = History()


@cache
def histories_of(model: type[BaseModel]) -> dict[str, History]:
    """Return what the parameters declare about their history, by name."""
    return {
        name: item
        for name, field in model.model_fields.items()
        for item in field.metadata
        if isinstance(item, History)
    }


@cache
def later_params(params_type: type[BaseModel]) -> frozenset[str]:
    """Return the names of parameters that declare that they were added later."""
    return frozenset(name for name, history in histories_of(params_type).items() if history.since)


@cache
def renamed_params(params_type: type[BaseModel]) -> dict[str, str]:
    """Return the present names of parameters by their earlier names."""
    histories = histories_of(params_type).items()
    return {old: name for name, history in histories for old in history.names}


def defaults_of(params_type: type[BaseModel]) -> dict[str, Any]:
    """Return the default values in plain JSON types, without parameters that have no default."""
    fields = params_type.model_fields
    required = {name for name, field in fields.items() if field.is_required()}
    partial = params_type.model_construct()
    return partial.model_dump(mode="json", exclude=required)


def names_in(model: type[BaseModel]) -> set[str]:
    """Return the names of all parameters, also of those inside others, such as `inner.dt`."""
    names = set(model.model_fields)
    for name, field in model.model_fields.items():
        parts = parts_of(field.annotation)
        if parts and issubclass(parts, BaseModel) and parts is not model:
            names |= {f"{name}.{inside}" for inside in names_in(parts)}
    return names


def parts_of(annotation: Any) -> type[object] | None:
    """Return what a parameter of this type consists of: a model, a mapping, or None for no parts.

    Of a union, such as `Inner | None`, the first type with parts counts.
    """
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        return parts_of(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return next(filter(None, map(parts_of, get_args(annotation))), None)
    kind = origin or annotation
    has_parts = isinstance(kind, type) and issubclass(kind, BaseModel | Mapping)
    return kind if has_parts else None
