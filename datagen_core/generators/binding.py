"""From what users give to a model of parameters: names, parts of parameters, readings of texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from datagen_core.errors import ParamsError, shorten
from datagen_core.generators.arguments import Argument
from datagen_core.generators.declarations import defaults_of, parts_of, renamed_params

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place = tuple[str, ...]
"""Where a value belongs: the name of a parameter, followed by those of parts inside it."""

_Model = TypeVar("_Model", bound=BaseModel)

_LISTS = {"list_type", "tuple_type", "set_type", "frozen_set_type"}
"""The errors of pydantic about a value in the place of several."""


def bind_values(model: type[_Model], given: Mapping[str, Any], owner: str) -> _Model:
    """Return the model of some values; see `datagen_core.Params.bind`.

    Raises
    ------
    ParamsError
        For the first wrong key or value, in one line that begins with `owner`.
    """
    values = resolve(model, given, owner)
    readings = {
        place: _Reading(value) for place, value in values.items() if isinstance(value, Argument)
    }
    first: list[ErrorDetails] = []
    while True:
        read = {place: reading.value for place, reading in readings.items()}
        try:
            return model(**_assemble(model, {**values, **read}, owner))
        except ValidationError as error:
            errors = error.errors(include_url=False)
        first = first or errors
        # All of them go on, so that one attempt mends all that can be mended.
        gone_on = [each.go_on(_about(place, errors)) for place, each in readings.items()]
        if not any(gone_on):
            raise ParamsError(_invalid(_clearest(first, errors, readings), owner))


def resolve(model: type[BaseModel], given: Mapping[str, Any], owner: str) -> dict[Place, Any]:
    """Return values by their places, under the present names of parameters.

    Raises
    ------
    ParamsError
        For a name that does not exist, or one that is given as an earlier one, too.
    """
    values: dict[Place, Any] = {}
    keys: dict[Place, str] = {}
    for key, value in given.items():
        place = _place(model, str(key), owner)
        if place in values:
            old, name = sorted((keys[place], str(key)), key=lambda each: each == ".".join(place))
            raise ParamsError(f"{owner}: {old} is an earlier name of {name}; give {name} alone")
        values[place], keys[place] = value, str(key)
    return values


def _place(model: type[BaseModel], key: str, owner: str) -> Place:
    kind: type[object] | None = model
    place: Place = ()
    parts = key.split(".")
    for depth, part in enumerate(parts):
        whole = ".".join(place)
        if kind is None:
            raise ParamsError(
                f"{owner} has no parameter {key!r}: {whole} has no parts; write {whole}=VALUE"
            )
        if not issubclass(kind, BaseModel):
            return (*place, *parts[depth:])  # anything may be in a mapping
        name = renamed_params(kind).get(part, part)
        if name not in kind.model_fields:
            raise ParamsError(_unknown(kind, name, whole, owner))
        place = (*place, name)
        kind = parts_of(kind.model_fields[name].annotation)
    return place


def flatten(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with a key for each parameter inside of others, such as `inner.dt`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        field = model.model_fields.get(renamed_params(model).get(key, key))
        parts = parts_of(field.annotation) if field else None
        if parts and issubclass(parts, BaseModel) and isinstance(value, Mapping):
            flat |= {f"{key}.{name}": each for name, each in flatten(parts, value).items()}
        else:
            flat[key] = value
    return flat


def _unknown(model: type[BaseModel], name: str, whole: str, owner: str) -> str:
    prefix = f"{whole}." if whole else ""
    names = [f"{prefix}{each}" for each in model.model_fields]
    nearest = get_close_matches(f"{prefix}{name}", names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    known = f"it has: {', '.join(names)}" if names else "it has none"
    return f"{owner} has no parameter {prefix + name!r}; {hint}{known}"


def _assemble(model: type[BaseModel], values: Mapping[Place, Any], owner: str) -> dict[str, Any]:
    """Return a mapping of parameters, in which parts stand inside of what they are parts of.

    Parts of a parameter that is not given itself change its default.
    """
    assembled: dict[str, Any] = {}
    for place in sorted(values, key=len):
        if len(place) == 1:
            assembled[place[0]] = values[place]
            continue
        if place[0] not in assembled:
            assembled[place[0]] = defaults_of(model).get(place[0])
        inside = assembled
        for depth, name in enumerate(place[:-1], 1):
            inside[name] = _as_mapping(inside.get(name), ".".join(place[:depth]), owner)
            inside = inside[name]
        inside[place[-1]] = values[place]
    return assembled


def _as_mapping(value: object, name: str, owner: str) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if value is None or isinstance(value, Mapping):
        return deepcopy(dict(value or {}))
    raise ParamsError(f"{owner}: {name} is given as {_shown(value)}, which has no parts")


class _Reading:
    """The readings of a text, one after the other until one fits: JSON, the text itself, a list."""

    def __init__(self, argument: Argument) -> None:
        self.value = argument.value
        self.is_list = False
        self._texts = [argument.text] if argument.text != argument.value else []
        self._lists = argument.lists

    def go_on(self, errors: Sequence[ErrorDetails]) -> bool:
        """Go on to the next reading that may fit better; return whether there is one."""
        if not errors:
            return False
        if self._texts:
            self.value = self._texts.pop()
            return True
        is_several = self.is_list or any(error["type"] in _LISTS for error in errors)
        if is_several and self._lists:
            self.value, self.is_list = self._lists.pop(0), True
            return True
        return False


def _about(place: Place, errors: Iterable[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors about a place; their own may also name the types of a union."""
    return [error for error in errors if error["loc"][:1] == place[:1] and _leads(place, error)]


def _leads(place: Place, error: ErrorDetails) -> bool:
    names = iter(error["loc"])
    return all(name in names for name in place)


def _clearest(
    first: Sequence[ErrorDetails], last: Sequence[ErrorDetails], readings: Mapping[Place, _Reading]
) -> ErrorDetails:
    """Return an error that no other reading of a text mends; that of its JSON says more."""
    wrong = last[0]
    if any(each.is_list and _about(place, [wrong]) for place, each in readings.items()):
        return wrong
    same = [each for each in first if each["loc"][:1] == wrong["loc"][:1]]
    is_no_text = same and same[0]["type"] == "string_type" and len(same[0]["loc"]) == 1
    return same[0] if same and not is_no_text else wrong


def _invalid(first: ErrorDetails, owner: str) -> str:
    where = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if not where:
        return f"{owner}: {reason}"
    if first["type"] == "missing":
        return f"{owner}: parameter {where} has no default; give it a value"
    value = first["input"]
    is_one = first["type"] in _LISTS and isinstance(value, int | float)
    hint = f"; one element is written [{_shown(value)}]" if is_one else ""
    return f"{owner}: parameter {where}: {reason[0].lower()}{reason[1:]}, not {_shown(value)}{hint}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return shorten(text, 100)
