"""Jobs that a scheduler does not take whole."""

from __future__ import annotations

import pytest

from datagen_core.errors import SchedulerFullError
from datagen_core.executors.base import Job, Resources
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.judging import record_verdict
from datagen_core.scheduling.offering import submit_in_parts
from datagen_core.store.layout import SetPaths
from demands import plan_for


class Scheduler:
    """Takes `most` tasks in a submission, and `places` in all; each wait ends all that live."""

    def __init__(self, most=99, places=99):
        self.most, self.places = most, places
        self.living, self.parts, self.waits = [], [], []

    def submit(self, job):
        assert not set(job.places) & set(self.taken)
        if len(job.places) > min(self.most, self.places - len(self.living)):
            raise SchedulerFullError("full")
        self.living += job.places
        self.parts.append(job.places)

    @property
    def taken(self):
        return [place for part in self.parts for place in part]

    def wait(self, error, left):
        self.waits.append((str(error), left))
        self.living = []
        return True


@pytest.fixture
def job(tmp_path):
    run = SetPaths(tmp_path / "gen" / "default-0123abcd").run(0)
    ranges = [IntervalSet([(place * 10, place * 10 + 10)]) for place in range(10)]
    plan = plan_for(run, "run-7", "slurm", ranges)
    return Job((plan,), Resources(), 10, True, print)


def offer(job, scheduler):
    submit_in_parts(job, scheduler.submit, scheduler.wait, lambda: scheduler.living)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 7, 9])
def test_a_job_is_cut_to_what_is_taken(job, most):
    scheduler = Scheduler(most)
    offer(job, scheduler)
    assert scheduler.taken == list(range(10))
    assert not scheduler.waits


def test_a_job_that_is_taken_is_left_whole(job):
    scheduler = Scheduler()
    scheduler.submit = scheduler.parts.append
    offer(job, scheduler)
    assert scheduler.parts == [job]


@pytest.mark.parametrize("places", [1, 2, 4, 9])
def test_what_is_left_waits_for_places(job, places):
    scheduler = Scheduler(places=places)
    offer(job, scheduler)
    assert scheduler.taken == list(range(10))
    assert scheduler.waits[0] == ("full", 10 - places)


def test_no_more_than_may_run_at_once_are_submitted_in_parts(job):
    scheduler = Scheduler(most=2)
    offer(job._replace(parallel=4), scheduler)
    assert scheduler.waits == [("no more than 4 tasks may run at once", left) for left in (6, 2)]


def test_whoever_does_not_wait_keeps_what_was_taken(job):
    scheduler = Scheduler(places=4)
    scheduler.wait = lambda error, left: False
    offer(job, scheduler)
    assert scheduler.taken == [0, 1, 2, 3]


def test_tasks_that_were_cancelled_while_they_waited_are_left_out(job):
    scheduler = Scheduler(places=4)
    for task in (4, 5, 7):
        record_verdict(job.plans[0], task, "cancelled by eve")
    offer(job, scheduler)
    assert scheduler.taken == [0, 1, 2, 3, 6, 8, 9]
