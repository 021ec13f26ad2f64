"""The process of a worker: which log it writes, how it ends, and what it survives."""

from __future__ import annotations

import signal
import subprocess

import psutil
import pytest

from datagen_core.batches import deal
from datagen_core.executors.base import Job, Resources
from datagen_core.executors.processes import read_tasks, record_end
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import worker_process
from datagen_core.store.reservations import reserve
from datagen_core.store.sets import existing_samples
from demands import demand_for, more, open_set, plan_for
from patience import patience
from slurm_cluster import wait_until

CODE = """
import os, signal, time
from pathlib import Path
import datagen_core

class Params(datagen_core.Params):
    folder: str

@datagen_core.generator(10, Params)
def steered(size, params, start):
    print("begins", start, flush=True)
    order = Path(params.folder, str(start))
    while order.exists():
        order.with_suffix(".met").touch()
        word = order.read_text()
        if word.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, word))
        if word.startswith("exit"):
            os._exit(int(word[4:]))
        time.sleep(0.02)
    return {"x": [1.0] * size}
"""


@pytest.fixture
def orders(tmp_path):
    folder = tmp_path / "orders"
    folder.mkdir()
    return folder


@pytest.fixture
def start(tmp_path, orders):
    """Return `start(plans)`: the last of so many plans, with four tasks, and its worker."""
    (tmp_path / "steered.py").write_text(CODE)
    demand = demand_for(f"{tmp_path / 'steered.py'}:steered", tmp_path, 40, {"folder": str(orders)})
    paths, _ = open_set(tmp_path, demand.record)
    record = reserve(paths, more(40), demand.source, {})
    tasks = deal(IntervalSet([(0, 40)]), 10, 4)

    def started(plans=2):
        made = [plan_for(paths.run(0), record.id, "local", tasks) for _ in range(plans)]
        made[-1].log(0).parent.mkdir(parents=True, exist_ok=True)
        command = Job((made[-1],), Resources(), 1, True, print).command(range(4))
        return made[-1], subprocess.Popen(command, stdin=subprocess.DEVNULL)

    return started


def wait_for(orders, batch):
    wait_until((orders / f"{batch}.met").exists, f"batch {batch}")


def words(plan):
    return [plan.last_word(task) for task in range(4)]


def pid_of(plan, task):
    return plan.events(task)[0]["pid"]


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ("SIGSEGV", "died: SIGSEGV"),
        ("SIGKILL", "died: SIGKILL, perhaps out of memory"),
        ("exit0", "died: exit code 0"),
        ("exit3", "died: exit code 3"),
    ],
)
def test_a_death_costs_one_task_of_a_run_that_was_planned_again(start, orders, order, word):
    (orders / "10").write_text(order)
    plan, worker = start()

    assert worker.wait(patience(60)) == 0
    assert words(plan) == ["done", word, "done", "done"]
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10), (20, 40)])


def test_each_task_has_its_own_log_with_the_stack_of_its_death(start, orders):
    (orders / "10").write_text("SIGABRT")
    plan, worker = start()
    worker.wait(patience(60))

    assert [plan.log(task).read_text().split("\n")[0] for task in range(4)] == [
        "begins 0", "begins 10", "begins 20", "begins 30"
    ]  # fmt: skip
    assert "Fatal Python error: Aborted" in plan.log(1).read_text()
    assert "steered.py" in plan.log(1).read_text()


def test_in_the_first_plan_a_death_leaves_the_tasks_behind(start, orders):
    (orders / "10").write_text("SIGSEGV")
    plan, worker = start(plans=1)
    code = worker.wait(patience(60))

    assert code == -signal.SIGSEGV
    assert words(plan) == ["done", "", "", ""]
    assert record_end(read_tasks(worker.args), code) == 2
    assert words(plan) == ["done", "died: SIGSEGV", "", ""]


def test_sigterm_ends_the_child_too(start, orders):
    (orders / "10").write_text("wait")
    plan, worker = start()
    wait_for(orders, 10)
    worker.terminate()

    assert worker.wait(patience(60)) == 0
    assert words(plan) == ["done", "terminated", "", ""]


def test_a_child_dies_with_its_parent(start, orders):
    (orders / "10").write_text("wait")
    plan, worker = start()
    wait_for(orders, 10)
    child = psutil.Process(pid_of(plan, 1))
    worker.kill()
    worker.wait(patience(60))

    assert child.wait(patience(60)) is None or not child.is_running()
    assert words(plan) == ["done", "", "", ""]


def test_children_that_die_before_they_begin_are_not_tried_one_for_each_task(start, monkeypatch):
    _, worker = start()
    worker.wait(patience(60))
    parent = worker_process._Parent(worker.args)
    begun = []
    monkeypatch.setattr(worker_process.signal, "signal", lambda *_: None)
    monkeypatch.setattr(worker_process, "record_end", lambda tasks, code: 0)
    monkeypatch.setattr(parent, "_run_child", lambda place: begun.append(place) or 1)
    parent.work()

    assert begun == [0]
