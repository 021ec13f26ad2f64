"""What a job carries: whoever changes a cache while it waits does not change what it runs."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from datagen_core.errors import DamagedFileError, NewerFormatError
from datagen_core.executors import base
from datagen_core.executors.base import Recipe
from datagen_core.executors.local import LocalExecutor
from datagen_core.executors.processes import read_recipe, read_tasks
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.submission import group_alike
from datagen_core.store.runs import publish_plan
from datagen_core.store.sets import existing_samples
from demands import demand_for, publish_job
from patience import patience
from published_documents import change

SOURCE = """
from dataclasses import replace
from pathlib import Path
import datagen_core

@datagen_core.generator(5)
def walk(size):
    return {"x": [float(Path("scale.txt").read_text())] * size}
"""

EVIL = """
from dataclasses import replace
from pathlib import Path
import datagen_core
Path(__file__).with_name("EXECUTED").touch()

@datagen_core.generator(5)
def walk(size):
    return {"x": [0.0] * size}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return the folder where a run is begun; another user's folder is beside it."""
    for name, text, scale in (("own", SOURCE, "3"), ("evil", EVIL, "666")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "walk.py").write_text(text)
        (tmp_path / name / "scale.txt").write_text(scale)
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


def begun(project, cache="cache"):
    demand = demand_for(f"{project / 'walk.py'}:walk", project.parent / cache, 10)
    return begin([demand], LocalExecutor(), Settings())[0]


@pytest.fixture
def job(project):
    run = begun(project)
    return publish_job([(run, run.plan)])


def change_all(plan, evil):
    """Let all documents of a run name other code in another place."""
    source = f"{evil / 'walk.py'}:walk"
    change(plan.run.plan(0), source=source, code=None, format="1.2")
    details = json.loads(plan.run.record.read_text())["details"]
    around = {"working_directory": str(evil), "pythonpath": str(evil)}
    change(plan.run.record, source=source, details={**details, **around})


def work(job, cwd=None):
    """Do what the executor does when a job's turn has come."""
    subprocess.run(job.command(range(job.size)), check=False, timeout=patience(60), cwd=cwd)


def test_a_job_runs_what_was_submitted_whatever_the_cache_says_since(job, project):
    (plan,) = job.plans
    change_all(plan, project.with_name("evil"))
    work(job)

    assert not (project.with_name("evil") / "EXECUTED").exists()
    assert len(existing_samples(plan.run.set)) == 10
    (shard,) = plan.run.set.shards.iterdir()
    assert shard.read_bytes().count(b"\0\0\0\0\0\0\x08@") == 10  # 3.0, not 666.0


def test_a_job_refuses_other_code_whatever_the_cache_says_it_had(job, project):
    (plan,) = job.plans
    (project / "walk.py").write_text(EVIL.replace("Path(__file__)", "# Path(__file__)"))
    change(plan.run.plan(0), code=None)
    work(job)

    (error,) = [event for event in plan.events(0) if event["event"] == "error"]
    assert "the generator's code changed since this job was submitted" in error["message"]
    assert not existing_samples(plan.run.set)


def test_a_command_line_of_an_earlier_version_has_no_recipe(job):
    (plan,) = job.plans
    work(job._replace(recipe=None))

    assert read_recipe(job._replace(recipe=None).command([0])) is None
    assert len(existing_samples(plan.run.set)) == 10


def lay_trap(folder):
    """Put modules into a folder that stand in for datagen, and for what it imports."""
    for name in ("datagen_core/__init__.py", "numpy.py", "h5py.py", "psutil.py", "socket.py"):
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"open({str(folder / 'EXECUTED')!r}, 'w')\n")
    return folder


@pytest.mark.parametrize("number", [0, 1])  # the second plan has a child for its tasks
def test_modules_where_a_worker_is_started_are_not_loaded(job, tmp_path, number):
    plan = publish_plan(replace(job.plans[0], number=number), "again") if number else job.plans[0]
    trap = lay_trap(tmp_path / "trap")
    work(job._replace(plans=(plan,)), cwd=trap)

    assert not (trap / "EXECUTED").exists()
    assert len(existing_samples(plan.run.set)) == 10


