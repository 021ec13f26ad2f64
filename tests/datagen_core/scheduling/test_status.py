"""What became of a run: files first, then who is alive, then why the rest is not."""

from __future__ import annotations

import pytest

from datagen_core.executors.base import TaskState
from datagen_core.executors.inline import InlineExecutor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling import status as looking
from datagen_core.scheduling.judging import ERROR_LIMIT, FRUITLESS_LIMIT
from datagen_core.scheduling.status import has_holes, inspect_run, statuses
from datagen_core.store.journals import Journal, read_journal
from datagen_core.store.layout import shard_name
from datagen_core.store.reservations import reserve
from datagen_core.store.sets import existing_samples
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine

TASKS = (IntervalSet([(0, 10)]), IntervalSet([(10, 20)]))


class Observed(InlineExecutor):
    """An executor whose answers a test gives."""

    def __init__(self, states=None, verdict=""):
        self.states, self.verdict = states, verdict

    def poll(self, plans):
        return self.states

    def diagnose(self, plan, task):
        return self.verdict


@pytest.fixture
def run(tmp_path):
    paths, _ = open_set(tmp_path, demand_for(sine, tmp_path).record)
    return paths.run(reserve(paths, more(20), "sine", {}).number)


def plan_of(run, tasks=TASKS):
    return plan_for(run, "id", "inline", tasks, 30)


def tell(plan, task, *events):
    journal = Journal(plan.run.journal(plan.number, task))
    journal.append("start")
    for event, content in events:
        journal.append(event, **content)


def end(reason):
    return "end", {"reason": reason}


def error(start, stop, *, final=False):
    return "error", {"range": [start, stop], "message": "ValueError: no", "final": final}


def refusal(start, stop, message="no root", *, whole_set=False):
    content = {"range": [start, stop], "message": message, "final": True}
    return "error", {**content, "refused": True, "whole_set": whole_set}


def publish(run, start, stop):
    run.set.shards.mkdir(parents=True, exist_ok=True)
    (run.set.shards / shard_name(Interval(start, stop))).touch()


def status_of(run, executor=None, since=0):
    from datagen_core.store.runs import read_run

    return inspect_run(run, read_run(run.set, run.number), executor or Observed({}), since)


def fates(status):
    return [(item.state, str(item.samples), item.blocked) for item in status.ranges]


def test_a_task_that_ends_while_its_executor_is_asked_is_done(run):
    class Ending(Observed):
        def poll(self, plans):
            publish(run, 0, 20)
            return {}

    plan_of(run)
    assert status_of(run, Ending()).ranges == ()


def test_files_are_all_that_counts(run):
    plan = plan_of(run)
    tell(plan, 0, error(0, 10, final=True), end("failed"))
    publish(run, 0, 20)
    status = status_of(run, Observed({plan.key(0): TaskState("running")}))

    assert (status.state, status.ranges, len(status.done)) == ("complete", (), 20)


def test_a_run_that_was_never_submitted_is_submitted(run):
    status = status_of(run)

    assert fates(status) == [("lost", "0-19", False)]
    assert status.ranges[0].reason == "never submitted"
    assert status.submittable == IntervalSet([(0, 20)])
    assert status.state == "holes"


def test_tasks_that_are_alive_are_left_alone(run):
    plan = plan_of(run)
    tell(plan, 0, ("batches", {"waiting": 4}))
    living = (TaskState("running"), TaskState("queued", "no node is free"))
    states = dict(zip(plan.keys, living, strict=True))
    status = status_of(run, Observed(states))

    assert fates(status) == [("running", "0-9", False), ("queued", "10-19", False)]
    assert (status.alive, status.state) == (True, "running")
    assert not status.submittable
    assert (status.ranges[0].waiting, status.ranges[1].reason) == (4, "no node is free")


def test_what_cannot_be_known_is_not_started_twice(run):
    plan_of(run)
    executor = Observed(None)
    status = status_of(run, executor)

    assert {item.state for item in status.ranges} == {"unknown"}
    assert "does not say whether it is alive" in status.ranges[0].reason
    assert status.alive
    assert not status.submittable


def test_a_task_that_died_is_submitted_again_with_its_reason(run):
    plan = plan_of(run)
    tell(plan, 0)
    publish(run, 10, 20)
    status = status_of(run, Observed({}, "node lost"))

    assert fates(status) == [("lost", "0-9", False)]
    assert status.ranges[0].reason == "node lost"
    assert status.ranges[0].log == run.log(0, 0)


