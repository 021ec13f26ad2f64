"""Which tasks are alive, where their executor cannot see them.

The processes and jobs of other users may be hidden (`hidepid`, Slurm's `PrivateData`), so that an
executor which does not show a task of another user says nothing. A scheduler knows nothing of the
tasks of another cluster that uses the same cache. Such a task is dead when its heartbeat stops, or
when somebody has cancelled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from datagen_core.executors.base import Executor, TaskState
from datagen_core.executors.submitters import find_submitter
from datagen_core.ranges import IntervalSet
from datagen_core.store import forms
from datagen_core.store.access import user_named
from datagen_core.store.documents import read_document
from datagen_core.store.heartbeats import age, is_beating
from datagen_core.store.runs import Plan, TaskKey

VERDICT_FORMAT = "1.0"
_verdict = forms.keys({"reason": forms.text})

_UNSEEN_SECONDS = 7 * 24 * 3600.0
"""A task that nobody can see in its queue from here may wait there this long."""


class Signs(NamedTuple):
    """What is known of the tasks of some plans.

    Attributes
    ----------
    states
        The living tasks.
    unknown
        Those of which nobody knows whether they are alive; all others are over.
    """

    states: Mapping[TaskKey, TaskState]
    unknown: frozenset[TaskKey] = frozenset()


def find_living(
    plans: Sequence[Plan],
    states: Mapping[TaskKey, TaskState] | None,
    executor: Executor | None,
    missing: IntervalSet,
) -> Signs:
    """Return which tasks are alive of those that have missing samples.

    Parameters
    ----------
    states
        The living tasks that the executor sees; None where it does not know.
    executor
        None where it is not installed here.
    """
    found, unknown = dict(states or {}), set[TaskKey]()
    for plan in plans:
        tasks = [
            number
            for number, task in enumerate(plan.tasks)
            if plan.key(number) not in found and task & missing and not plan.last_word(number)
        ]
        whose = _hidden_by(plan, executor) if tasks else ""
        if tasks and (submitter := find_submitter(plan)) is not None:
            found |= dict.fromkeys((plan.key(number) for number in tasks), submitter)
            continue
        if whose or executor is None:
            found |= _by_heartbeat(plan, tasks, whose, executor)
        if not whose and states is None:
            unknown |= {
                plan.key(task) for task in tasks if executor or not _is_decided(plan, task)
            } - found.keys()
    return Signs(found, frozenset(unknown))


def is_elsewhere(plan: Plan, executor: Executor | None) -> bool:
    """Return whether a plan was submitted to another cluster, whose tasks cannot be seen here."""
    if plan.cluster is None or executor is None:
        return False
    return plan.cluster != (executor.cluster() or plan.cluster)


def _hidden_by(plan: Plan, executor: Executor | None) -> str:
    """Return why an executor may not see the tasks of a plan; nothing where it does."""
    if is_elsewhere(plan, executor):
        return f"on cluster {plan.cluster}"
    return f"by {user_named(owner)}" if (owner := plan.owner) is not None else ""


def _is_decided(plan: Plan, task: int) -> bool:
    """Whether a heartbeat says that a task is alive, or dead, or somebody has cancelled it."""
    return plan.start(task) is not None or _is_cancelled(plan, task)


def _is_cancelled(plan: Plan, task: int) -> bool:
    return read_verdict(plan, task).startswith("cancelled")


def read_verdict(plan: Plan, task: int) -> str:
    """Return why a task ended, as somebody recorded who looked at it; empty where nobody did."""
    path = plan.run.verdict(plan.number, task)
    with suppress(FileNotFoundError):
        reason: str = read_document(path, VERDICT_FORMAT, _verdict)["reason"]
        return reason
    return ""


def _by_heartbeat(
    plan: Plan, tasks: Sequence[int], whose: str, executor: Executor | None
) -> Iterator[tuple[TaskKey, TaskState]]:
    waits = _waits(plan, executor) if whose else False
    for task in (each for each in tasks if not _is_cancelled(plan, each)):
        start = plan.start(task)
        if start is None and waits:
            yield plan.key(task), TaskState("queued", f"{whose}, and perhaps not visible here")
        elif start is not None and plan.is_beating(task):
            where = f"on {start.get('host', 'another machine')}, {whose or 'by its heartbeat'}"
            yield plan.key(task), TaskState("running", where)


def _waits(plan: Plan, executor: Executor | None) -> bool:
    """Whether tasks that have not begun may still be waiting for their turn."""
    if is_beating(plan.job_folder, plan.run.set.root.parent):
        return True
    if executor is not None and executor.ends_with_caller:
        return False  # they wait for a process, not in a queue
    with suppress(OSError):
        seconds = _UNSEEN_SECONDS + 60.0 * (plan.minutes or 0)
        return age(plan.run.plan(plan.number), plan.run.set.root.parent) < seconds
    return False
