"""Typed, validated, frozen parameters, made with pydantic."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic_core import to_jsonable_python

from datagen_core.errors import GeneratorError, ParamsError
from datagen_core.generators.binding import bind_values
from datagen_core.generators.declarations import (
    NO_HISTORY,
    defaults_of,
    histories_of,
    later_params,
    renamed_params,
)
from datagen_core.generators.inputs import refer_to

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:  # it has no public name
    ModelMetaclass = type(BaseModel)

InputFile = Annotated[str, AfterValidator(refer_to)]
"""The type of a parameter that is a file: given as a path, kept as `sha256:…`, the identity of its
content. The cache keeps a copy; `input_path` returns its path to a generator."""


class _ParamsType(ModelMetaclass):
    """The type of classes of parameters: `help` and completion show what is not pydantic's own."""

    def __dir__(self) -> list[str]:
        """Return the names that `Params` and its subclasses have; fields have no attribute."""
        kinds = [kind for kind in self.__mro__ if isinstance(kind, _ParamsType)]
        names = {name for kind in kinds for name in vars(kind)}
        return sorted(name for name in names if not name.startswith(("_", "model_")))


class Params(BaseModel, metaclass=_ParamsType):
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
        """Check what parameters declare about their history, and describe all in the docstring."""
        if not cls.__pydantic_complete__:
            return
        cls.__doc__, cls.__signature__ = _with_parameters(cls), _plain_signature(cls)
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

        An `Argument` is read as JSON, and as text where that does not fit; for a list or a tuple,
        commas separate its elements. Other values are not changed into another type. A key
        `inner.dt` stands for the parameter `dt` inside of `inner`, whose other parts are as they
        are given beside it, or else at their defaults.

        Raises
        ------
        ParamsError
            For the first wrong key or value, in one line, with the nearest right name.
        """
        if not isinstance(values, Mapping | Params | None):
            raise ParamsError(
                f"{owner}: parameters are a mapping such as {{'left': 0}}, not {values!r:.60}"
            )
        given = values.model_dump() if isinstance(values, Params) else values or {}
        return bind_values(cls, given, owner)

    def canonical(self) -> dict[str, Any]:
        """Return the values in plain JSON types, in the order of their declaration."""
        return self.model_dump(mode="json")


# Of classes that inherit it: for this one, pydantic would parse the file in each process.
Params.model_config["use_attribute_docstrings"] = True


class _Words(str):
    """A type in a signature, written as people write it and without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _plain_signature(params_type: type[Params]) -> inspect.Signature:
    """Return a signature without pydantic's constraints and validators."""
    fields, signature = params_type.model_fields, inspect.signature(params_type)
    plain = (
        each.replace(annotation=_Words(_name_type(fields[name].annotation)))
        if name in fields
        else each
        for name, each in signature.parameters.items()
    )
    return signature.replace(parameters=list(plain))


_HEADING = "Parameters"


def _with_parameters(params_type: type[Params]) -> str:
    """Return a docstring followed by type, default and meaning of each parameter."""
    own = inspect.cleandoc(params_type.__dict__.get("__doc__") or "")
    fields = params_type.model_fields
    if not fields or f"\n{_HEADING}\n" in own:
        return own
    lines = [own, ""] if own else []
    lines += [_HEADING, "-" * len(_HEADING)]
    for name, field in fields.items():
        is_plain = not field.is_required() and field.default_factory is None
        has = f" = {field.default!r}" if is_plain else ""
        lines += [f"{name} : {_name_type(field.annotation)}{has}"]
        text = _describe(params_type, name, {"description": field.description or ""})
        lines += [f"    {line}".rstrip() for line in text.splitlines()]
    return "\n".join(lines)


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
        history = histories_of(kind).get(name, NO_HISTORY)
        inner: Any = getattr(model, name, None)
        if name in later and name in defaults and defaults[name] == value:
            continue
        is_model = isinstance(inner, BaseModel) and isinstance(value, Mapping)
        first[(*history.names, name)[0]] = _first_values(inner, value) if is_model else value
    return first


# The base class has no parameters to validate. Subclasses are built where they are defined, so that
# a wrong annotation is an error there.
del Params.model_config["defer_build"]


def describe_params(params_type: type[Params]) -> list[dict[str, Any]]:
    """Return name, type, default and description of every parameter, for people and scripts.

    Besides, the choices of one that has a fixed number of values (else None), and the title of the
    group to which it belongs: the first line of the base class that declares it. It is empty for
    the parameters of the class itself.
    """
    properties = params_type.model_json_schema().get("properties", {})
    return [
        {
            "name": name,
            "type": _name_type(field.annotation),
            "choices": _find_choices(field.annotation),
            "default": defaults_of(params_type).get(name),
            "required": field.is_required(),
            "description": _describe(params_type, name, properties.get(name, {})),
            "group": _find_group(params_type, name),
        }
        for name, field in params_type.model_fields.items()
    ]


def _find_group(params_type: type[BaseModel], name: str) -> str:
    owners = [kind for kind in params_type.__mro__ if name in vars(kind).get("__annotations__", {})]
    is_own = not owners or owners[-1] is params_type
    title = "" if is_own else (owners[-1].__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return "" if title == _HEADING else title


def _describe(params_type: type[Params], name: str, schema: Mapping[str, Any]) -> str:
    history = histories_of(params_type).get(name, NO_HISTORY)
    notes = [f"since {history.since}"] if history.since else []
    notes += [f"before: {', '.join(history.names)}"] if history.names else []
    text = str(schema.get("description", ""))
    return f"{text} ({'; '.join(notes)})".lstrip() if notes else text


_NAMES = {InputFile: "InputFile", NoneType: "None", ...: "..."}


def _name_type(annotation: Any) -> str:
    """Return a type as people write it; constraints are left out."""
    origin: Any = get_origin(annotation)
    if annotation in _NAMES or origin in {None, Literal}:
        name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        return _NAMES.get(annotation, name.removeprefix("typing."))
    names = list(map(_name_type, get_args(annotation)))
    if origin is Annotated:
        return names[0]
    is_union = origin in {Union, UnionType}
    return " | ".join(names) if is_union else f"{origin.__name__}[{', '.join(names)}]"


def _find_choices(annotation: Any) -> list[Any] | None:
    """Return the values of a type that has a fixed number of them, in plain JSON types.

    Such types are enums, literals, and unions of these and None.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [to_jsonable_python(each.value, fallback=str) for each in annotation]
    if origin is Literal:
        return [to_jsonable_python(each, fallback=str) for each in inner]
    if origin is Annotated:
        return _find_choices(inner[0])
    found = [_find_choices(each) for each in inner if each is not NoneType]
    is_fixed = origin in {Union, UnionType} and None not in found
    return [value for each in found for value in each or ()] if is_fixed else None