def test_a_verdict_is_remembered_when_the_scheduler_forgets(run):
    tell(plan_of(run), 0)
    status_of(run, Observed({}, "node lost"))

    assert status_of(run, Observed({}, "")).ranges[0].reason == "node lost"


def test_a_batch_is_tried_three_times(run):
    for number in range(ERROR_LIMIT):
        plan = plan_of(run, TASKS[:1] if number else TASKS)
        tell(plan, 0, error(5, 10), end("failed"))
        if not number:
            publish(run, 10, 20)
            publish(run, 0, 5)
        blocked = number == ERROR_LIMIT - 1
        assert fates(status_of(run)) == [("failed", "5-9", blocked)]

    assert not status_of(run).submittable
    assert status_of(run).blocked[0].reason == "ValueError: no"


def test_a_final_error_is_not_tried_again(run):
    tell(plan_of(run), 0, error(0, 10, final=True), end("failed"))
    publish(run, 10, 20)

    assert fates(status_of(run)) == [("failed", "0-9", True)]


def test_resuming_forgives_earlier_failures(run):
    tell(plan_of(run), 0, error(0, 10, final=True), end("failed"))
    publish(run, 10, 20)

    assert fates(status_of(run, since=1)) == [("failed", "0-9", False)]


@pytest.mark.parametrize(
    ("last", "state", "blocked"),
    [
        ("time limit", "lost", False),
        ("terminated", "cancelled", True),
        ("interrupted", "cancelled", True),
        ("failed", "lost", False),
    ],
)
def test_the_last_word_decides(run, last, state, blocked):
    tell(plan_of(run, TASKS[:1]), 0, end(last))
    publish(run, 10, 20)

    assert fates(status_of(run)) == [(state, "0-9", blocked)]


def test_out_of_memory_would_only_come_again(run):
    tell(plan_of(run), 0)
    publish(run, 10, 20)

    assert fates(status_of(run, Observed({}, "out of memory (4 GB)"))) == [("lost", "0-9", True)]


def test_a_task_that_never_publishes_anything_is_given_up(run):
    publish(run, 10, 20)
    for number in range(FRUITLESS_LIMIT):
        tell(plan_of(run, TASKS[:1]), 0)
        status = status_of(run, Observed({}, "time limit"))
        assert status.ranges[0].blocked == (number == FRUITLESS_LIMIT - 1)


def test_what_was_just_published_may_not_be_visible_yet(run):
    tell(plan_of(run, TASKS[:1]), 0, end("done"))
    publish(run, 10, 20)

    assert fates(status_of(run)) == [("running", "0-9", False)]


def test_files_that_vanished_are_made_again(run):
    plan = plan_of(run, TASKS[:1])
    tell(plan, 0, end("done"))
    publish(run, 10, 20)
    path = run.journal(0, 0)
    events = read_journal(path)
    path.write_text(
        "".join(f'{{"event": "{e["event"]}", "time": 0, "reason": "done"}}\n' for e in events)
    )

    status = status_of(run)
    assert (fates(status), status.ranges[0].reason) == (
        [("lost", "0-9", False)],
        "its files are gone",
    )


def test_the_latest_attempt_speaks_for_its_samples(run):
    tell(plan_of(run), 0, error(0, 10), end("failed"))
    latest = plan_of(run, TASKS[:1])
    status = status_of(run, Observed({latest.key(0): TaskState("running")}, "killed"))

    assert ("running", "0-9", False) in fates(status)
    assert [item.state for item in status.ranges if item.samples & TASKS[0]] == ["running"]


def test_refused_samples_are_not_tried_again_and_need_no_resume(run):
    tell(plan_of(run, TASKS[:1]), 0, refusal(0, 5), end("failed"))
    publish(run, 5, 20)
    status = status_of(run)

    assert fates(status) == [("refused", "0-4", True)]
    assert (status.state, status.stopped) == ("refused", False)
    assert status_of(run, since=1).submittable == IntervalSet([(0, 5)])


def test_a_run_with_other_holes_too_is_worth_resuming(run):
    tell(plan_of(run), 0, refusal(0, 5), error(5, 10, final=True), end("failed"))
    publish(run, 10, 20)

    assert status_of(run).state == "holes"


def test_a_refusal_of_the_whole_set_blocks_what_nobody_makes(run):
    plan = plan_of(run)
    tell(plan, 0, refusal(0, 5, whole_set=True), end("failed"))
    states = {plan.key(1): TaskState("running")}
    status = status_of(run, Observed(states))

    assert status.stopped
    assert fates(status) == [
        ("refused", "0-4", True),
        ("refused", "5-9", True),
        ("running", "10-19", False),
    ]
    assert [item.reason for item in status.ranges[:2]] == ["no root", "no root"]
    assert status_of(run).state == "refused"
    assert status_of(run, since=1).submittable == IntervalSet([(0, 20)])


