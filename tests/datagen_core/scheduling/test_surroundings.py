"""What a run has around it is kept with it, and is what its jobs and later calls get."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import datagen_core
from datagen_core.errors import ChangedCodeError, GeneratorError
from datagen_core.executors.base import Recipe, Resources
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.scheduling.driving import drive
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.resuming import take_up
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.submission import group_alike
from datagen_core.scheduling.surroundings import (
    limited_threads,
    locate_source,
    make_recipe,
    surroundings_of,
    threads_of,
)
from datagen_core.store.runs import list_plans, read_run
from demands import demand_for, publish_job

SOURCE = """
import os
from pathlib import Path
import datagen_core

@datagen_core.generator(5)
def walk(size):
    import nearby
    return {"x": [float(Path("scale.txt").read_text()) * nearby.G] * size}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a folder with a generator that reads a file there and a module on PYTHONPATH."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "project"
    (folder / "library").mkdir(parents=True)
    (folder / "library/nearby.py").write_text("G = 2.0\n")
    (folder / "walk.py").write_text(SOURCE)
    (folder / "scale.txt").write_text("3")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", "library")
    sys.path.insert(1, str(folder / "library"))
    yield folder
    sys.modules.pop("nearby", None)


def begun(project, executor=None, cpus=1, cache="cache"):
    demand = demand_for(f"{project / 'walk.py'}:walk", project / cache, 10)
    settings = Settings(resources=Resources(cpus=cpus))
    return begin([demand], executor or InlineExecutor(), settings)[0]


def recipe_of(run):
    return make_recipe(run.record.details, run.record.source, "")


def again(run, folder=None, executor="inline"):
    """Take up a run, as `datagen resume` does."""
    settings = Settings(executor=executor)
    return take_up(run.paths.set, run.record, settings, folder=folder)


def leave(monkeypatch, tmp_path):
    """Go elsewhere, to a folder with another file of the same name, without PYTHONPATH."""
    (tmp_path / "scale.txt").write_text("100")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH")
    sys.path.pop(1)
    sys.modules.pop("nearby", None)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_run_is_resumed_where_it_was_begun(project, tmp_path, monkeypatch, executor):
    run = begun(project)
    leave(monkeypatch, tmp_path)

    (status,) = drive([again(run, executor=executor)])
    assert not status.missing
    samples = datagen_core.Cache(project / "cache")["walk"][0]["raw"].get()
    np.testing.assert_array_equal(samples["x"], 6.0)
    assert (Path.cwd(), "PYTHONPATH" in os.environ) == (tmp_path, False)


def test_the_working_directory_is_given_back(project, tmp_path, monkeypatch):
    run = begun(project)
    leave(monkeypatch, tmp_path)
    path = [*sys.path]

    with surroundings_of(recipe_of(run)):
        assert Path.cwd() == project
        assert str(project / "library") in sys.path
        assert os.environ["PYTHONPATH"] == str(project / "library")
    assert (Path.cwd(), sys.path) == (tmp_path, path)


def test_a_folder_that_is_gone_is_said(project, tmp_path, monkeypatch, capsys):
    run = begun(project, cache=tmp_path / "cache")
    leave(monkeypatch, tmp_path)
    project.rename(tmp_path / "moved")

    with surroundings_of(recipe_of(run)):
        assert Path.cwd() == tmp_path
    assert f"{project} is not here; it goes on in {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_moved_folder_is_named_and_goes_on(project, tmp_path, monkeypatch, executor):
    run = begun(project, cache=tmp_path / "cache")
    moved = project.rename(tmp_path / "moved")
    leave(monkeypatch, tmp_path)
    with pytest.raises(GeneratorError, match="datagen resume --generators DIR"):
        again(run)

    (status,) = drive([again(run, moved, executor)])
    assert not status.missing
    assert list_plans(run.paths)[-1].source == f"{moved / 'walk.py'}:walk"
    samples = datagen_core.Cache(tmp_path / "cache")["walk"][0]["raw"].get()
    np.testing.assert_array_equal(samples["x"], 6.0)


def test_a_moved_folder_with_other_code_is_refused(project, tmp_path, monkeypatch):
    run = begun(project, cache=tmp_path / "cache")
    moved = project.rename(tmp_path / "moved")
    monkeypatch.chdir(moved)
    (moved / "walk.py").write_text(SOURCE.replace("* size", "* (size + 0)"))

    with pytest.raises(ChangedCodeError, match=r"walk \(function\) changed"):
        again(run, moved)


def test_a_file_is_found_below_the_folder_that_is_named(tmp_path):
    (tmp_path / "new/deep").mkdir(parents=True)
    (tmp_path / "new/deep/walk.py").touch()

    found = locate_source("/old/deep/walk.py:walk", tmp_path / "new")
    assert found == f"{tmp_path / 'new/deep/walk.py'}:walk"
    assert locate_source("walk", tmp_path) == "walk"
    with pytest.raises(GeneratorError, match=r"there is no other\.py in"):
        locate_source("/old/other.py:walk", tmp_path / "new")


def test_the_threads_of_a_set_are_those_of_its_first_run(project):
    first, second = (begun(project, LocalExecutor(), cpus) for cpus in (2, 5))

    assert (first.threads, second.threads) == (2, 2)
    assert read_run(second.paths.set, 1).details["threads"] == 2
    job = publish_job([(second, second.plan)])
    assert job.environment["OMP_NUM_THREADS"] == "2"
    assert (job.resources.cpus, begun(project, LocalExecutor()).resources.cpus) == (5, 2)


def test_another_number_of_processors_is_told_once(project):
    begun(project, LocalExecutor())
    told = []
    run = begun(project, LocalExecutor(), 4)
    run.announce = told.append
    drive([run])

    assert len(told) == 1
    assert told[0].startswith("a job gets 4 processors, and makes the samples with 1 thread")


def test_old_sets_have_the_threads_that_their_first_run_recorded(project):
    run = begun(project, LocalExecutor(), 3)
    details = {key: value for key, value in run.record.details.items() if key != "threads"}

    assert replace(run, record=replace(run.record, details=details)).threads == 3
    assert threads_of(run.paths.set) == 3


def test_runs_with_other_surroundings_share_no_job(project, tmp_path, monkeypatch):
    runs = [begun(project, LocalExecutor())]
    runs.append(begun(project, LocalExecutor()))
    monkeypatch.chdir(tmp_path)
    runs.append(begun(project, LocalExecutor()))

    assert group_alike(runs) == [[0, 1], [2]]


def test_threads_of_torch_are_limited_for_a_while(monkeypatch):
    class Torch:
        count = 8
        get_num_threads = classmethod(lambda kind: kind.count)
        set_num_threads = classmethod(lambda kind, count: setattr(kind, "count", count))

    monkeypatch.setitem(sys.modules, "torch", Torch)
    with limited_threads(3):
        assert Torch.count == 3
    assert Torch.count == 8


def test_a_folder_that_is_gone_is_said_in_printable_letters(tmp_path, capsys):
    with surroundings_of(Recipe("", "", str(tmp_path / "\x1b[2J"))):
        pass
    assert r"\x1b[2J is not here" in capsys.readouterr().err
