"""`datagen generate --sweep`: one parameter set a combination, one submission."""

from __future__ import annotations

import json

import pytest

import datagen_core
import generators_for_tests
from datagen_core import Cache
from datagen_core.cli import generate
from datagen_core.executors import choice
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.scheduling import run

SINE = f"{generators_for_tests.__file__}:sine"
GRID = ["--sweep", "left=-3,-2", "--sweep", "noise=0,0.5"]


@pytest.fixture
def submissions(monkeypatch):
    """Return the jobs that local executors were handed."""
    jobs = []
    submit = LocalExecutor.submit
    monkeypatch.setattr(
        LocalExecutor, "submit", lambda self, job: jobs.append(job) or submit(self, job)
    )
    return jobs


def test_every_combination_is_a_parameter_set(run_cli, cache):
    answer = run_cli("generate", SINE, "-n", 12, *GRID, "--executor", "inline")

    assert answer.out == (
        "sine: 48 samples made in 4 of 4 parameter sets; `datagen list sine` shows them\n"
    )
    made = Cache(cache)["sine"]
    assert [(made[k].params["left"], made[k].params["noise"]) for k in made] == [
        (-3, 0), (-3, 0.5), (-2, 0), (-2, 0.5),
    ]  # fmt: skip


def test_a_sweep_is_one_submission(run_cli, cache, submissions):
    run_cli("generate", SINE, "-n", 20, *GRID, "--executor", "local", "--njobs", 2)

    (job,) = submissions
    assert (job.size, job.parallel, len(job.plans)) == (4, 2, 4)
    assert all(made.counts == {"raw": 20} for made in Cache(cache)["sine"].values())


def test_samples_are_those_of_single_runs(run_cli, cache, tmp_path):
    run_cli("generate", SINE, "-n", 12, *GRID, "--executor", "local", "--njobs", 3)
    alone = datagen_core.generate(
        SINE, 12, {"left": -2, "noise": 0.5}, executor="inline", cache=tmp_path / "alone"
    )

    swept = Cache(cache)["sine"][{"left": -2, "noise": 0.5}]
    assert all(map(lambda a, b: (a == b).all(), swept["raw"].get(12), alone["raw"].get(12)))


def test_a_sweep_that_is_complete_is_not_repeated(run_cli):
    arguments = ("generate", SINE, "--total", 12, *GRID, "--executor", "inline")
    run_cli(*arguments)

    assert "all 4 parameter sets of sine have that many" in run_cli(*arguments).out
    assert run_cli(*arguments, "--json").json["runs"] == []


