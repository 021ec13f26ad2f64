"""Typed, validated, frozen parameters, made with pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from datagen_core.errors import GeneratorError, ParamsError, shorten
from datagen_core.generators.arguments import Argument
from datagen_core.generators.inputs import refer_to

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

InputFile = Annotated[str, AfterValidator(refer_to)]
"""The type of a parameter that is a file: given as a path, kept as `sha256:…`, the identity of its
content. The cache keeps a copy; `input_path` returns its path to a generator."""


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


class Params(BaseModel):
    """Base class of a generator's parameters, which are annotated attributes with defaults.

    ::

        class NoisySineParams(datagen_core.Params):
            left: float = -1
            right: float = 1

    A string under an attribute describes it in `datagen show`. Instances are frozen and hashable.
    Unknown keys, NaN and infinity are refused. Constraints are pydantic's, such as
    `Annotated[float, pydantic.Field(gt=0)]`. `History` declares a parameter that is added later.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=True,
        defer_build=True,
    )

    def check(self) -> None:
        """Override to refuse combinations of values with a ValueError of one line."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Override to accept other forms of values; return them in the form to be validated."""
        return values

    @model_validator(mode="before")
    @classmethod
    def _prepared(cls, values: Any) -> Any:
        return cls.prepare(_rename(cls, values)) if isinstance(values, Mapping) else values

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Check what parameters declare about their history."""
        if not cls.__pydantic_complete__:
            return
        for name in later_params(cls):
            if cls.model_fields[name].is_required():
                raise GeneratorError(
                    f"parameter {name} of {cls.__name__} was added later, so it needs a default, "
                    "at which samples are what they were without it"
                )
        for old, name in renamed_params(cls).items():
            if old in cls.model_fields:
                raise GeneratorError(
                    f"parameter {name} of {cls.__name__} cannot be renamed from {old!r}, which it "
                    "has, too"
                )

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self.check()
        return self

    def __hash__(self) -> int:
        """Hash the values; pydantic's own hash fails if one of them is a dictionary."""
        return hash(json.dumps(self.canonical(), sort_keys=True))

    @classmethod
    def bind(cls, values: Mapping[str, Any] | Params | None, owner: str) -> Self:
        """Return `cls(**values)`; messages begin with `owner`, the generator's name.

        An `Argument` is read as JSON, and as text where that does not fit; other values are not
        changed into another type.

        Raises
        ------
        ParamsError
            For the first wrong key or value, in one line, with the nearest right name.
        """
        if not isinstance(values, Mapping | Params | None):
            raise ParamsError(
                f"{owner}: parameters are a mapping such as {{'left': 0}}, not {values!r:.60}"
            )
        if isinstance(values, Params):
            values = values.model_dump()
        try:
            given = _rename(cls, values or {})
        except ValueError as error:
            raise ParamsError(f"{owner}: {error}") from None
        unknown = [key for key in given if key not in cls.model_fields]
        if unknown:
            raise ParamsError(_unknown(cls, str(unknown[0]), owner))
        read = {key: _as_json(value) for key, value in given.items()}
        try:
            return cls(**read)
        except ValidationError as error:
            first = _errors(error)
        if not (texts := _texts(given, first)):
            raise ParamsError(_invalid(first[0], owner))
        try:
            return cls(**{**read, **texts})
        except ValidationError as error:
            raise ParamsError(_invalid(_still_wrong(first, _errors(error)), owner)) from None

    def canonical(self) -> dict[str, Any]:
        """Return the values in plain JSON types, in the order of their declaration."""
        return self.model_dump(mode="json")


@cache
def _histories(model: type[BaseModel]) -> dict[str, History]:
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
    return frozenset(name for name, history in _histories(params_type).items() if history.since)


@cache
def renamed_params(params_type: type[BaseModel]) -> dict[str, str]:
    """Return the present names of parameters by their earlier names."""
    histories = _histories(params_type).items()
    return {old: name for name, history in histories for old in history.names}


