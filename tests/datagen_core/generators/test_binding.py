"""Parts of parameters are given by dotted names, and lists with commas."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
import pytest

from datagen_core import History, Params, ParamsError
from datagen_core.generators.arguments import Argument


class Solver(Params):
    dt: float = 0.1
    order: Annotated[int, History(renamed_from="degree")] = 2
    names: tuple[str, ...] = ()


class Model(Params):
    solver: Solver = Solver(dt=0.01, order=4)
    maybe: Annotated[Solver | None, pydantic.Field(description="none")] = None
    bare: Solver
    limits: dict[str, Any] = pydantic.Field({"low": 0})
    weights: list[float] = pydantic.Field([])
    shape: tuple[int, int] | None = None
    words: frozenset[str] = frozenset()
    nested: list[list[int]] = pydantic.Field([])
    text: str = ""
    either: int | list[int] = 0


def bind(**texts):
    named = {key.replace("__", "."): Argument(text) for key, text in texts.items()}
    return Model.bind({"bare": {}, **named}, "model")


def test_a_part_changes_the_default_of_the_whole():
    assert bind(solver__dt="0.5").solver == Solver(dt=0.5, order=4)


def test_a_part_changes_a_whole_that_is_given():
    given = {"solver.dt": 3, "solver": {"order": 1}, "bare": Solver(order=7), "bare.dt": 2}
    bound = Model.bind(given, "model")

    assert (bound.solver, bound.bare) == (Solver(dt=3, order=1), Solver(dt=2, order=7))


def test_what_is_given_is_left_as_it_is():
    given = {"solver": {"order": 1}, "solver.dt": 3, "bare": {}}
    Model.bind(given, "model")

    assert given["solver"] == {"order": 1}


def test_parts_of_what_has_no_default_begin_anew():
    assert bind(maybe__dt="2").maybe == Solver(dt=2)
    assert bind(bare__order="3").bare == Solver(order=3)


def test_parts_may_be_named_as_before():
    assert bind(solver__degree="9").solver.order == 9


def test_a_mapping_takes_any_part():
    assert bind(limits__high="3", limits__a__b="x").limits == {
        "low": 0, "high": 3, "a": {"b": "x"},
    }  # fmt: skip


def test_texts_and_lists_inside_are_read_by_their_types():
    assert bind(solver__names="1,2").solver.names == ("1", "2")
    assert bind(solver__names='["a,b"]').solver.names == ("a,b",)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("weights", "1,2,3", [1, 2, 3]),
        ("weights", "1, 2.5 ,1e3", [1, 2.5, 1000]),
        ("weights", "64,", [64]),
        ("weights", ",", []),
        ("weights", "[1, 2]", [1, 2]),
        ("shape", "3,4", (3, 4)),
        ("words", "a,b", {"a", "b"}),
        ("words", '"1",2', {"1", "2"}),
        ("nested", "[1,2],[3]", [[1, 2], [3]]),
        ("text", "1,2,3", "1,2,3"),
        ("text", "a,", "a,"),
        ("either", "1,2", [1, 2]),
        ("either", "5", 5),
    ],
)
def test_commas_separate_elements_where_the_type_is_a_list(key, text, value):
    assert getattr(bind(**{key: text}), key) == value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"solver.dtt": 1}, r"^model has no parameter 'solver.dtt'; did you mean 'solver.dt'\? it"),
        ({"solvr.dt": 1}, r"^model has no parameter 'solvr'; did you mean 'solver'\? it has: sol"),
        ({"text.x": 1}, r"^model has no parameter 'text.x': text has no parts; write text=VALUE$"),
        ({"solver.": 1}, "^model has no parameter 'solver.'"),
        ({"solver": 3, "solver.dt": 1}, "^model: solver is given as 3, which has no parts$"),
        ({"solver.dt": 1, "solver.order": 1, "solver.degree": 2},
         "^model: solver.degree is an earlier name of solver.order; give solver.order alone$"),
        ({"solver.dt": Argument("x")}, "^model: parameter solver.dt: .* not 'x'$"),
        ({"weights": Argument("1,x")}, "^model: parameter weights.1: .* not 'x'$"),
        ({"weights": Argument("1")},
         r"^model: parameter weights: .* list, not 1; one element is written \[1\]$"),
        ({"shape": Argument("1,2,3")}, "^model: parameter shape: .* not"),
        ({"weights": "1,2"}, "^model: parameter weights: .* not '1,2'$"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_one_line(given, words):
    with pytest.raises(ParamsError, match=words):
        Model.bind({"bare": {}, **given}, "model")
