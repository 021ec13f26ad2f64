"""What the code of a generator says of itself, where this user trusts it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen_core.errors import DatagenError
from datagen_core.generators.params import describe_params
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.trusting import load_last, refuse


@dataclass(frozen=True)
class Documentation:
    """What a generator says of itself.

    Attributes
    ----------
    text
        The docstring of its function, as far as it is prose.
    params
        The descriptions of parameters, by name.
    problem
        Why there is nothing, or what to mind; empty if all is well.
    """

    text: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def summary(self) -> str:
        """The first paragraph, in one line."""
        return " ".join(self.text.partition("\n\n")[0].split())


def read_documentation(param_set: ParamSet) -> Documentation:
    """Return what the generator of a set says of itself; code that nobody trusts is not loaded."""
    try:
        generator = load_last(param_set.paths, param_set.generator, refuse)
    except DatagenError as error:
        return Documentation(problem=f"What its generator says of itself is not known: {error}")
    text = _prose(inspect.getdoc(generator.function) or "")
    params = {each["name"]: _describe(each) for each in describe_params(generator.params_type)}
    made, now = param_set.record.version, generator.version
    other = f"The set was made by version {made}; this is what version {now} says."
    return Documentation(text, params, other if made != now else "")


def _describe(param: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (param["type"], param["description"])))


def _prose(text: str) -> str:
    """Return what stands before the first section that is underlined, such as Returns."""
    lines = text.splitlines()
    underlined = (n for n, line in enumerate(lines) if n and line.strip() and not line.strip("-= "))
    end = next(underlined, len(lines) + 1) - 1
    return "\n".join(lines[:end]).strip()
