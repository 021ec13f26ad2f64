"""The inline executor: tasks run one after another in the process that asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datagen_core.executors.base import DIED, Executor, Job, TaskState
from datagen_core.executors.processes import find_process, is_here
from datagen_core.store.runs import Plan, TaskKey


class InlineExecutor(Executor):
    """Runs tasks here and now: for small sets, notebooks and debugging."""

    name = "inline"
    in_process = True
    ends_with_caller = True

    def describe(self, job: Job) -> str:
        """Return what would happen, for people."""
        return f"{job.size} task(s), one after another, in this process"

    def submit(self, job: Job) -> None:
        """Do all tasks; they are over when this returns."""
        for place in range(job.size):
            job.work(place)

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState]:  # noqa: ARG002
        """Return nothing: no task outlives `submit`."""
        return {}

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return that the process that did the task is gone, where it is."""
        events = plan.events(task)
        gone = events and not plan.last_word(task) and "pid" in events[0]
        if not gone or not is_here(events[0]) or find_process(events[0]) is not None:
            return ""
        return f"{DIED}its process is gone"

    def cancel(self, plans: Sequence[Plan]) -> None:
        """Do nothing: Ctrl-C ends an inline run."""
