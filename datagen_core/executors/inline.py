"""The inline executor: tasks run one after another in the process that asks for them.

Other processes find it by the journal of who submits the job, which does the tasks meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from datagen_core.errors import count_of
from datagen_core.executors.base import DIED, Executor, Job, TaskState
from datagen_core.executors.processes import find_process, is_here
from datagen_core.executors.submitters import process_of
from datagen_core.store.runs import Plan, TaskKey


class InlineExecutor(Executor):
    """Runs tasks here and now: for small sets, notebooks and debugging."""

    name = "inline"
    in_process = True
    ends_with_caller = True
    shares_processors = True

    def describe(self, job: Job) -> str:
        """Return what would happen, for people."""
        return f"{count_of(job.size, 'task')}, one after another, in this process"

    def submit(self, job: Job) -> None:
        """Do all tasks; they are over when this returns."""
        for place in range(job.size):
            job.work(place)

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState]:
        """Return the tasks of processes that are still at work, which may be any process."""
        processes = {plan.name: _find(plan) for plan in plans}
        found: dict[TaskKey, TaskState] = {}
        for plan in plans:
            if (state := processes[plan.name]) is not None:
                found |= _unfinished(plan, state)
        return found

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return that the process that did the task is gone, where it is."""
        events = plan.events(task)
        gone = events and not plan.last_word(task) and "pid" in events[0]
        if not gone or not is_here(events[0]) or find_process(events[0]) is not None:
            return ""
        return f"{DIED}its process is gone"

    def cancel(self, plans: Sequence[Plan]) -> None:
        """Do nothing: Ctrl-C ends an inline run."""


def _find(plan: Plan) -> TaskState | None:
    """Return what the process does that has a job, and which of its shells ends it."""
    found = process_of(plan)
    if found is None:
        return None
    start, state = found
    if is_here(start) and start["pid"] == os.getpid():
        return state
    where = f"in process {start['pid']} of {start['host']}, which Ctrl-C there ends"
    return state._replace(reason=f"{where}; {state.reason}".rstrip("; "))


def _unfinished(plan: Plan, state: TaskState) -> Iterator[tuple[TaskKey, TaskState]]:
    for task in range(len(plan.tasks)):
        if plan.start(task) is None:
            yield plan.key(task), state._replace(state="queued")
        elif not plan.last_word(task):
            yield plan.key(task), state
