"""Spaces: what is drawn from them, and what is wrong in them is said with its key."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from datagen_core import StudyError
from datagen_core.scheduling.spaces import check_space, draw_point

KNOWN = {
    "alpha", "clients", "dropout", "layers", "learning_rate", "rounds", "solver.dt", "threads",
    "variant",
}  # fmt: skip


def draw(space, times=300):
    check_space(space, KNOWN)
    rng = np.random.default_rng(0)
    return [draw_point(space, rng) for _ in range(times)]


def test_values_are_values_and_lists_are_choices():
    points = draw({"layers": [[64], [64, 32]], "rounds": 3, "variant": {"choice": [None]}})

    assert {(*point["layers"],) for point in points} == {(64,), (64, 32)}
    assert {point["rounds"] for point in points} == {3}
    assert {point["variant"] for point in points} == {None}


def test_numbers_are_drawn_within_their_bounds():
    rules = {"uniform": [0.2, 0.4], "log_uniform": [1e-4, 1e-2], "integers": [2, 5]}
    names = ("dropout", "learning_rate", "clients")
    points = draw({name: {kind: rules[kind]} for name, kind in zip(names, rules, strict=True)})
    drawn = {name: np.array([point[name] for point in points]) for name in names}

    assert 0.2 <= drawn["dropout"].min() < 0.21 < 0.39 < drawn["dropout"].max() <= 0.4
    assert abs(np.mean(drawn["learning_rate"] < 1e-3) - 0.5) < 0.1
    assert set(drawn["clients"].tolist()) == {2, 3, 4, 5}


def test_cases_are_drawn_by_weight_and_may_be_nested():
    inner = [{"space": {"rounds": 1}}, {"space": {"rounds": 2}}]
    one = [{"weight": 3, "space": {"clients": 1, "cases": inner}}, {"space": {"clients": 2}}]
    points = draw({"cases": [one, [{"space": {"threads": [1, 2]}}]]})
    kinds = Counter((point["clients"], point.get("rounds")) for point in points)

    assert set(kinds) == {(1, 1), (1, 2), (2, None)}
    assert abs(kinds[2, None] - 75) < 30
    assert Counter(point["threads"] for point in points).keys() == {1, 2}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "the space is an object of parameters, not []"),
        ({"alpah": 1}, "alpah: there is no such parameter; did you mean 'alpha'?"),
        ({"alpha": []}, "alpha: choices are a list of values, not []"),
        ({"alpha": {"normal": [0, 1]}}, "alpha: a rule has one of the keys choice, uniform, "),
        ({"alpha": {"choice": 1}}, "alpha: choices are a list of values, not 1"),
        ({"alpha": {"uniform": [2, 1]}}, "alpha: bounds are [low, high], not [2, 1]"),
        ({"alpha": {"uniform": [0, float("nan")]}}, "alpha: bounds are [low, high]"),
        ({"alpha": {"log_uniform": [0, 1]}}, "alpha: bounds of log_uniform are above 0, not [0, 1"),
        ({"clients": {"integers": [1, 2.5]}}, "clients: integers are [low, high], whole numbers"),
        ({"clients": {"integers": [True, 2]}}, "clients: integers are [low, high], whole numbers"),
        ({"cases": []}, "cases: cases should be a list, each with weight and space"),
        ({"cases": [[]]}, "cases: cases should be a list, not []"),
        ({"cases": [{"weight": 1}]}, "cases[0]: a case has weight and space, not {'weight': 1}"),
        ({"cases": [{"space": {}, "weight": 0}]}, "cases[0]: a weight is a number above 0, not 0"),
        ({"cases": [{"space": {"alpah": 1}}]}, "cases[0].alpah: there is no such parameter"),
        ({"alpha": 1, "cases": [{"space": {"alpha": 2}}]}, "cases: alpha is given in a case and"),
    ],
)
def test_what_is_wrong_in_a_space_is_said_with_its_key(space, message):
    with pytest.raises(StudyError) as caught:
        check_space(space, KNOWN)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
