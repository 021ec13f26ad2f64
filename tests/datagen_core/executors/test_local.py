"""The local executor: processes of this machine that outlive whoever started them."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from datagen_core.batches import deal
from datagen_core.errors import ConfigurationError
from datagen_core.executors import base, local, processes
from datagen_core.executors.base import Job, Resources, TaskState
from datagen_core.executors.local import LocalExecutor
from datagen_core.files import hash_file
from datagen_core.ranges import IntervalSet
from datagen_core.store.journals import Journal
from datagen_core.store.reservations import reserve
from datagen_core.store.sets import existing_samples
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine


@pytest.fixture
def plan(tmp_path):
    demand = demand_for(sine, tmp_path)
    paths, _ = open_set(tmp_path, demand.record)
    record = reserve(paths, more(40), demand.source, {})
    run = paths.run(record.number)
    tasks = deal(IntervalSet([(0, 40)]), 10, 3)
    return plan_for(run, record.id, "local", tasks, None)


def job_of(plan, parallel=2):
    return Job((plan,), Resources(), parallel, waiting=True, work=lambda task: None)


def finish(executor):
    for child in executor._children:
        child.wait()


def test_tasks_are_shared_among_processes(plan):
    executor = LocalExecutor()
    before = len(executor._children)  # other runs of this process share them
    executor.submit(job_of(plan))
    assert len(executor._children) == before + 2
    finish(executor)

    assert existing_samples(plan.run.set) == IntervalSet([(0, 40)])
    assert executor.poll([plan]) == {}


def test_processes_whose_starter_died_before_it_wrote_them_down_are_found(plan):
    executor = LocalExecutor()
    child = executor._start(job_of(plan), range(3), ())
    child.send_signal(signal.SIGSTOP)  # it stays there, however long this process has to wait
    processes._all_workers.cache_clear()  # what was there before it started
    living = executor.poll([replace(plan, created=0.0)])
    child.send_signal(signal.SIGCONT)
    finish(executor)

    assert set(living) == set(plan.keys)


def test_processes_at_once_are_bounded_by_the_machine(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    few = LocalExecutor().max_parallel()
    monkeypatch.setattr("os.cpu_count", lambda: 128)

    assert (few, LocalExecutor().max_parallel()) == (64, 2048)


def test_a_list_of_tasks_that_is_too_long_for_a_command_is_a_file(plan, monkeypatch):
    monkeypatch.setattr(base, "_LONGEST_COMMAND", 10)
    job, executor = job_of(plan), LocalExecutor()
    executor.submit(job)
    finish(executor)

    path, _, digest = job.command([1, 2])[-1].partition("#")
    assert digest == hash_file(Path(path.removeprefix("@")))
    assert existing_samples(plan.run.set) == IntervalSet([(0, 40)])


def test_an_attempt_that_was_just_planned_is_queued(plan):
    states = LocalExecutor().poll([plan])

    assert {key: state.state for key, state in states.items()} == {
        plan.key(task): "queued" for task in range(3)
    }


def test_another_process_sees_the_same_tasks(plan):
    executor = LocalExecutor()
    executor.submit(job_of(plan, parallel=1))
    seen = LocalExecutor().poll([plan])
    finish(executor)

    assert set(seen) <= set(plan.keys)
    assert LocalExecutor().poll([plan]) == {}


@pytest.fixture
def elsewhere(plan):
    """A worker of another machine, which has begun the first of its tasks."""
    worker = {"host": "elsewhere", "pid": 1, "started": 1.0}
    plan.keep_receipt({"workers": [{**worker, "tasks": [0, 1]}]})
    journal = plan.run.journal(0, 0)
    Journal(journal).append("start", **worker, beats=15.0)
    return journal


def age_by(seconds, *paths):
    for path in paths:
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - seconds))


def test_processes_of_another_machine_live_while_they_give_signs(plan, elsewhere):
    age_by(280, elsewhere)
    age_by(1000, plan.job_folder)
    state = TaskState("running", "on elsewhere")

    assert LocalExecutor().poll([plan]) == {plan.key(task): state for task in (0, 1)}
    age_by(40, elsewhere)
    assert LocalExecutor().poll([plan]) == {}


def test_processes_of_earlier_versions_give_few_signs(plan, elsewhere):
    elsewhere.write_text(elsewhere.read_text().replace('"beats"', '"other"'))
    age_by(80_000, elsewhere)
    age_by(1000, plan.job_folder)

    assert len(LocalExecutor().poll([plan])) == 2
    age_by(8_000, elsewhere)
    assert LocalExecutor().poll([plan]) == {}


def test_cancelled_tasks_end(plan):
    executor = LocalExecutor()
    executor.submit(job_of(plan))
    executor.cancel([plan])

    assert all(child.poll() is not None or child.wait() is not None for child in executor._children)
    assert executor.poll([plan]) == {}


def test_a_process_that_left_no_word_was_killed(plan):
    executor = LocalExecutor()
    assert executor.diagnose(plan, 0) == "killed before it began"

    Journal(plan.run.journal(0, 0)).append("start", pid=os.getpid())
    assert executor.diagnose(plan, 0) == "died: killed"


def test_a_task_that_had_to_be_killed_to_be_cancelled_did_not_die_by_itself(plan, monkeypatch):
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    command = Job.command

    def deaf(job, places):
        return [sys.executable, "-c", program, *command(job, places)[1:]]

    monkeypatch.setattr(Job, "command", deaf)
    monkeypatch.setattr(local, "_PATIENCE", 0.5)
    Journal(plan.run.journal(0, 0)).append("start", pid=1)
    executor = LocalExecutor()
    executor.submit(job_of(plan))
    executor.cancel([plan])

    assert [plan.last_word(task) for task in range(3)] == ["cancelled", "", ""]


def test_a_process_that_dies_before_it_begins_says_how(plan, monkeypatch):
    monkeypatch.setattr(base, "WORKER", "no_such_module")
    executor = LocalExecutor()
    executor.submit(job_of(plan))
    finish(executor)
    executor.poll([plan])

    assert executor.diagnose(plan, 0) == "died: exit code 1, as it began"
    assert "no_such_module" in plan.log(0).read_text()


def test_who_reaps_a_process_writes_its_last_word(plan, monkeypatch):
    program = "import os, signal; os.kill(os.getpid(), signal.SIGBUS)"
    command = Job.command

    def killing(job, places):
        return [sys.executable, "-c", program, *command(job, places)[3:]]

    monkeypatch.setattr(Job, "command", killing)
    for task in (0, 1):
        Journal(plan.run.journal(0, task)).append("start", pid=1)
    executor = LocalExecutor()
    executor.submit(job_of(plan))
    finish(executor)
    executor.poll([plan])

    assert [plan.last_word(task) for task in range(3)] == ["died: SIGBUS", "died: SIGBUS", ""]


def test_threads_are_pinned_and_output_is_kept(plan):
    executor = LocalExecutor()
    executor.submit(job_of(plan))
    finish(executor)

    assert plan.run.log(0, 0).read_text() == ""
    assert plan.run.log(0, 1).exists()


def gpus_of(executor):
    """Return what each process that an executor started sees, as the system knows it."""
    return [
        dict(
            word.partition("=")[::2]
            for word in Path(f"/proc/{child.pid}/environ").read_text().split("\0")
        )["CUDA_VISIBLE_DEVICES"]
        for child in executor._children
    ]


def test_processes_share_out_the_gpus_that_are_visible(plan, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8a,5,7,9")
    monkeypatch.setattr(LocalExecutor, "_children", [])
    executor, job = LocalExecutor(), job_of(plan, parallel=3)
    job = job._replace(resources=Resources(gpus=2))
    assert executor.describe(job).startswith("2 processes")
    executor.submit(job)

    assert gpus_of(executor) == ["3,GPU-8a", "5,7"]
    executor.submit(job._replace(parallel=1))
    assert gpus_of(executor)[2] == "9,3"  # the others are busy
    finish(executor)


@pytest.mark.parametrize(
    ("shown", "seen"), [("", 0), ("-1", 0), ("NoDevFiles", 0), ("0,-1,2", 1), ("0, 1", 2)]
)
def test_more_gpus_than_are_visible_are_refused(monkeypatch, shown, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert LocalExecutor().complete(Resources(gpus=seen)) == Resources(gpus=seen)
    with pytest.raises(ConfigurationError, match=f"more than the {seen} that are visible here"):
        LocalExecutor().complete(Resources(gpus=seen + 1))
