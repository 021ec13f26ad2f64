"""Executors: how tasks get processors. None of them can report success; only shard files do.

An executor starts tasks, says which ones are still alive, cancels them, and finds out why one
ended. Third parties add more in the entry-point group `datagen.executors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal, NamedTuple

from datagen_core.store.runs import Plan, TaskKey

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Environment variables by which numpy and torch pin their number of threads."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What one task may use.

    Attributes
    ----------
    minutes
        Time limit; None for the executor's own default.
    memory
        In sbatch's form, such as "1GB" or "500M"; None for the executor's own default.
    partition
        The Slurm partition; None for the cluster's default.
    cpus
        Processors, and with them threads, of a task.
    options
        Further options of sbatch, by name without dashes; True for a flag.
    setup
        Shell commands that run before the worker.
    """

    minutes: int | None = None
    memory: str | None = None
    partition: str | None = None
    cpus: int = 1
    options: Mapping[str, str | bool] = field(default_factory=dict)
    setup: tuple[str, ...] = ()

    def completed_by(self, others: Resources) -> Resources:
        """Return these resources; what they leave at its default is taken from others."""
        names = [item.name for item in fields(self)]
        left = [name for name in names if getattr(self, name) == getattr(Resources(), name)]
        return replace(self, **{name: getattr(others, name) for name in left})


class Job(NamedTuple):
    """Everything that an executor needs to start the tasks of a plan, or of several plans.

    `work(place)` does the work of the task at a place of the job in the process that calls it, and
    returns None. `parallel` tasks may run at once. `waiting` says whether somebody watches and
    resubmits what is lost. Tasks of the first plan have the first places, and so on.
    """

    plans: tuple[Plan, ...]
    resources: Resources
    parallel: int
    waiting: bool
    work: Callable[[int], None]

    @property
    def name(self) -> str:
        """The name by which an executor finds the job again."""
        return self.plans[0].name

    @property
    def size(self) -> int:
        """The number of tasks."""
        return sum(len(plan.tasks) for plan in self.plans)


class TaskState(NamedTuple):
    """A task that is still alive, and in one line why it does not go on (or nothing)."""

    state: Literal["queued", "running"]
    reason: str = ""


class Executor:
    """The contract of an executor: subclass it, and override what differs from these defaults.

    What an executor can do is said by its attributes; nothing looks at its name.

    Attributes
    ----------
    name
        What `--executor` calls it.
    in_process
        Whether `submit` does the work in the process that calls it, and returns when it is over.
    ends_with_caller
        Whether Ctrl-C on the command that submitted tasks ends them.
    needs_time_limit
        Whether a task must have a time limit, estimated where none is given.
    """

    name: ClassVar[str]
    in_process: ClassVar[bool] = False
    ends_with_caller: ClassVar[bool] = False
    needs_time_limit: ClassVar[bool] = False

    def available(self) -> str:
        """Return why this executor cannot be used here; nothing when it can."""
        return ""

    def max_minutes(self, resources: Resources) -> int | None:  # noqa: ARG002
        """Return the longest time limit that can ever start, None when there is no limit."""
        return None

    def max_tasks(self) -> int | None:
        """Return the number of tasks that one job may have, None when there is no limit."""
        return None

    def describe(self, job: Job) -> str:
        """Return, for people, what `submit` would hand to the scheduler."""
        raise NotImplementedError

    def submit(self, job: Job) -> None:
        """Start all tasks of a job, with one call of the scheduler.

        Raises
        ------
        ExecutionError
            When the scheduler refuses, with its own words.
        SchedulerUnavailableError
            When it does not answer; nothing is lost by trying again later.
        """
        raise NotImplementedError

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        """Return the living tasks of these plans by `Plan.keys`; None for "cannot know"."""
        raise NotImplementedError

    def cancel(self, plans: Sequence[Plan]) -> None:
        """Ask the living tasks of these plans to end; they publish what they have."""
        raise NotImplementedError

    def diagnose(self, plan: Plan, task: int) -> str:  # noqa: ARG002
        """Return in one line why a task that left no last word ended; nothing when unknown."""
        return ""
