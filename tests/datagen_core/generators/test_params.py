"""Parameters are typed, validated and frozen; whatever is wrong is one line with a way out."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import Params
from datagen_core.errors import ParamsError
from datagen_core.generators.declarations import defaults_of
from datagen_core.generators.identity import canonical_json, digest_of
from datagen_core.generators.params import describe_params
from generators_for_tests import SineParams


class Inner(Params):
    """Nested parameters."""

    width: int = 3


class ManyParams(Params):
    """One parameter of every kind."""

    count: Annotated[int, pydantic.Field(gt=0)] = 1
    ratio: float = 0.5
    flag: bool = False
    kind: Literal["a", "b"] = "a"
    sizes: tuple[int, ...] = (1, 2)
    inner: Inner = Inner()
    note: str | None = None


class NeedyParams(Params):
    """A parameter without a default."""

    count: int


finite = st.floats(allow_nan=False, allow_infinity=False)
many = st.fixed_dictionaries(
    {},
    optional={
        "count": st.integers(1, 10**12),
        "ratio": finite,
        "flag": st.booleans(),
        "kind": st.sampled_from("ab"),
        "sizes": st.lists(st.integers(), max_size=3),
        "inner": st.fixed_dictionaries({}, optional={"width": st.integers()}),
        "note": st.none() | st.text(max_size=5),
    },
)


@given(many)
def test_canonical_values_bind_to_the_same_params(values):
    bound = ManyParams.bind(values, "many")

    assert ManyParams.bind(bound.canonical(), "many") == bound
    assert ManyParams.bind(bound, "many") == bound


@given(many, st.randoms(use_true_random=False))
def test_identity_ignores_order_and_explicit_defaults(values, shuffler):
    shuffled = dict(shuffler.sample(list(values.items()), len(values)))
    explicit = {**defaults_of(ManyParams), **shuffled}
    digests = {
        digest_of("many", "1", ManyParams.bind(given_values, "many").canonical(), 0)
        for given_values in (values, shuffled, explicit)
    }

    assert len(digests) == 1


@given(finite, finite)
def test_equal_numbers_are_one_identity(left, right):
    one, other = (
        canonical_json(ManyParams.bind({"ratio": r}, "m").canonical()) for r in (left, right)
    )

    assert (one == other) == (left == right)


@pytest.mark.parametrize("value", [0, 0.0, -0.0, "0", 0j.real])
def test_all_ways_to_write_zero_are_one(value):
    bound = ManyParams.bind({"ratio": value}, "many")

    assert canonical_json(bound.canonical()["ratio"]) == "0.0"


def test_params_are_frozen_and_hashable():
    params = SineParams(left=0)

    assert hash(params) == hash(SineParams(left=0.0))
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        params.left = 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lefft": 0}, ["sine has no parameter 'lefft'", "did you mean 'left'?", "noise"]),
        ({"zzz": 0}, ["no parameter 'zzz'", "it has: left, right, noise, label"]),
        ({"left": "x"}, ["parameter left", "valid number", "'x'"]),
        ({"left": None}, ["parameter left", "valid number", "None"]),
        ({"left": math.nan}, ["parameter left", "finite number"]),
        ({"left": math.inf}, ["parameter left", "finite number"]),
        ({"noise": -1}, ["parameter noise", "greater than or equal to 0", "-1"]),
        ({"left": 3}, ["sine: left must not be above right"]),
        ({1: 2}, ["no parameter '1'"]),
    ],
)
def test_wrong_values_are_refused_in_one_line(values, words):
    with pytest.raises(ParamsError) as caught:
        SineParams.bind(values, "sine")

    assert "\n" not in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_unknown_nested_keys_are_refused():
    with pytest.raises(ParamsError, match=r"inner\.hight"):
        ManyParams.bind({"inner": {"hight": 1}}, "many")


def test_missing_value_is_asked_for():
    with pytest.raises(ParamsError, match="needy: parameter count has no default; give it a value"):
        NeedyParams.bind({}, "needy")


def test_params_of_another_class_are_refused():
    with pytest.raises(ParamsError, match="needy has no parameter 'left'"):
        NeedyParams.bind(SineParams(), "needy")


def test_generator_without_parameters_says_so():
    with pytest.raises(ParamsError, match="it has none"):
        Params.bind({"left": 0}, "plain")


def test_defaults_leave_out_what_has_none():
    assert defaults_of(NeedyParams) == {}
    assert defaults_of(SineParams) == {"left": -1, "right": 1, "noise": 0.1, "label": "none"}
    assert defaults_of(ManyParams)["inner"] == {"width": 3}


def test_description_tells_type_default_and_docstring():
    left, *_, label = describe_params(SineParams)

    assert left == {
        "name": "left",
        "type": "float",
        "choices": None,
        "default": -1,
        "required": False,
        "description": "Leftmost value of x.",
        "group": "",
    }
    assert (label["type"], label["default"]) == ("str", "none")
    assert describe_params(NeedyParams)[0]["required"] is True


class ListParams(Params):
    """Sizes that may be given as text."""

    sizes: tuple[int, ...] = ()

    @classmethod
    def prepare(cls, values):
        text = values.get("sizes")
        sizes = text.split("-") if isinstance(text, str) else text
        return super().prepare({**values, "sizes": sizes})


@pytest.mark.parametrize("given", ["1-2", (1, 2), [1, 2]])
def test_other_forms_are_prepared_before_they_are_validated(given):
    assert ListParams.bind({"sizes": given}, "g").canonical() == {"sizes": [1, 2]}


def test_a_bound_instance_is_as_good_as_a_mapping():
    assert ListParams.bind(ListParams(sizes="3-4"), "g").sizes == (3, 4)
