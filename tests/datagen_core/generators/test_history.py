"""Parameters that are added or renamed later: what they declare, and what identifies a set."""

from __future__ import annotations

from typing import Annotated

import pydantic
import pytest

from datagen_core import GeneratorError, History, Params, ParamsError
from datagen_core.generators.arguments import Argument
from datagen_core.generators.declarations import renamed_params
from datagen_core.generators.params import describe_params, identity_of


class Inner(pydantic.BaseModel):
    """Nested parameters, one of them later."""

    width: int = 3
    depth: Annotated[int, History(since="2")] = 1


class GrownParams(Params):
    """Parameters with a history."""

    steps: Annotated[int, pydantic.Field(gt=0), History(renamed_from=("n", "n_steps"))] = 20
    damping: Annotated[float, History(since="2")] = 0
    """How fast it slows down."""

    inner: Inner = Inner()
    label: Annotated[str, History(renamed_from="name")] = "none"


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ({}, {"n": 20, "inner": {"width": 3}, "name": "none"}),
        ({"steps": 5, "damping": 0.0}, {"n": 5, "inner": {"width": 3}, "name": "none"}),
        ({"damping": 0.5}, {"n": 20, "damping": 0.5, "inner": {"width": 3}, "name": "none"}),
        ({"inner": {"depth": 2}}, {"n": 20, "inner": {"width": 3, "depth": 2}, "name": "none"}),
    ],
)
def test_the_identity_is_that_of_the_first_version(given, identity):
    assert identity_of(GrownParams.bind(given, "pend")) == identity


@pytest.mark.parametrize("old", ["n", "n_steps"])
def test_earlier_names_are_accepted(old):
    assert GrownParams.bind({old: 5}, "pend") == GrownParams(steps=5)
    assert GrownParams(**{old: 5}).steps == 5
    assert renamed_params(GrownParams)[old] == "steps"


def test_an_argument_is_text_under_an_earlier_name_too():
    assert GrownParams.bind({"name": Argument("1")}, "pend").label == "1"


def test_a_parameter_is_given_by_one_name():
    with pytest.raises(ParamsError, match="n is an earlier name of steps; give steps alone"):
        GrownParams.bind({"n": 5, "steps": 6}, "pend")


def test_wrong_values_are_refused_under_either_name():
    with pytest.raises(ParamsError, match=r"parameter steps: .* greater than 0, not -1"):
        GrownParams.bind({"n": -1}, "pend")


def test_a_later_parameter_needs_a_default():
    with pytest.raises(GeneratorError, match="of NeedyParams was added later"):
        type(
            "NeedyParams",
            (Params,),
            {"__annotations__": {"damping": Annotated[float, History(since="2")]}},
        )


def test_an_earlier_name_is_free():
    annotations = {"n": int, "steps": Annotated[int, History(renamed_from="n")]}
    with pytest.raises(GeneratorError, match="steps of TwiceParams cannot be renamed from 'n'"):
        type("TwiceParams", (Params,), {"__annotations__": annotations, "n": 1, "steps": 2})


def test_the_history_is_described():
    described = {each["name"]: each["description"] for each in describe_params(GrownParams)}

    assert described["steps"] == "(before: n, n_steps)"
    assert described["damping"] == "How fast it slows down. (since 2)"
    assert described["inner"] == ""
