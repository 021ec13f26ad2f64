"""Several processes that look after one run submit each sample once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from datagen_core.errors import ExecutionError
from datagen_core.executors.base import Executor, TaskState
from datagen_core.executors.processes import describe_process
from datagen_core.executors.submitters import was_submitted
from datagen_core.scheduling import claims, driving
from datagen_core.scheduling.claims import OvertakenError, check_ahead, claiming
from datagen_core.scheduling.driving import drive, inspect, submit
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.store.journals import Journal
from datagen_core.store.layout import shard_name
from datagen_core.store.runs import list_plans, publish_plan
from demands import demand_for
from generators_for_tests import sine


class Recorder(Executor):
    """Notes what is submitted; its tasks live for ever."""

    name = "recorder"

    def __init__(self, meanwhile=lambda: None):
        self.jobs, self.meanwhile, self.cancelled = [], meanwhile, []

    def submit(self, job):
        self.meanwhile()
        self.jobs.append(job)

    def poll(self, plans):
        submitted = {key for job in self.jobs for plan in job.plans for key in plan.keys}
        asked = {key for plan in plans for key in plan.keys}
        return dict.fromkeys(submitted & asked, TaskState("queued"))

    def cancel(self, plans):
        self.cancelled += [str(plan.number) for plan in plans]

    @property
    def samples(self):
        """How many samples were submitted of each set."""
        return sorted(len(plan.samples) for job in self.jobs for plan in job.plans)


HERE = describe_process()


def silence(path):
    os.utime(path, (0, path.stat().st_mtime - 310))


@pytest.fixture
def executor():
    return Recorder()


def runs_of(cache, executor, *scales):
    demands = [demand_for(sine, cache, 40, {"noise": scale}) for scale in scales or [0]]
    return begin(demands, executor, Settings(njobs=4))


def as_seen_by_another(runs):
    """Return runs as another process takes them up, which knows of no plan yet."""
    return [replace(run, plan=None) for run in runs]


def test_of_two_drivers_that_look_before_they_submit_one_submits(tmp_path, executor):
    ours = runs_of(tmp_path, executor)
    theirs = as_seen_by_another(ours)
    looks = inspect(ours), inspect(theirs)

    assert submit(ours, looks[0])
    assert not submit(theirs, looks[1])
    assert executor.samples == [40]
    assert [item.state for item in inspect(theirs)[0].ranges] == ["queued"] * 4


@pytest.mark.parametrize("scales", [[0], [0, 1, 2]])
def test_who_looks_while_another_submits_sees_it(tmp_path, executor, scales):
    runs, looks = runs_of(tmp_path, executor, *scales), []
    executor.meanwhile = lambda: looks.extend(inspect(as_seen_by_another(runs)))
    submit(runs, inspect(runs))

    reasons = {item.reason for status in looks for item in status.ranges}
    assert len(looks) == len(scales)
    assert not any(status.submittable for status in looks)
    assert reasons == {f"about to be submitted by process {HERE['pid']} of {HERE['host']}"}


def refuse():
    raise ExecutionError("no such account")


def test_what_was_not_submitted_is_not_waited_for(tmp_path, executor):
    executor.meanwhile = refuse
    runs = runs_of(tmp_path, executor)
    with pytest.raises(ExecutionError):
        submit(runs, inspect(runs))

    assert len(inspect(runs)[0].submittable) == 40
    assert not was_submitted(list_plans(runs[0].paths)[0])


@pytest.fixture
def claim(tmp_path, executor):
    """Return a plan that was published and not submitted, and the run as another has it."""
    (run,) = runs_of(tmp_path, executor)
    return publish_plan(run.plan, run.record.id), replace(run, plan=None)


def test_a_plan_is_about_to_be_submitted_for_a_moment(claim):
    plan, run = claim
    assert run.inspect().alive

    silence(plan.run.plan(0))
    assert len(run.inspect().submittable) == 40


def test_who_is_dead_is_not_waited_for(claim):
    plan, run = claim
    Journal(plan.process).append("start", **HERE | {"started": 1.0}, beats=15.0)
    assert len(run.inspect().submittable) == 40
    assert not was_submitted(plan)


def test_who_is_on_another_machine_is_waited_for_while_there_are_signs_of_life(claim):
    plan, run = claim
    Journal(plan.process).append("start", **HERE | {"host": "far"}, beats=15.0)
    assert "of far; on far" in run.inspect().ranges[0].reason

    silence(plan.process)
    assert len(run.inspect().submittable) == 40


def test_who_was_stopped_meanwhile_submits_nothing(claim, executor, monkeypatch):
    plan, run = claim
    monkeypatch.setattr(claims, "_FRESH_SECONDS", 0.0)
    check_ahead([plan])
    silence(plan.run.plan(0))
    assert submit([run], inspect([run]))

    with pytest.raises(OvertakenError):
        check_ahead([plan])


def test_what_was_submitted_during_the_look_is_seen_after_the_claim(tmp_path, executor):
    runs = runs_of(tmp_path, executor)
    submit(runs, inspect(runs))
    theirs, (jobs, executor.jobs) = as_seen_by_another(runs), (executor.jobs, [])
    look = inspect(theirs)
    executor.jobs = jobs

    assert len(look[0].submittable) == 40
    assert not submit(theirs, look)
    assert executor.samples == [40]
    assert not was_submitted(list_plans(runs[0].paths)[1])


def test_a_job_of_many_runs_ends_before_the_first_that_another_submits(tmp_path, executor):
    ours = runs_of(tmp_path, executor, 0, 1, 2, 3)
    looks, theirs = inspect(ours), as_seen_by_another(ours[2:3])
    assert submit(theirs, inspect(theirs))
    assert not submit(ours, looks)
    assert executor.samples == [40] * 3

    assert [bool(status.submittable) for status in inspect(ours)] == [False] * 3 + [True]
    assert submit(ours, inspect(ours))
    assert executor.samples == [40] * 4
    assert [len(list_plans(run.paths)) for run in ours] == [1, 1, 1, 2]


def test_many_drivers_at_once_submit_each_sample_once(tmp_path, executor):
    runs = runs_of(tmp_path, executor, 0, 1, 2, 3)
    crowd = [as_seen_by_another(runs[number % 3 :]) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):  # who lost looks again
            list(pool.map(lambda some: submit(some, inspect(some)), crowd))

    assert executor.samples == [40] * 4


def test_what_lives_of_a_complete_run_is_ended(tmp_path, executor, monkeypatch):
    monkeypatch.setattr(driving, "_FAREWELL_SECONDS", -1.0)
    (run,) = runs_of(tmp_path, executor)
    submit([run], inspect([run]))
    second = publish_plan(replace(list_plans(run.paths)[0], number=1), run.record.id)
    (run.paths.set.shards / shard_name(run.record.interval)).touch()
    drive([run])

    assert executor.cancelled == ["0"]
    assert second.number == 1  # it is over


def test_the_only_task_of_a_complete_run_ends_by_itself(tmp_path, executor, monkeypatch):
    monkeypatch.setattr(driving, "_FAREWELL_SECONDS", -1.0)
    (run,) = runs_of(tmp_path, executor)
    submit([run], inspect([run]))
    (run.paths.set.shards / shard_name(run.record.interval)).touch()
    drive([run])

    assert executor.cancelled == []


@pytest.mark.parametrize("moved", [True, False])
def test_a_plan_names_the_generator_only_where_it_was_moved(tmp_path, executor, moved):
    (run,) = runs_of(tmp_path, executor)
    source = "moved/to.py:sine" if moved else run.record.source
    run = replace(run, demand=replace(run.demand, source=source))
    with claiming([(run, run.plan)]) as (plan,):
        assert plan.source == (source if moved else None)

    assert list_plans(run.paths) == [plan]
