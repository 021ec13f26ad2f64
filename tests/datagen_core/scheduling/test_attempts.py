"""What counts as an attempt in vain, and which nodes are bad."""

from __future__ import annotations

import pytest

from datagen_core.executors.inline import InlineExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import nodes
from datagen_core.scheduling.judging import ERROR_LIMIT, FRUITLESS_LIMIT
from datagen_core.scheduling.status import inspect_run
from datagen_core.store.journals import Journal
from datagen_core.store.reservations import reserve
from datagen_core.store.runs import read_run
from demands import demand_for, more, open_set, plan_for
from generators_for_tests import sine

MESSAGE = "OSError: read-only file system"


class Cluster(InlineExecutor):
    """A cluster of nodes on which nothing lives."""

    def __init__(self, names=("n1", "n2", "n3"), verdict=""):
        self.names, self.verdict = names, verdict

    def poll(self, plans):
        return {}

    def diagnose(self, plan, task):
        return self.verdict

    def nodes(self, resources):
        return frozenset(self.names)


@pytest.fixture
def run(tmp_path):
    """Return a run of four batches."""
    paths, _ = open_set(tmp_path, demand_for(sine, tmp_path).record)
    return paths.run(reserve(paths, more(40), "sine", {}).number)


def plan_of(run, *batches):
    return plan_for(run, "id", "inline", [IntervalSet([(b, b + 10)]) for b in batches], 30)


def fail(plan, task, node=None, end="failed"):
    """Let a task fail on a node by itself, or end by something else."""
    journal, (samples,) = Journal(plan.run.journal(plan.number, task)), plan.tasks[task]
    journal.append("start", **({"node": node} if node else {}))
    if end == "failed":
        journal.append("error", range=list(samples), message=MESSAGE, final=False)
    journal.append("end", reason=end)


def make(plan, task, node):
    """Let a task make its batch on a node; the file is not there, so that it can be asked for."""
    journal = Journal(plan.run.journal(plan.number, task))
    journal.append("start", node=node)
    journal.append("batches", first=1.0, startup=1.0, waiting=0)


def look(run, executor=None, since=0):
    return inspect_run(run, read_run(run.set, run.number), executor or Cluster(), since)


def blocked(run, executor=None):
    return [item.samples.brief() for item in look(run, executor).blocked]


def test_attempts_at_the_same_time_count_once(run):
    for _ in range(ERROR_LIMIT - 1):
        attempts = [plan_of(run, 0) for _ in range(3)]
        for plan in attempts:
            fail(plan, 0)
    assert blocked(run) == []

    fail(plan_of(run, 0), 0)
    assert blocked(run) == ["0-9"]


def test_vain_attempts_at_the_same_time_count_once(run):
    for _ in range(FRUITLESS_LIMIT - 1):
        attempts = [plan_of(run, 0), plan_of(run, 0)]
        for plan in attempts:
            fail(plan, 0, end="time limit")
    assert blocked(run) == []

    fail(plan_of(run, 0), 0, end="time limit")
    assert blocked(run) == ["0-9"]


@pytest.mark.parametrize(
    "verdict", ["preempted", "node lost: n1", "lost by its scheduler, which does not know it"]
)
def test_what_says_nothing_about_the_samples_uses_up_no_limit(run, verdict):
    for _ in range(2 * FRUITLESS_LIMIT):
        fail(plan_of(run, 0), 0, end="")
        assert blocked(run, Cluster(verdict=verdict)) == []


def test_plans_that_were_never_submitted_use_up_no_limit(run):
    for _ in range(2 * FRUITLESS_LIMIT):
        plan = plan_of(run, 0)
        plan.process.unlink()
        Journal(plan.process).append("end", reason="not submitted")
        assert blocked(run) == []


def test_a_node_where_two_batches_fail_is_bad_and_they_do_not_count(run):
    plan = plan_of(run, 0, 10, 20)
    fail(plan, 0, "n1")
    assert look(run).bad_nodes == {}

    fail(plan, 1, "n1")
    make(plan, 2, "n2")
    assert str(look(run).bad_nodes["n1"]) == (
        f"2 batches or tasks failed on n1 and on no other node ({MESSAGE})"
    )


def test_a_node_where_a_batch_fails_twice_is_bad(run):
    for _ in range(ERROR_LIMIT):
        plan = plan_of(run, 0, 10)
        fail(plan, 0, "n1")
        make(plan, 1, "n1")
    assert list(look(run).bad_nodes) == ["n1"]
    assert blocked(run) == []


def test_a_batch_that_fails_everywhere_is_not_the_nodes_fault(run):
    for number, node in enumerate(["n1", "n1", "n2"], start=1):
        fail(plan_of(run, 0), 0, node)
        assert list(look(run).bad_nodes) == (["n1"] if number == 2 else [])
    assert blocked(run) == ["0-9"]


def test_a_node_that_makes_other_batches_is_not_bad(run):
    plan = plan_of(run, 0, 10, 20)
    fail(plan, 0, "n1")
    fail(plan, 1, "n1")
    make(plan, 2, "n1")
    assert look(run).bad_nodes == {}


@pytest.mark.parametrize("names", [["n1"], [], ["n1", "n2"]])
def test_without_a_better_node_none_is_bad(run, names):
    for _ in range(ERROR_LIMIT):
        plan = plan_of(run, 0, 10, 20, 30)
        for task in range(4):
            fail(plan, task, f"n{1 + task // 2}")

    assert look(run, Cluster(names)).bad_nodes == {}
    assert blocked(run, Cluster(names)) == ["0-9", "10-19", "20-29", "30-39"]


def test_executors_without_nodes_have_no_bad_ones(run):
    for _ in range(ERROR_LIMIT):
        fail(plan_of(run, 0), 0)
    assert look(run).bad_nodes == {}
    assert blocked(run) == ["0-9"]


def test_processes_that_die_on_one_node_are_its_fault(run):
    plan = plan_of(run, 0, 10)
    for task in range(2):
        fail(plan, task, "n1", end="died: SIGBUS")
    assert list(look(run).bad_nodes) == ["n1"]


def test_a_node_is_bad_for_who_resumes_too_but_not_for_ever(run, monkeypatch):
    plan = plan_of(run, 0, 10)
    for task in range(2):
        fail(plan, task, "n1")
    assert list(look(run, since=1).bad_nodes) == ["n1"]

    monkeypatch.setattr(nodes, "_REMEMBERED_SECONDS", 0.0)
    assert look(run, since=1).bad_nodes == {}


def test_where_all_failed_is_told(run):
    plan = plan_of(run, 0, 10, 20)
    fail(plan, 0, "n1")
    fail(plan, 1, "n1")
    fail(plan, 2, "n2", end="time limit")

    told = {item.told for item in look(run).groups}
    assert {f"{MESSAGE}; all on n1", "time limit of 30 min reached; all on n2"} <= told