def test_modules_of_the_runs_working_directory_are_found(project, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(project)  # as a session there has it
    (project / "part").mkdir()
    (project / "nearby.py").write_text("SCALE = 3.0")
    text = SOURCE.replace("    return", "    import nearby\n    return")
    (project / "part" / "walk.py").write_text(text)
    demand = demand_for(f"{project / 'part' / 'walk.py'}:walk", tmp_path / "cache", 10)
    (run,) = begin([demand], LocalExecutor(), Settings())
    work(publish_job([(run, run.plan)]), cwd=tmp_path)

    assert len(existing_samples(run.paths.set)) == 10


def test_a_recipe_survives_any_name(job):
    recipe = Recipe('/a "b"/\n\udcff:ü', "0" * 64, "[", "{@}:")

    assert read_recipe(job._replace(recipe=recipe).command([0])) == recipe


def test_a_job_about_which_a_later_version_says_more_makes_nothing(job):
    command = [
        json.dumps({**json.loads(word), "container": "slim"}) if word.startswith("{") else word
        for word in job.command([0])
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    with pytest.raises(NewerFormatError, match="newer datagen, which says container of it: upd"):
        read_recipe(command)
    assert done.stderr.startswith("datagen: error: this job was submitted by a newer datagen")
    assert not existing_samples(job.plans[0].run.set)


def test_a_list_of_tasks_that_somebody_changed_is_not_followed(job, monkeypatch):
    monkeypatch.setattr(base, "_LONGEST_COMMAND", 10)
    command = job.command([0])
    (path,) = job.plans[0].run.folder.rglob("*.tasks")
    path.write_text(path.read_text().replace("[0]", "[0, 0]"))

    with pytest.raises(DamagedFileError, match="is not the list of tasks"):
        read_tasks(command)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_runs_of_other_code_or_places_get_jobs_of_their_own(project, monkeypatch):
    runs = [begun(project)]
    (project / "walk.py").write_text(SOURCE + "\nG = 1\n")
    runs.append(begun(project, "second"))
    (project / "walk.py").write_text(SOURCE.replace("float(", "1 * float("))
    runs.append(begun(project, "third"))
    monkeypatch.chdir(project.parent)
    runs.append(begun(project, "fourth"))

    assert group_alike(runs) == [[0, 1], [2], [3]]


@pytest.mark.parametrize(("mode", "executed"), [(0o666, False), (0o644, True)])
def test_a_file_that_others_may_write_is_not_executed_once_it_changed(job, project, mode, executed):
    (project / "walk.py").write_text(EVIL)
    (project / "walk.py").chmod(mode)
    work(job)
    (error,) = [each for each in job.plans[0].events(0) if each["event"] == "error"]

    assert (project / "EXECUTED").exists() is executed
    assert "changed since this job was submitted" in error["message"]
    assert existing_samples(job.plans[0].run.set) == IntervalSet()


def test_a_module_that_others_may_write_is_not_executed_either(project):
    with (project / "walk.py").open("a") as file:
        file.write("\nimport constants\n")
    (project / "constants.py").write_text("")
    run = begun(project)
    job = publish_job([(run, run.plan)])
    (project / "constants.py").write_text("open('EXECUTED', 'w').close()")
    (project / "constants.py").chmod(0o666)
    work(job)

    assert not (project / "EXECUTED").exists()
    assert existing_samples(run.paths.set) == IntervalSet()


def test_nothing_where_a_run_is_begun_stands_in_for_a_plugin(project, tmp_path, monkeypatch):
    trap = lay_trap(tmp_path / "trap")
    for name in ("pluggy.py", "datagen_leaf.py"):  # which are loaded when the worker has begun
        (trap / name).write_text(f"open({str(trap / 'EXECUTED')!r}, 'w')\n")
    monkeypatch.chdir(trap)
    demand = demand_for("leaf_synthetic", tmp_path / "cache", 2, {"num_classes": 2})
    (run,) = begin([demand], LocalExecutor(), Settings())
    work(publish_job([(run, run.plan)]))

    assert not (trap / "EXECUTED").exists()
    assert len(existing_samples(run.paths.set)) == 2


def test_a_list_of_tasks_that_became_a_pipe_is_not_waited_for(job, monkeypatch):
    monkeypatch.setattr(base, "_LONGEST_COMMAND", 10)
    command = job.command([0])
    (path,) = job.plans[0].run.folder.rglob("*.tasks")
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(OSError, match="Not a regular file"):
        read_tasks(command)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_byte_code_that_others_put_beside_an_own_file_is_not_executed(job, project):
    source, kept = project / "walk.py", Path(cache_from_source(project / "walk.py"))
    kept.parent.mkdir(exist_ok=True)
    py_compile.compile(str(project.with_name("evil") / "walk.py"), str(kept))
    state = source.stat()
    told = (int(state.st_mtime), state.st_size)
    head = b"".join(each.to_bytes(4, "little") for each in told)
    kept.write_bytes(kept.read_bytes()[:8] + head + kept.read_bytes()[16:])
    os.chown(kept, 2001, 2001)
    work(job)

    assert not (project / "EXECUTED").exists()
    assert existing_samples(job.plans[0].run.set) == IntervalSet()
