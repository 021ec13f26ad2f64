"""Batches that end their process cost themselves, whatever the number of jobs.

Workers are played here: they leave the journals and the files that real ones leave.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.ranges import Interval, IntervalSet, cut_into_batches
from datagen_core.scheduling import submission
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.submission import plan_jobs
from datagen_core.store.journals import Journal
from datagen_core.store.layout import shard_name
from demands import demand_for, publish_job
from generators_for_tests import sine

DIED = "died: SIGSEGV"


class Dying(LocalExecutor):
    """Tasks of this machine that are all over, each with a process of its own."""

    def poll(self, plans):
        return {}

    def diagnose(self, plan, task):
        return DIED if plan.events(task) else "killed before it began"


class DyingInline(InlineExecutor):
    """Tasks of one process."""

    def diagnose(self, plan, task):
        return DIED if plan.events(task) else ""


def run_of(cache, batches, executor, njobs=1):
    (run,) = begin([demand_for(sine, cache, 10 * batches)], executor, Settings(njobs))
    return run


def publish(run, piece):
    run.paths.set.shards.mkdir(parents=True, exist_ok=True)
    (run.paths.set.shards / shard_name(piece)).touch()


def play(run, plan, task, poison):
    """Play a worker of one task; False when it dies. What was not published is lost."""
    journal = Journal(plan.run.journal(plan.number, task))
    journal.append("start")
    made = []
    for piece in cut_into_batches(plan.tasks[task], 10):
        if piece.start // 10 in poison:
            return False
        made.append(piece)
        if plan.number and len(made) == 1:
            publish(run, piece)
    for piece in made:
        publish(run, piece)
    journal.append("end", reason="done")
    return True


def go_round(run, poison):
    """Plan and play once; return the status before, and the tasks."""
    status = run.inspect()
    if not status.submittable:
        return status, []
    (parts,) = plan_jobs([run], [status])
    (plan,) = publish_job(parts).plans
    for task in range(len(plan.tasks)):
        alive = play(run, plan, task, poison)
        if run.executor.in_process and not alive:
            break
    return status, plan.tasks


def drive(run, poison):
    tasks = [True]
    while tasks:
        status, tasks = go_round(run, poison)
    return status


def batches_of(status):
    return {piece.start // 10 for piece in cut_into_batches(status.missing, 10)}


PATTERNS = [
    {15}, {0}, {99}, {0, 99}, {0, 1, 2}, set(range(20, 30)), set(range(0, 100, 10)),
    set(range(0, 100, 2)), set(range(40)), set(range(60, 100)), set(range(80)), {31, 32, 33, 64},
]  # fmt: skip


@pytest.mark.parametrize("njobs", [1, 40])
@pytest.mark.parametrize("poison", PATTERNS, ids=len)
def test_poisonous_batches_cost_themselves(tmp_path, poison, njobs):
    status = drive(run_of(tmp_path, 100, Dying(), njobs), poison)

    assert batches_of(status) == poison
    assert {(item.state, item.reason, item.blocked) for item in status.ranges} == {
        ("failed", DIED, True)
    }


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 199), max_size=12), st.sampled_from([1, 7]))
def test_any_poisonous_batches_cost_themselves(poison, njobs):
    with tempfile.TemporaryDirectory() as cache:
        assert batches_of(drive(run_of(Path(cache), 200, Dying(), njobs), poison)) == poison


@pytest.mark.parametrize("poison", [{15}, {0, 50, 99}, {3, 4, 5, 6}], ids=len)
def test_a_process_of_ones_own_that_dies_is_resumed_with_progress(tmp_path, poison):
    run = run_of(tmp_path, 100, DyingInline())
    for _ in range(60):
        run.since = 1 + max((plan.number for plan in _plans(run)), default=-1)
        go_round(run, poison)

    assert batches_of(run.inspect()) == poison


def _plans(run):
    from datagen_core.store.runs import list_plans

    return list_plans(run.paths)


def test_a_process_that_cannot_make_anything_is_given_up_soon(tmp_path):
    run = run_of(tmp_path, 1000, Dying())
    status = drive(run, set(range(1000)))

    assert [len(plan.tasks) for plan in _plans(run)] == [1, 2, 4, 8]
    assert (len(status.missing), {item.reason for item in status.ranges}) == (10_000, {DIED})


def test_what_did_not_begin_is_above_suspicion_and_comes_first(tmp_path):
    run = run_of(tmp_path, 10, DyingInline(), 1)
    go_round(run, {7})
    _, halves = go_round(run, {2, 7})
    _, tasks = go_round(run, set())

    assert [str(task) for task in halves] == ["0-49", "50-99"]
    assert [str(task) for task in tasks] == ["50-99", "10-29", "30-49"]


def test_ranges_are_cut_into_no_more_tasks_than_a_scheduler_can_bear(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MOST_PIECES", 5)
    run = run_of(tmp_path, 100, Dying(), 4)
    everything = set(range(100))
    go_round(run, everything)
    _, tasks = go_round(run, everything)

    assert len(tasks) == 4


def test_only_a_batch_that_died_alone_counts_against_it(tmp_path):
    run = run_of(tmp_path, 2, Dying())
    sizes = []
    while tasks := go_round(run, {0})[1]:
        sizes.append([task.intervals[0] for task in tasks])

    whole, batch, other = Interval(0, 20), Interval(0, 10), Interval(10, 20)
    assert sizes == [[whole], [batch, other], [batch], [batch]]
    assert run.inspect().missing == IntervalSet([batch])


def test_deaths_one_after_another_do_not_multiply_processes(tmp_path):
    run = run_of(tmp_path, 100, Dying(), 40)
    go_round(run, {3})
    (parts,) = plan_jobs([run], [run.inspect()])

    assert publish_job(parts, busy=39).parallel == 1
    assert publish_job(parts, busy=3).parallel == 37
