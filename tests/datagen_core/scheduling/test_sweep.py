"""Lists of values become combinations; whoever names a parameter twice is told."""

from __future__ import annotations

import json

import pytest

from datagen_core.errors import ParamsError
from datagen_core.generators.arguments import Argument
from datagen_core.scheduling.sweep import parse_sweeps


def values(points):
    """Return points with the JSON of what was typed."""
    return [
        {key: each.value if isinstance(each, Argument) else each for key, each in point.items()}
        for point in points
    ]


def test_combinations_come_with_the_last_sweep_fastest():
    points = values(parse_sweeps(["a=1,2", "b=x,y"], {"c": 0}))

    assert points == [
        {"c": 0, "a": 1, "b": "x"},
        {"c": 0, "a": 1, "b": "y"},
        {"c": 0, "a": 2, "b": "x"},
        {"c": 0, "a": 2, "b": "y"},
    ]


def test_without_sweeps_there_is_one_point():
    assert parse_sweeps([], {"a": 1}) == [{"a": 1}]


def test_a_json_list_keeps_commas_in_values():
    points = parse_sweeps(['names=[["a","b"],"c,d",null]'], {})

    assert [point["names"] for point in points] == [["a", "b"], "c,d", None]


def test_too_many_combinations_are_refused_before_they_are_listed():
    axes = [f"{key}={','.join(map(str, range(1000)))}" for key in "abc"]

    with pytest.raises(ParamsError, match="combines to 1,000,000,000 parameter sets"):
        parse_sweeps(axes, {})
    assert len(parse_sweeps(axes[:1], {})) == 1000


def test_a_file_lists_points_of_several_parameters(tmp_path):
    path = tmp_path / "points.json"
    path.write_text(json.dumps([{"a": 1, "b": 2}, {"a": 3}]))

    points = values(parse_sweeps([f"@{path}", "c=5"], {}))
    assert points == [
        {"a": 1, "b": 2, "c": 5},
        {"a": 3, "c": 5},
    ]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a"], "not a sweep"),
        (["a="], "not a sweep"),
        (["=1,2"], "not a sweep"),
        (["a=[]"], "not a JSON list"),
        (["a=[1,2"], "not a JSON list"),
        (["a=0:1:0"], "^--sweep a: the grid 0:1:0 cannot be swept: its step is 0;"),
        (["a=5,0:1:-1"], "^--sweep a: the grid 0:1:-1 "),
        (["a=1", "a=2"], "'a' is given twice"),
        (["base=1"], "'base' is given twice"),
        (["@nowhere.json"], "cannot be read"),
    ],
)
def test_what_is_no_sweep_is_refused_in_one_line(texts, message):
    with pytest.raises(ParamsError, match=message):
        parse_sweeps(texts, {"base": 0})


@pytest.mark.parametrize("content", ["{", "{}", "[]", "[1]"])
def test_a_file_that_lists_no_points_is_refused(tmp_path, content):
    path = tmp_path / "points.json"
    path.write_text(content)

    with pytest.raises(ParamsError, match=r"points\.json"):
        parse_sweeps([f"@{path}"], {})
