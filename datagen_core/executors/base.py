"""Executors: how tasks get processors. None of them can report success; only shard files do.

An executor starts tasks, says which ones are still alive, cancels them, and finds out why one
ended. Third parties add more in the entry-point group `datagen.executors`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from datagen_core.store.layout import data_set_of
from datagen_core.store.publishing import drafting
from datagen_core.store.runs import Plan, TaskKey

WORKER = "datagen_core.worker"
"""The module that is a worker's process."""

_PYTHON = (sys.executable, "-P", "-m")
"""Not the working directory, but the installation says what datagen is."""

_LONGEST_COMMAND = 100_000
"""Longer lists of tasks are in a file; Linux takes 2 MB at most, the environment included."""

DIED = "died: "
"""How the reason of `Executor.diagnose` begins for a process that ended by itself, not because it
was cancelled or preempted, or lost its node, its time or its memory. Some batch of such a task is
poisonous, so that the next plan has it in two halves."""

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
        Processors of a task. Those of a parameter set's first run are its number of threads.
    gpus
        GPUs of a task, which it sees alone.
    account, qos
        Whom Slurm charges, and the quality of service; None for the user's defaults.
    options
        Further options of the executor, by name without dashes; True for a flag. Generators declare
        options of sbatch, so other executors pass over names that they do not know.
    setup
        Shell commands that run before the worker.
    """

    minutes: int | None = None
    memory: str | None = None
    partition: str | None = None
    cpus: int = 1
    options: Mapping[str, str | bool] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    gpus: int = 0
    account: str | None = None
    qos: str | None = None

    def described(self) -> dict[str, Any]:
        """Return them as a run keeps them: what earlier versions do not know only where needed."""
        later = {"gpus", "account", "qos"}
        return {name: value for name, value in asdict(self).items() if value or name not in later}

    def completed_by(self, others: Resources) -> Resources:
        """Return these resources; what they leave at its default is taken from others."""
        names = [item.name for item in fields(self)]
        left = [name for name in names if getattr(self, name) == getattr(Resources(), name)]
        return replace(self, **{name: getattr(others, name) for name in left})


class Recipe(NamedTuple):
    """What a job runs, as it was when the job was submitted: nothing in a cache decides that.

    Attributes
    ----------
    source
        The name by which a worker loads the generator.
    code
        The fingerprint of its code; a worker makes nothing by another one.
    folder
        The working directory; empty for the one in which the worker is started.
    pythonpath
        Where modules are found besides, in the form of $PYTHONPATH.
    modules
        The fingerprint of the files that loading the generator executes; empty for a plugin's.
    """

    source: str
    code: str
    folder: str = ""
    pythonpath: str = ""
    modules: str = ""


class Job(NamedTuple):
    """Everything that an executor needs to start the tasks of a plan, or of several plans.

    Tasks have places from 0: those of the first plan, then those of the second one, and so on.
    An executor starts a process with `command` for some of them, or calls `work`.

    Attributes
    ----------
    plans
        The plans; one, unless the executor's jobs are shared by several runs.
    resources
        What one task may use.
    parallel
        Number of tasks that may run at once.
    waiting
        Whether somebody watches the job, and resubmits what is lost.
    work
        Does the task at a place, in the process that calls it.
    threads
        Number of threads of numpy and torch in one task; None for one per processor.
    recipe
        What its workers run, which `command` tells them.
    part
        The places of the tasks to start now, where the scheduler does not take all of them at
        once; None for all. Only executors that raise `SchedulerFullError` are given parts.
    excluded
        Nodes that are bad, and not to be used; executors without nodes pass over them.
    """

    plans: tuple[Plan, ...]
    resources: Resources
    parallel: int
    waiting: bool
    work: Callable[[int], None]
    threads: int | None = None
    recipe: Recipe | None = None
    part: range | None = None
    excluded: frozenset[str] = frozenset()

    @property
    def places(self) -> range:
        """The places of the tasks that are to start."""
        return range(self.size) if self.part is None else self.part

    @property
    def name(self) -> str:
        """The name by which an executor finds the job again."""
        return self.plans[0].name

    @property
    def size(self) -> int:
        """The number of tasks."""
        return sum(len(plan.tasks) for plan in self.plans)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a worker's environment, which pin the threads of numpy and torch."""
        return dict.fromkeys(THREAD_VARIABLES, str(self.threads or self.resources.cpus))

    def divide(self) -> list[range]:
        """Return the places of tasks for each of at most `parallel` workers, all of which start."""
        width = min(self.parallel, len(self.places))
        return [self.places[first::width] for first in range(width)]

    def tasks_at(self, places: Iterable[int]) -> list[tuple[Plan, list[int]]]:
        """Return the plans that have tasks at these places, each with the numbers of its tasks."""
        tasks = [(plan, number) for plan in self.plans for number in range(len(plan.tasks))]
        groups = groupby((tasks[place] for place in places), key=lambda task: task[0].key(0))
        found = [list(group) for _, group in groups]
        return [(group[0][0], [number for _, number in group]) for group in found]

    def command(self, places: Iterable[int]) -> list[str]:
        """Return the command line of a worker, which does the tasks at these places in turn.

        It says what they run: from the cache they take which samples to make, and of which set.
        Thousands of tasks are listed in a file beside the log of the first one; the command line
        has its digest, and a worker takes no other list.

        The process needs the cache at the same path and the same installation of datagen. It makes
        only samples that do not exist, and publishes what it has when it gets SIGTERM. With the
        further argument "--attached" it also does so when its standard input, a pipe, ends, as it
        does when the process that holds its other end dies.

        The tasks of a run that was planned before are made by a child of the process: some of them
        may end it, and it is begun anew for those behind.
        """
        found = self.tasks_at(places)
        addresses = _list_tasks(found)
        if sum(map(len, addresses)) > _LONGEST_COMMAND:
            plan, tasks = found[0]
            addresses = [_write_list(plan.log(tasks[0]), addresses)]
        options = ["--apart"] if any(plan.number for plan in self.plans) else []
        return [*_PYTHON, WORKER, *options, *self._recipe_words, *addresses]

    def listed_command(self) -> tuple[list[str], list[str]]:
        """Return the command line of a worker, and the lines of its standard input: all tasks.

        With the further argument "--place=N" it does the task at that place. Its output is its log,
        and it exits with 1 unless the task is done. It is for schedulers that take a script and
        start it for each place.
        """
        command = [*_PYTHON, WORKER, *self._recipe_words, "@-"]
        return command, _list_tasks(self.tasks_at(range(self.size)))

    @property
    def _recipe_words(self) -> list[str]:
        return [json.dumps(self.recipe._asdict())] if self.recipe else []