def test_only_what_is_missing_of_a_sweep_is_made(run_cli):
    run_cli(
        "generate", SINE, "--total", 12, "-p", "left=-3", "-p", "noise=0", "--executor", "inline"
    )
    answer = run_cli("generate", SINE, "--total", 12, *GRID, "--executor", "inline")

    assert "36 samples made in 3 of 4 parameter sets" in answer.out


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C is pressed when the first two parameter sets are begun."""
    begin = run._Start.begin
    begun = []

    def interrupt(self, *some):
        begun.append(some)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return begin(self, *some)

    monkeypatch.setattr(run, "_BEGUN_AT_ONCE", 2)
    monkeypatch.setattr(generate, "_NOTE_SECONDS", 0.0)
    monkeypatch.setattr(run._Start, "begin", interrupt)


@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_beginning_says_what_is_begun_and_loses_nothing(run_cli):
    arguments = ("generate", SINE, *GRID, "--executor", "inline")
    answer = run_cli(*arguments, "-n", 12)

    assert "sine: begun 2 of 4 parameter sets" in answer.err
    assert "2 of 4 parameter sets are begun: `datagen resume sine --cache " in answer.err
    assert run_cli("resume", "sine").code == 0
    assert "24 samples made in 2 of 4 parameter sets" in run_cli(*arguments, "--total", 12).out


def test_equal_points_count_once(run_cli, cache):
    run_cli("generate", SINE, "-n", 2, "--sweep", "left=-3,-3.0", "--executor", "inline")

    assert [made.counts for made in Cache(cache)["sine"].values()] == [{"raw": 2}]


def test_one_bad_point_is_refused_before_anything_is_written(run_cli, cache):
    answer = run_cli("generate", SINE, "-n", 2, "--sweep", "left=0,5", "--executor", "inline")

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert "left must not be above right" in answer.err
    assert not (cache / "sine").exists()


def test_a_plan_shows_every_set(run_cli, cache):
    plans = run_cli("generate", SINE, "-n", 20, *GRID, "--dry-run", "--json", "--njobs", 8,
                    "--executor", "local").json  # fmt: skip

    assert [len(plan["tasks"]) for plan in plans] == [2, 2, 2, 2]
    assert not (cache / "sine").exists()


def test_holes_of_a_sweep_are_resumed_in_one_submission(run_cli, submissions, monkeypatch, cache):
    monkeypatch.setattr(InlineExecutor, "submit", lambda self, job: None)
    monkeypatch.setattr("datagen_core.scheduling.judging.FRUITLESS_LIMIT", 1)
    assert run_cli("generate", SINE, "-n", 20, *GRID, "--executor", "inline").code == 4
    answer = run_cli("resume", "--executor", "local", "--njobs", 2)

    assert answer.out == "resumed 4 runs\n"
    assert [len(job.plans) for job in submissions] == [4]
    assert all(made.counts == {"raw": 20} for made in Cache(cache)["sine"].values())


@pytest.fixture
def asked(run_cli, monkeypatch):
    """Begin a sweep that nobody makes; return how many plans each question is about."""
    monkeypatch.setattr(LocalExecutor, "submit", lambda self, job: None)
    run_cli("generate", SINE, "-n", 20, *GRID, "--executor", "local", "--no-wait")
    asked = []
    poll = LocalExecutor.poll
    monkeypatch.setattr(
        LocalExecutor, "poll", lambda self, plans: asked.append(len(plans)) or poll(self, plans)
    )
    return asked


@pytest.mark.parametrize("command", ["status", "list", "cancel"])
def test_an_executor_is_asked_once_for_all_runs(run_cli, asked, command):
    assert run_cli(command).code == 0
    assert asked == [4]


def test_limits_are_asked_once_for_all_sets(run_cli, monkeypatch):
    asked = []
    monkeypatch.setattr(LocalExecutor, "max_minutes", lambda self, resources: asked.append(1))
    run_cli("generate", SINE, "-n", 20, *GRID, "--executor", "local", "--dry-run")

    assert len(asked) == 1


@pytest.mark.usefixtures("asked")
def test_an_executor_is_chosen_once_for_all_runs_that_are_resumed(run_cli, monkeypatch):
    chosen = []
    choose = choice.choose_executor
    monkeypatch.setattr(choice, "choose_executor", lambda name: chosen.append(name) or choose(name))

    assert run_cli("resume", "--executor", "inline").out == "resumed 4 runs\n"
    assert chosen == ["inline"]


def test_processes_of_another_machine_hide_none_of_this_one(run_cli, asked, monkeypatch):
    monkeypatch.setattr(
        LocalExecutor, "poll", lambda self, plans: None if len(plans) > 1 else asked.append(1) or {}
    )
    found = run_cli("status", "--json").json

    assert [run["state"] for run in found] == ["holes"] * 4
    assert asked == [1] * 4


def test_the_function_returns_the_sets_in_order(cache):
    points = [{"left": -2}, {"left": -3}]
    made = datagen_core.sweep(SINE, 3, points, executor="inline", cache=cache)

    assert [each.params["left"] for each in made] == [-2, -3]


def test_a_generator_of_this_process_sweeps_inline(cache):
    @datagen_core.generator(2, generators_for_tests.SineParams)
    def here(size, params):
        return [(params.left, 0.0)] * size

    here.__dict__["function"].__module__ = "__main__"
    made = datagen_core.sweep(here, 3, [{"left": -2}, {"left": -3}], executor="inline", cache=cache)

    assert [each["raw"].get(3)[0].tolist() for each in made] == [[-2] * 3, [-3] * 3]


def test_json_tells_of_every_run(run_cli):
    told = run_cli("generate", SINE, "-n", 3, *GRID, "--executor", "inline", "--json").json

    assert [run["done"] for run in told["runs"]] == [3, 3, 3, 3]
    assert told["sets"] == [0, 1, 2, 3]
    assert json.dumps(told["folders"]).count("left=") == 4


def test_a_sweep_over_a_text_parameter_keeps_what_is_typed(run_cli):
    run_cli("generate", SINE, "-n", 5, "--sweep", "label=1,2.0,x", "--executor", "inline")

    found = run_cli("list", "--json").json
    assert [one["params"]["label"] for one in found] == ["1", "2.0", "x"]
