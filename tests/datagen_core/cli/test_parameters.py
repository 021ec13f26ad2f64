"""Parameters on the command line: presets in files, parts of parameters, lists, and grids."""

from __future__ import annotations

import json

import pytest

from datagen_core import Cache

MODEL = """
import datagen_core

class Solver(datagen_core.Params):
    dt: float = 0.1
    order: int = 2

class ModelParams(datagen_core.Params):
    solver: Solver = Solver(dt=0.01, order=4)
    weights: tuple[float, ...] = ()
    text: str = ""

@datagen_core.generator(5, ModelParams)
def model(size, params):
    for _ in range(size):
        yield params.solver.dt, sum(params.weights)
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return "model.py:model"


@pytest.fixture
def params_of(cache):
    return lambda: [made.params for made in Cache(cache)["model"].values()]


def test_parts_and_lists_are_parameters(generate_inline, model, params_of):
    generate_inline(model, "-n", 1, "-p", "solver.dt=0.5", "-p", "weights=1,2,3", "-p", "text=1,2")

    assert params_of() == [{"solver": {"dt": 0.5, "order": 4}, "weights": [1, 2, 3], "text": "1,2"}]


def test_parts_choose_parameter_sets(generate_inline, run_cli, model):
    generate_inline(model, "-n", 5, "--sweep", "solver.dt=0.5:1.5:0.5", "--sweep", "text=,x")

    assert "5 samples" in run_cli("move", "model", 5, "train", "-p", "solver.dt=1.5,text=x").out
    assert len(run_cli("list", "model", "-p", "solver.dt=0.5", "--json").json) == 2
    error = run_cli("list", "model", "-p", "solver.d=1").err
    assert "no parameter set has a parameter 'solver.d'" in error


def test_a_preset_gives_what_the_command_line_does_not(generate_inline, model, params_of, tmp_path):
    (tmp_path / "fine.toml").write_text('text = "fine"\n[solver]\ndt = 1e-3\n')
    (tmp_path / "heavy.json").write_text('{"weights": [9, 9], "text": "heavy"}')
    generate_inline(model, "-n", 1, "-p", "@fine.toml", "-p", "@heavy.json", "-p", "solver.order=3")
    generate_inline(model, "-n", 1, "-p", "solver.dt=7", "-p", "@fine.toml")
    generate_inline(model, "-n", 1, "-p", "@fine.toml", "-p", 'solver={"order": 1}')

    assert params_of() == [
        {"solver": {"dt": 0.001, "order": 3}, "weights": [9, 9], "text": "heavy"},
        {"solver": {"dt": 0.001, "order": 4}, "weights": [], "text": "fine"},
        {"solver": {"dt": 0.1, "order": 1}, "weights": [], "text": "fine"},
    ]


def test_a_sweep_goes_before_a_preset(generate_inline, run_cli, model, params_of, tmp_path):
    (tmp_path / "fine.toml").write_text("solver.dt = 1e-3\nsolver.order = 1\n")
    generate_inline(model, "-n", 1, "-p", "@fine.toml", "--sweep", "solver.dt=log:1:100:3")
    refused = run_cli("generate", model, "-n", 1, "-p", "text=x", "--sweep", "text=a,b")

    assert [each["solver"] for each in params_of()] == [
        {"dt": 1, "order": 1}, {"dt": 10, "order": 1}, {"dt": 100, "order": 1},
    ]  # fmt: skip
    assert "'text' is given twice" in refused.err


def test_texts_that_look_like_grids_are_given_as_a_list(generate_inline, model, params_of):
    generate_inline(model, "-n", 1, "--sweep", 'text=["1:3:1", "log:1:10:2"]')

    assert [each["text"] for each in params_of()] == ["1:3:1", "log:1:10:2"]


def test_an_estimate_takes_presets(run_cli, model, tmp_path):
    (tmp_path / "fine.json").write_text('{"solver": {"dt": 1}}')
    found = run_cli(
        "estimate", model, "-n", 10, "--trial", 1, "-p", "@fine.json", "-p", "text=x", "--json"
    ).json

    assert found["samples"] == 10


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", "solver.dtt = 1",
         "a.toml: model has no parameter 'solver.dtt'; did you mean 'solver.dt'?"),
        ("a.json", '{"txt": 1}', "a.json: model has no parameter 'txt'; did you mean 'text'?"),
        ("a.json", '{"text": "a", "text": "b"}', "a.json is not JSON: text: it is given twice"),
        ("a.json", "[1]", "a.json holds no mapping"),
        ("a.json", "{", "a.json is not JSON: "),
        ("a.toml", "text = ", "a.toml is not TOML: "),
        ("a.txt", "", "a.txt is not JSON: "),
        ("b.json", None, "b.json cannot be read: No such file"),
        ("a.json", '{"solver": 3}', "parameter solver: "),
        ("a.toml", "text = 2020-01-01", "parameter text: "),
    ],
)  # fmt: skip
def test_a_preset_that_cannot_be_used_is_one_line(run_cli, model, tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_text(content)
    answer = run_cli("generate", model, "-n", 1, "-p", f"@{name}")

    assert words in answer.err
    assert answer.code == 2
    assert answer.err.count("\n") == 1


def test_a_preset_with_odd_bytes_is_one_line(run_cli, model, tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")

    assert "not a text in UTF-8" in run_cli("generate", model, "-n", 1, "-p", "@a.json").err


def test_a_preset_without_a_name_is_told(run_cli, model):
    assert "-p @ names no file; write" in run_cli("generate", model, "-n", 1, "-p", "@").err


def test_the_plan_of_a_sweep_over_a_grid_says_what_it_makes(run_cli, model):
    plan = run_cli("generate", model, "-n", 1, "--sweep", "solver.dt=0.1:0.5:0.1", "--dry-run",
                   "--executor", "inline", "--json").json  # fmt: skip

    assert "0.30000000000000004" not in json.dumps(plan)
