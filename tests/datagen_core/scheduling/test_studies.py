"""Studies of any generator: a seed means one study, all of whose points can be made."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from datagen_core import (
    Cache,
    Params,
    StudyError,
    format_study,
    generator,
    plan_study,
    publish_study,
    read_space,
    sweep,
)


class Solver(Params):
    dt: float = 0.1


class ModelParams(Params):
    solver: Solver = Solver()
    n: int = 1
    kind: Literal["a", "b"] = "a"


def refuse(params):
    if params.n == 3:
        raise StudyError("three are too many")
    return []


@generator(2, ModelParams, preflight=refuse)
def model(size, params):
    for _ in range(size):
        yield params.n, params.solver.dt


SPACE = {
    "solver.dt": {"log_uniform": [1e-3, 1]},
    "n": {"integers": [1, 9]},
    "cases": [{"space": {"kind": "a"}}, {"weight": 3, "space": {"kind": "b"}}],
}


def test_draws_stay_what_they_are():
    study = plan_study(model, SPACE, 3, seed=4)

    assert study.params == [
        {"solver.dt": 0.513594, "n": 7, "kind": "b"},
        {"solver.dt": 0.855843, "n": 6, "kind": "b"},
        {"solver.dt": 0.00591831, "n": 7, "kind": "b"},
    ]
    assert {each["reason"] for each in study.redrawn} <= {"three are too many"}


def test_a_longer_study_begins_with_a_shorter_one():
    few, many = (plan_study(model, SPACE, runs, seed=1) for runs in (4, 9))

    assert many.points[:4] == few.points
    assert len({point["digest"] for point in many.points}) == 9
    assert not {3} & {params["n"] for params in many.params}


def test_a_study_is_swept(tmp_path):
    study = plan_study(model, SPACE, 3, seed=1)
    made = sweep(model, 2, study.params, seed=study.seed, executor="inline", cache=tmp_path)

    assert [each.record.digest for each in made] == [each["digest"] for each in study.points]
    assert [each.params["solver"]["dt"] for each in Cache(tmp_path)["model"].values()] == [
        each["solver.dt"] for each in study.params
    ]


@pytest.mark.parametrize(
    ("space", "runs", "words"),
    [
        ({"solvr.dt": 1}, 1, "^solvr.dt: there is no such parameter; did you mean 'solver.dt'"),
        ({"n": [1, 2]}, 3, "^point 2 was drawn 21 times .* it was drawn before; widen the space"),
        ({"n": "x"}, 1, "parameter n: .* not 'x'; mend the space"),
        ({"n": 3}, 1, "the last time because three are too many; widen"),
        ([], 1, "^the space is an object of parameters"),
        ({}, 0, "^a study has 1 to 100,000 points, not 0$"),
        ({}, 10**9, "not 1,000,000,000$"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(space, runs, words):
    with pytest.raises(StudyError, match=words):
        plan_study(model, space, runs)


def test_a_negative_seed_is_refused():
    with pytest.raises(StudyError, match="the seed is -1; use 0 or more"):
        plan_study(model, {}, 1, seed=-1)


def test_a_space_may_be_toml(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text('n = [1, 2]\n"solver.dt" = {uniform = [0, 1]}\n')

    assert read_space(path) == {"n": [1, 2], "solver.dt": {"uniform": [0, 1]}}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"a": 1, "a": 2}', "a: it is given twice"),
        ("a.json", "{", r"a\.json is not JSON"),
        ("a.toml", "a = ", r"a\.toml is not TOML"),
        ("a.json", None, r"a\.json cannot be read: No such file"),
        ("a.json", "[]", r"a\.json holds no mapping"),
    ],
)
def test_files_of_spaces_are_checked(tmp_path, name, text, message):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_space(path)


def test_a_manifest_is_written_once(tmp_path):
    path = tmp_path / "study.json"
    study, other = (plan_study(model, SPACE, 2, seed).to_json() for seed in (0, 1))

    assert publish_study(path, study)
    assert json.loads(path.read_text())["points"] == study["points"]
    assert not publish_study(path, {**study, "datagen": "0.0.1"})
    with pytest.raises(StudyError, match="exists and belongs to another study"):
        publish_study(path, other)
    assert path.read_text() == format_study(study)