def _list_tasks(found: Iterable[tuple[Plan, list[int]]]) -> list[str]:
    return [
        json.dumps([str(plan.run.set.root), plan.run.number, plan.number, tasks])
        for plan, tasks in found
    ]


def _write_list(log: Path, addresses: Sequence[str]) -> str:
    """Write a list of tasks where all machines see it; return it as a word with its digest."""
    content = "\n".join(addresses).encode()
    digest = sha256(content).hexdigest()
    path = log.with_suffix(f".{digest[:8]}.tasks")
    with drafting(data_set_of(log) / "tmp", path) as draft:
        draft.write(content)
        draft.publish(equals=True)
    return f"@{path}#{digest}"


class TaskState(NamedTuple):
    """A task that is still alive, and in one line why it does not go on (or nothing)."""

    state: Literal["queued", "running"]
    reason: str = ""


Verdict = Literal["ok", "warning", "error", "absent"]


class Finding(NamedTuple):
    """What a check found, in one line.

    Attributes
    ----------
    check
        What was looked at, such as "hard links".
    state
        "ok"; "warning" for what a run gets along with; "error" for what would stop it; "absent" for
        what is not here, and is not needed.
    message
        What there is, and what to do about it.
    """

    check: str
    state: Verdict
    message: str


class Executor:
    """The contract of an executor: subclass it, and override what differs from these defaults.

    What an executor can do is said by its attributes; nothing looks at its name.

    Attributes
    ----------
    name
        What `--executor` calls it. A plugin's executor has the name of its entry point.
    in_process
        Whether `submit` does the work in the process that calls it, and returns when it is over.
    ends_with_caller
        Whether Ctrl-C on the command that submitted tasks ends them.
    needs_time_limit
        Whether a task must have a time limit, estimated where none is given.
    gives_gpus
        Whether a task sees the GPUs that it asks for, and no others.
    shares_processors
        Whether its tasks share the processors of this machine.
    shares_jobs
        Whether a job may have tasks of many runs, as a sweep has them; otherwise each run gets jobs
        of its own.
    """

    name: str
    in_process: ClassVar[bool] = False
    ends_with_caller: ClassVar[bool] = False
    needs_time_limit: ClassVar[bool] = False
    gives_gpus: ClassVar[bool] = False
    shares_processors: ClassVar[bool] = False
    shares_jobs: ClassVar[bool] = True

    def available(self) -> str:
        """Return why this executor cannot be used here; nothing when it can.

        Raises
        ------
        SchedulerUnavailableError
            When its scheduler does not answer now, and may later.
        """
        return ""

    def complete(self, resources: Resources, earlier: Sequence[Plan] = ()) -> Resources:  # noqa: ARG002
        """Return what was asked for, completed by what this executor finds in the environment.

        A run that is resumed has `earlier` plans, whose receipts say what it found then.

        Raises
        ------
        ConfigurationError
            When something is missing or wrong. Nothing was written yet.
        SchedulerUnavailableError
            When the scheduler of a new run does not answer.
        """
        return resources

    def max_minutes(self, resources: Resources) -> int | None:  # noqa: ARG002
        """Return the longest time limit that can ever start, None when there is no limit."""
        return None

    def max_tasks(self) -> int | None:
        """Return the number of tasks that one job may have, None when there is no limit."""
        return None

    def max_parallel(self) -> int | None:
        """Return the number of tasks that may run at once, None when there is no limit."""
        return None

    def cluster(self) -> str | None:
        """Return the name of the cluster that tasks go to; None if there is only one, or unknown.

        `poll` sees the tasks of this cluster only. Those of another cluster that uses the same
        cache live as long as they give signs of life.
        """
        return None

    def examine(self, resources: Resources) -> Sequence[Finding]:  # noqa: ARG002
        """Return what `datagen doctor` should know of an executor that is available here.

        Such as what its scheduler allows to this user, and what of `resources` it would refuse.
        """
        return ()

    def nodes(self, resources: Resources) -> frozenset[str]:  # noqa: ARG002
        """Return the nodes where such tasks may run now, as `$SLURMD_NODENAME` calls them.

        None at all where they are not known, or where tasks are not to be kept from bad ones.
        """
        return frozenset()

    def describe(self, job: Job) -> str:
        """Return, for people, what `submit` would hand to the scheduler."""
        raise NotImplementedError

    def submit(self, job: Job) -> None:
        """Start all tasks of a job, with one call of the scheduler.

        What `poll` and `cancel` need later, in other processes too, belongs into receipts
        (`Plan.keep_receipt`).

        Raises
        ------
        ExecutionError
            When the scheduler refuses, with its own words.
        SchedulerUnavailableError
            When it does not answer; nothing is lost by trying again later.
        SchedulerFullError
            When it takes no more jobs now. The same job is then submitted in parts (`Job.part`),
            smaller and smaller ones, and each as soon as it passes.
        """
        raise NotImplementedError

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        """Return the living tasks of these plans by `Plan.keys`; None for "cannot know".

        Plans may be any that were ever published, also such that were never submitted.
        """
        raise NotImplementedError

    def cancel(self, plans: Sequence[Plan]) -> None:
        """Ask the living tasks of these plans to end; they publish what they have.

        Tasks that are over or unknown are passed over.
        """
        raise NotImplementedError

    def diagnose(self, plan: Plan, task: int) -> str:  # noqa: ARG002
        """Return in one line why a task that left no last word ended; nothing when unknown.

        Where its process died by itself, the line begins with "died: " and says the signal or the
        exit code. Such a task is tried in two halves, down to a batch, as is one whose end is
        unknown; one that was preempted, or lost its node, is tried as it was.
        """
        return ""