def test_the_rest_of_a_task_that_gave_up_is_refused_after_some_tries(run):
    publish(run, 10, 20)
    for number in range(FRUITLESS_LIMIT):
        tell(plan_of(run, TASKS[:1]), 0, refusal(number, number + 1), end("failed"))

    state, _, blocked = fates(status_of(run))[-1]
    assert (state, blocked) == ("refused", True)
    assert status_of(run).state == "refused"


def test_ranges_of_the_same_reason_are_one_for_people(run):
    events = [refusal(n, n + 1, f"draw {n} has no root in [0, {n}.5]") for n in range(0, 10, 2)]
    tell(plan_of(run), 0, *events, refusal(1, 2, "too late"), end("done"))
    groups = status_of(run).groups

    assert [(item.reason, str(item.samples)) for item in groups if item.state == "refused"] == [
        ("draw 0 has no root in [0, 0.5]", "0, 2, 4, 6, 8"),
        ("too late", "1"),
    ]


@pytest.mark.parametrize(
    ("verdict", "suspect"),
    [
        ("died: SIGSEGV", True),
        ("killed", True),  # as version 0.1 has it
        ("exit status 3", True),
        ("", True),
        ("node lost: n3", False),
        ("preempted", False),
        ("time limit: 01:00:00 were over", False),
        ("ended by SIGTERM", False),
    ],
)
def test_a_task_that_died_by_itself_is_suspect(run, verdict, suspect):
    tell(plan_of(run), 0)
    publish(run, 10, 20)
    status = status_of(run, Observed({}, verdict))

    assert fates(status) == [("lost", "0-9", False)]
    assert bool(status.suspects) == suspect


def test_a_task_that_did_not_begin_is_not_suspect(run):
    plan_of(run)

    assert not status_of(run, Observed({}, "died: exit code 1, as it began")).suspects


def test_who_waits_for_a_process_says_how_it_died(run):
    plan = plan_of(run, TASKS[:1])
    tell(plan, 0, end("died: SIGBUS"))
    publish(run, 10, 20)

    assert status_of(run, Observed({}, "killed")).ranges[0].reason == "died: SIGBUS"


def test_a_death_at_batch_0_for_the_schema_is_no_fault_of_others(run):
    plan = plan_of(run)
    for task in (0, 1):
        tell(plan, task, ("schema", {}), end("died: SIGSEGV"))

    assert [str(item.samples) for item in status_of(run).suspects] == ["0-9"]


class Counted(Observed):
    """An executor that counts how often it is asked, and for how many plans."""

    def __init__(self):
        super().__init__({})
        self.asked = []

    def poll(self, plans):
        self.asked.append(len(plans))
        return super().poll(plans)


@pytest.fixture
def many_runs(run, monkeypatch):
    """Return a set of 30 runs, 3 of which miss samples, its executor, and its listings."""
    for number in range(30):
        one = run if not number else run.set.run(reserve(run.set, more(20), "sine", {}).number)
        plan_of(one, (IntervalSet([(20 * number, 20 * number + 20)]),))
        if number % 10:
            publish(run, 20 * number, 20 * number + 20)
    executor, listings = Counted(), []
    monkeypatch.setattr(looking, "find_executor", lambda _: executor)
    monkeypatch.setattr(
        looking, "existing_samples", lambda paths: listings.append(paths) or existing_samples(paths)
    )
    return run.set, executor, listings


def test_a_look_at_many_runs_lists_and_asks_once(many_runs):
    paths, executor, listings = many_runs
    found = statuses(paths)

    assert [each.record.number for each in found if each.missing] == [0, 10, 20]
    assert executor.asked == [3]
    assert len(listings) == 2  # before the executor is asked, and behind its answer


def test_a_set_without_holes_needs_its_last_run_only(many_runs, monkeypatch):
    paths, _, _ = many_runs
    assert has_holes(paths)
    for number in (0, 10, 20):
        publish(paths.run(0), 20 * number, 20 * number + 20)
    paths.run(3).record.write_text("not read")

    assert not has_holes(paths)
    publish(paths.run(0), 600, 620)  # of no run
    assert not has_holes(paths)


def test_what_is_made_while_executors_are_asked_is_done(many_runs, monkeypatch):
    paths, executor, _ = many_runs
    monkeypatch.setattr(executor, "poll", lambda _: publish(paths.run(0), 0, 20) or {})

    assert [each.record.number for each in statuses(paths) if each.missing] == [10, 20]