def _rename(params_type: type[Params], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values under the present names of their parameters."""
    known = renamed_params(params_type)
    renamed = {known.get(key, key): value for key, value in values.items()}
    if len(renamed) < len(values):
        old, name = next((old, name) for old, name in known.items() if old in values)
        raise ValueError(f"{old} is an earlier name of {name}; give {name} alone")
    return renamed


def identity_of(params: Params) -> dict[str, Any]:
    """Return the values that identify a parameter set, in plain JSON types.

    These are all values under their first names, but not those of later parameters at their
    defaults, so that a set keeps its digest when parameters are added or renamed.
    """
    return _first_values(params, params.canonical())


def _first_values(model: BaseModel, values: Mapping[str, Any]) -> dict[str, Any]:
    kind, later, first = type(model), later_params(type(model)), {}
    defaults = defaults_of(kind) if later else {}
    for name, value in values.items():
        history = _histories(kind).get(name, _NO_HISTORY)
        inner: Any = getattr(model, name, None)
        if name in later and name in defaults and defaults[name] == value:
            continue
        is_model = isinstance(inner, BaseModel) and isinstance(value, Mapping)
        first[(*history.names, name)[0]] = _first_values(inner, value) if is_model else value
    return first


_NO_HISTORY = History()


# The base class has no parameters to validate. Subclasses are built where they are defined, so that
# a wrong annotation is an error there.
del Params.model_config["defer_build"]


def _unknown(params_type: type[Params], key: str, owner: str) -> str:
    names = list(params_type.model_fields)
    nearest = get_close_matches(key, names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    known = f"it has: {', '.join(names)}" if names else "it has none"
    return f"{owner} has no parameter {key!r}; {hint}{known}"


def _as_json(value: Any) -> Any:
    return value.value if isinstance(value, Argument) else value


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)


def _texts(given: Mapping[str, Any], errors: list[ErrorDetails]) -> dict[str, str]:
    """Return the text of each argument whose JSON does not fit its parameter."""
    wrong = {error["loc"][0] for error in errors if error["loc"]}
    return {
        key: value.text
        for key, value in given.items()
        if key in wrong and isinstance(value, Argument) and value.text != value.value
    }


def _still_wrong(first: list[ErrorDetails], second: list[ErrorDetails]) -> ErrorDetails:
    """Return an error that reading arguments as text does not mend; their JSON's says more."""
    wrong = second[0]
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
    return (
        f"{owner}: parameter {where}: {reason[0].lower()}{reason[1:]}, not {_shown(first['input'])}"
    )


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return shorten(text, 100)


def defaults_of(params_type: type[BaseModel]) -> dict[str, Any]:
    """Return the default values in plain JSON types, without parameters that have no default."""
    fields = params_type.model_fields
    required = {name for name, field in fields.items() if field.is_required()}
    partial = params_type.model_construct()
    return partial.model_dump(mode="json", exclude=required)


def describe_params(params_type: type[Params]) -> list[dict[str, Any]]:
    """Return name, type, default and description of every parameter, for people and scripts."""
    properties = params_type.model_json_schema().get("properties", {})
    return [
        {
            "name": name,
            "type": _type_name(field.annotation),
            "default": defaults_of(params_type).get(name),
            "required": field.is_required(),
            "description": _describe(params_type, name, properties.get(name, {})),
        }
        for name, field in params_type.model_fields.items()
    ]


def _describe(params_type: type[Params], name: str, schema: Mapping[str, Any]) -> str:
    history = _histories(params_type).get(name, _NO_HISTORY)
    notes = [f"since {history.since}"] if history.since else []
    notes += [f"before: {', '.join(history.names)}"] if history.names else []
    text = str(schema.get("description", ""))
    return f"{text} ({'; '.join(notes)})".lstrip() if notes else text


_NAMES = {InputFile: "InputFile", NoneType: "None", ...: "..."}


def _type_name(annotation: Any) -> str:
    """Return a type as people write it; constraints are left out."""
    origin: Any = get_origin(annotation)
    if annotation in _NAMES or origin in {None, Literal}:
        name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        return _NAMES.get(annotation, name.removeprefix("typing."))
    names = list(map(_type_name, get_args(annotation)))
    if origin is Annotated:
        return names[0]
    is_union = origin in {Union, UnionType}
    return " | ".join(names) if is_union else f"{origin.__name__}[{', '.join(names)}]"
