"""Why a task is over, and whether its samples are tried again."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from datagen_core.executors.base import TaskState
from datagen_core.executors.inline import InlineExecutor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling import judging
from datagen_core.scheduling import status as looking
from datagen_core.scheduling.judging import FRUITLESS_LIMIT, NEVER_AGAIN, RangeStatus, merge_alike
from datagen_core.scheduling.status import RunStatus, advise, inspect_run, statuses
from datagen_core.store.journals import Journal
from datagen_core.store.layout import shard_name
from datagen_core.store.reservations import reserve
from datagen_core.store.runs import TaskKey, read_run
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine

MISSING = [IntervalSet([(5, 20)])]


class Silent(InlineExecutor):
    """An executor none of whose tasks lives, and what it says of them."""

    def __init__(self, verdict=""):
        self.verdict = verdict

    def poll(self, plans):
        return {}

    def diagnose(self, plan, task):
        return self.verdict


@pytest.fixture
def run(tmp_path):
    """Return a run of 20 samples, of which five are made."""
    paths, _ = open_set(tmp_path, demand_for(sine, tmp_path).record)
    paths.shards.mkdir(parents=True, exist_ok=True)
    (paths.shards / shard_name(Interval(0, 5))).touch()
    return paths.run(reserve(paths, more(20), "sine", {}).number)


def begin(run):
    plan = plan_for(run, "id", "inline", MISSING, 30)
    journal = Journal(run.journal(plan.number, 0))
    journal.append("start")
    return plan, journal


def judge(run, verdict=""):
    [item] = judge_all(run, Silent(verdict))
    return item


def judge_all(run, executor=None):
    return inspect_run(run, read_run(run.set, run.number), executor or Silent()).ranges


def test_deaths_beside_samples_are_tried_twice_as_often(run):
    judged = []
    for _ in range(2 * FRUITLESS_LIMIT):
        begin(run)[1].append("end", reason="died: SIGSEGV")
        judged.append(judge(run))

    assert [item.blocked for item in judged] == [False] * (2 * FRUITLESS_LIMIT - 1) + [True]
    assert [judged[0].state, judged[-1].state] == ["lost", "failed"]


def test_a_task_that_was_cancelled_keeps_its_reason_and_its_log(run):
    plan, _ = begin(run)
    item = judge(run, "cancelled by me")

    assert (item.state, item.reason, item.blocked) == ("cancelled", "cancelled by me", True)
    assert item.log == plan.log(0)


def test_a_reason_that_cannot_be_kept_is_told(run, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "read-only")

    begin(run)
    monkeypatch.setattr(judging, "publish_document", refuse)

    assert judge(run, "node lost: n1").reason == "node lost: n1"


def test_a_run_of_an_executor_that_is_not_here_says_so(run):
    plan_for(run, "id", "nowhere", MISSING, 30)
    [status] = statuses(run.set)

    assert status.orphaned
    assert "nowhere" in status.ranges[0].reason


def test_a_task_of_a_job_of_many_runs_has_a_place_of_its_own(run):
    plan, _ = begin(run)
    assert replace(plan, first=3).key(1) == TaskKey(plan.name, 4)


class Lively(Silent):
    """An executor all of whose tasks live."""

    def poll(self, plans):
        return {key: TaskState("running") for plan in plans for key in plan.keys}


def test_lost_samples_of_private_sets_are_never_tried_again(run, monkeypatch):
    monkeypatch.setattr(judging, "lost_samples", lambda _: IntervalSet([(5, 8)]))
    begin(run)

    assert [(item.samples, item.blocked) for item in judge_all(run)] == [
        (IntervalSet([(8, 20)]), False),
        (IntervalSet([(5, 8)]), True),
    ]
    assert judge_all(run)[1].reason == NEVER_AGAIN


def test_a_task_that_lives_is_one_range_whatever_was_lost(run, monkeypatch):
    monkeypatch.setattr(judging, "lost_samples", lambda _: IntervalSet([(5, 8)]))
    begin(run)

    assert [(item.state, item.samples) for item in judge_all(run, Lively())] == [
        ("running", MISSING[0])
    ]


def fail(journal, start, stop, **what):
    journal.append("error", **{"range": [start, stop], "message": "no", "final": True, **what})


def test_a_batch_that_failed_is_shown_with_the_log_of_its_task(run):
    plan, journal = begin(run)
    fail(journal, 5, 10)
    journal.append("end", reason="done")

    assert {(item.state, item.log) for item in judge_all(run)} >= {("failed", plan.log(0))}


def test_a_set_that_is_refused_is_one_line_also_where_a_process_died(run):
    journal = begin(run)[1]
    fail(journal, 5, 10, refused=True, whole_set=True)
    journal.append("end", reason="died: SIGSEGV")

    (line,) = merge_alike(judge_all(run))
    assert (line.state, line.reason, line.samples) == ("refused", "no", MISSING[0])


def test_an_executor_is_asked_about_the_task_that_ended(run):
    class Knowing(Silent):
        def diagnose(self, plan, task):
            return f"node n{task} lost, with {plan.name}"

    plan = plan_for(run, "id", "inline", [IntervalSet([(5, 10)]), IntervalSet([(10, 20)])], 30)
    for task in range(2):
        Journal(run.journal(plan.number, task)).append("start")

    reasons = [item.reason for item in judge_all(run, Knowing())]
    assert reasons == [f"node n{task} lost, with {plan.name}" for task in range(2)]


@pytest.mark.parametrize(
    ("refused", "reason"),
    [(False, "since the batches before it failed"), (True, "the batches before it were refused")],
)
def test_what_is_behind_batches_that_failed_says_so(run, refused, reason):
    plan, journal = begin(run)
    fail(journal, 5, 10, refused=refused)
    journal.append("end", reason="failed")

    (rest,) = [item for item in judge_all(run) if item.samples == IntervalSet([(10, 20)])]
    assert rest.reason.endswith(reason)
    assert rest.log == plan.log(0)


class Cluster(Silent):
    """An executor with two nodes."""

    def nodes(self, resources):
        return frozenset({"n1", "n2"})


def test_what_fails_for_good_on_a_bad_node_alone_is_tried_elsewhere(run):
    plan = plan_for(run, "id", "inline", MISSING, 30)
    journal = Journal(run.journal(plan.number, 0))
    journal.append("start", node="n1")
    for start in (5, 10):
        fail(journal, start, start + 5)
    journal.append("end", reason="done")

    assert {item.blocked for item in judge_all(run, Cluster()) if item.state == "failed"} == {False}
    assert {item.blocked for item in judge_all(run) if item.state == "failed"} == {True}


def test_an_executor_is_asked_once_about_all_runs(run, monkeypatch):
    other = run.set.run(reserve(run.set, more(10), "sine", {}).number)
    begin(run)
    plan_for(other, "id", "inline", [IntervalSet([(20, 30)])])
    asked, executor = [], Silent()
    monkeypatch.setattr(looking, "find_executor", lambda name: executor)
    monkeypatch.setattr(executor, "poll", lambda plans: asked.append(len(plans)) or {})

    assert len(statuses(run.set, looking.Look.at([run.set]))) == 2
    assert asked == [2]


@pytest.mark.parametrize(
    ("refused", "done", "advice"),
    [
        ([], 5, "go on with: RESUME"),
        ([(5, 10)], 5, "make the others with: RESUME"),
        ([(5, 20)], 0, "use other parameters, or mend the generator and raise its `version`"),
        ([(5, 20)], 5, "raise its `version`, or go on with the samples that are made"),
    ],
)
def test_advice_fits_what_is_missing(run, refused, done, advice):
    ranges = [RangeStatus("refused", IntervalSet([part]), "no", blocked=True) for part in refused]
    if sum(stop - start for start, stop in refused) < 15:
        ranges.append(RangeStatus("lost", IntervalSet([(18, 20)]), "killed"))
    record = read_run(run.set, run.number)
    status = RunStatus(record, IntervalSet([(0, done)] if done else []), tuple(ranges))

    assert advise(status, "RESUME").endswith(advice)
