"""The inline executor: tasks run one after another in the process that asks for them.

Other processes find it by a journal of its own, which it touches as a sign of life.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from datagen_core.executors.base import DIED, Executor, Job, TaskState
from datagen_core.executors.processes import (
    describe_process,
    find_process,
    find_worker,
    is_here,
    is_of_owner,
)
from datagen_core.store.heartbeats import BEAT_SECONDS, beating, is_beating
from datagen_core.store.journals import Journal, read_journal
from datagen_core.store.runs import Plan, TaskKey


class InlineExecutor(Executor):
    """Runs tasks here and now: for small sets, notebooks and debugging."""

    name = "inline"
    in_process = True
    ends_with_caller = True

    _at_work: ClassVar[set[str]] = set()
    """The names of the jobs that this process works on, in any of its threads."""

    def describe(self, job: Job) -> str:
        """Return what would happen, for people."""
        return f"{job.size} task(s), one after another, in this process"

    def submit(self, job: Job) -> None:
        """Do all tasks; they are over when this returns."""
        path = job.plans[0].process
        journal = Journal(path)
        journal.append("start", **describe_process(), beats=BEAT_SECONDS)
        self._at_work.add(job.name)
        try:
            with beating(path):
                for place in range(job.size):
                    job.work(place)
        finally:
            self._at_work.discard(job.name)
            journal.append("end", reason="done")

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState]:
        """Return the tasks of processes that are still at work, which may be any process."""
        processes = {plan.name: self._find(plan) for plan in plans}
        found: dict[TaskKey, TaskState] = {}
        for plan in plans:
            if (state := processes[plan.name]) is not None:
                found |= _unfinished(plan, state)
        return found

    def _find(self, plan: Plan) -> TaskState | None:
        """Return what the process of a job does; None when the job is over."""
        events = read_journal(plan.process)
        start = events[-1] if events else {}
        if not {"host", "pid", "started"} <= start.keys():  # it has ended
            return None
        if is_here(start) and start["pid"] == os.getpid():
            return TaskState("running") if plan.name in self._at_work else None
        beats = partial(is_beating, plan.process, plan.run.set.root.parent, start)
        process = find_process(start) if is_here(start) else None
        # Others who write here may name any process, and only one of their own beats.
        if process and not is_of_owner(process, plan.process) and not beats():
            return None
        state = find_worker(plan, start, beats)
        return state and _say_where(state, start)

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return that the process that did the task is gone, where it is."""
        events = plan.events(task)
        gone = events and not plan.last_word(task) and "pid" in events[0]
        if not gone or not is_here(events[0]) or find_process(events[0]) is not None:
            return ""
        return f"{DIED}its process is gone"

    def cancel(self, plans: Sequence[Plan]) -> None:
        """Do nothing: Ctrl-C ends an inline run."""


def _say_where(state: TaskState, start: Mapping[str, Any]) -> TaskState:
    where = f"in process {start['pid']} of {start['host']}, which Ctrl-C there ends"
    return state._replace(reason=f"{where}; {state.reason}".rstrip("; "))


def _unfinished(plan: Plan, state: TaskState) -> Iterator[tuple[TaskKey, TaskState]]:
    for task in range(len(plan.tasks)):
        if plan.start(task) is None:
            yield plan.key(task), state._replace(state="queued")
        elif not plan.last_word(task):
            yield plan.key(task), state
