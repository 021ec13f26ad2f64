"""The local executor: processes of this machine that outlive whoever started them."""

from __future__ import annotations

import os

import pytest

from datagen_core.executors.base import Job, Resources
from datagen_core.executors.local import LocalExecutor
from datagen_core.ranges import IntervalSet, deal
from datagen_core.scheduling.plan import bind_generator
from datagen_core.store.journals import Journal
from datagen_core.store.runs import Demand, publish_attempt, reserve
from datagen_core.store.sets import existing_samples, open_set
from generators_for_tests import sine


@pytest.fixture
def attempt(tmp_path):
    binding = bind_generator(sine, None, None, 0, tmp_path)
    paths, _ = open_set(tmp_path, binding.record)
    reservation = reserve(paths, Demand(40), binding.source, {})
    run = paths.run(reservation.number)
    tasks = deal(IntervalSet([(0, 40)]), 10, 3)
    return publish_attempt(run, reservation.id, "local", tasks, None)


def job_of(attempt, parallel=2):
    return Job(attempt, Resources(), parallel, waiting=True, work=lambda task: None)


def finish(executor):
    for child in executor._children:
        child.wait()


def test_tasks_are_shared_among_processes(attempt):
    executor = LocalExecutor()
    before = len(executor._children)  # other runs of this process share them
    executor.submit(job_of(attempt))
    assert len(executor._children) == before + 2
    finish(executor)

    assert existing_samples(attempt.run.set) == IntervalSet([(0, 40)])
    assert executor.poll([attempt]) == {}


def test_an_attempt_that_was_just_planned_is_queued(attempt):
    states = LocalExecutor().poll([attempt])

    assert {key: state.phase for key, state in states.items()} == {
        attempt.key(task): "queued" for task in range(3)
    }


def test_another_process_sees_the_same_tasks(attempt):
    executor = LocalExecutor()
    executor.submit(job_of(attempt, parallel=1))
    seen = LocalExecutor().poll([attempt])
    finish(executor)

    assert set(seen) <= set(attempt.keys)
    assert LocalExecutor().poll([attempt]) == {}


def test_processes_of_another_machine_are_unknown(attempt, monkeypatch):
    executor = LocalExecutor()
    executor.submit(job_of(attempt))
    finish(executor)
    monkeypatch.setattr("datagen_core.executors.processes.socket.gethostname", lambda: "elsewhere")

    assert executor.poll([attempt]) is None


def test_cancelled_tasks_end(attempt):
    executor = LocalExecutor()
    executor.submit(job_of(attempt))
    executor.cancel([attempt])

    assert all(child.poll() is not None or child.wait() is not None for child in executor._children)
    assert executor.poll([attempt]) == {}


def test_a_process_that_left_no_word_was_killed(attempt):
    executor = LocalExecutor()
    assert executor.diagnose(attempt, 0) == "killed before it began"

    Journal(attempt.run.journal(0, 0)).append("start", pid=os.getpid())
    assert executor.diagnose(attempt, 0) == "killed"


def test_threads_are_pinned_and_output_is_kept(attempt):
    executor = LocalExecutor()
    executor.submit(job_of(attempt))
    finish(executor)

    assert attempt.run.log(0, 0).read_text() == ""
    assert attempt.run.log(0, 1).exists()
