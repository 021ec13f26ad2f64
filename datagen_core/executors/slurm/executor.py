"""The Slurm executor. submitit writes the batch script; all else is asked of Slurm.

submitit's result pickles, its watcher and its checkpointing are not used: without accounting it
waits for ever for a task that died, and it swallows SIGTERM. Nor is what it makes of sbatch's
answer, which sites change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from datagen_core.errors import ExecutionError, SchedulerUnavailableError
from datagen_core.executors.base import Executor, Finding, Job, Resources, TaskState
from datagen_core.executors.slurm import diagnosis, examination, queue
from datagen_core.executors.slurm.environment import added_options, describe_variables
from datagen_core.executors.slurm.sbatch import submit_script
from datagen_core.executors.slurm.script import check_header, write_text
from datagen_core.store.folders import make_folder
from datagen_core.store.runs import Plan, TaskKey, list_plans

_NO_NODE = ("node configuration", "node name")
"""What sbatch says where those that are left cannot do it."""

_SILENT_SECONDS = 60.0
"""A controller that does not answer takes up to 18 s to say so, and each plan would ask it."""

_GRACE_SECONDS = 3.0
"""A job may take a moment from its submission to the queue."""


class SlurmExecutor(Executor):
    """Runs tasks as a Slurm job array, one job for each plan."""

    name = "slurm"
    needs_time_limit = True
    gives_gpus = True

    def __init__(self) -> None:
        self._offered: set[TaskKey] = set()
        self._submitted: dict[str, tuple[float, range]] = {}
        self._cluster: str | None = None
        self._asks_again = 0.0

    def available(self) -> str:
        """Return why jobs cannot be submitted from here, or nothing.

        Raises
        ------
        SchedulerUnavailableError
            When the controller does not answer.
        """
        return queue.unavailable_reason()

    def complete(self, resources: Resources, earlier: Sequence[Plan] = ()) -> Resources:  # noqa: ARG002
        """Return the resources with what variables of this shell add to every job.

        Raises
        ------
        ConfigurationError
            When an option would be more than one line of the batch script.
        """
        asked = {name.replace("_", "-") for name in resources.options}
        added = {name: value for name, value in added_options().items() if name not in asked}
        fields = {name: added.pop(name, None) for name in ("partition", "account", "qos")}
        completed = replace(
            resources,
            options={**added, **resources.options},
            partition=resources.partition or fields["partition"],
            account=resources.account or fields["account"],
            qos=resources.qos or fields["qos"],
        )
        check_header(completed)
        return completed

    def max_minutes(self, resources: Resources) -> int | None:
        """Return the partition's MaxTime; sbatch accepts more, and the job then pends for ever.

        Raises
        ------
        ExecutionError
            When there is no such partition, with the names of those that there are.
        """
        partitions = queue.read_partitions()
        if not partitions:
            return None
        # sbatch takes several names and starts the job wherever that is possible first.
        names = _partition_names(resources)
        chosen = [each for each in partitions.values() if each.name in names]
        chosen = chosen if names else [each for each in partitions.values() if each.default]
        if not chosen or not names <= set(partitions):
            what = f"no partition {','.join(sorted(names))!r}" if names else "no default partition"
            raise ExecutionError(f"{what}; choose from: {', '.join(sorted(partitions))}")
        limits = [each.max_minutes for each in chosen if each.max_minutes is not None]
        return max(limits) if len(limits) == len(chosen) else None

    def max_tasks(self) -> int | None:
        """Return MaxArraySize, or MaxJobCount where that is less; None where neither is told."""
        # Indices go up to MaxArraySize - 1; 0 turns arrays off.
        found = [queue.read_limit(name) for name in ("MaxArraySize", "MaxJobCount")]
        known = [limit for limit in found if limit is not None]
        return max(1, min(known)) if known else None

    def cluster(self) -> str | None:
        """Return the ClusterName of the controller; None where it does not answer."""
        if self._cluster is None and time.monotonic() >= self._asks_again:
            self._cluster = queue.read_cluster_name()
            self._asks_again = time.monotonic() + _SILENT_SECONDS
        return self._cluster

    def examine(self, resources: Resources) -> Sequence[Finding]:
        """Return what the controller says of itself, its partitions, accounts and limits."""
        asked = self.complete(resources)
        account, qos = (
            str(asked.options.get(name) or getattr(asked, name) or "")
            for name in ("account", "qos")
        )
        found = [Finding("slurm variables", "ok", line) for line in describe_variables()]
        return [*examination.examine(_partition_names(asked), account, qos), *found]

    def nodes(self, resources: Resources) -> frozenset[str]:
        """Return the nodes that are up in the partition; none where the user names the nodes."""
        if {"nodelist", "nodefile", "w"} & resources.options.keys():
            return frozenset()
        others = str(resources.options.get("exclude") or "")
        return queue.read_nodes(_partition_names(resources), others)

    def describe(self, job: Job) -> str:
        """Return the batch script that `submit` would hand to sbatch. Writes nothing.

        Comments behind it say which variables of sbatch are set in this shell.

        Raises
        ------
        ExecutionError
            Where there is no Slurm.
        """
        try:
            text = write_text(job, gettempdir())
        except RuntimeError as error:
            raise ExecutionError(f"no batch script: {error}") from error
        return "\n".join([text, *(f"# {line}" for line in describe_variables())])

    def submit(self, job: Job) -> None:
        """Submit one job array with all tasks of the job, or those of its part.

        The script lies in a folder of this user alone until sbatch has taken it. Trying again what
        was not answered submits nothing twice.

        Raises
        ------
        ExecutionError
            When sbatch refuses, with its own words.
        SchedulerFullError
            When it takes fewer jobs, or some later.
        SchedulerUnavailableError
            When the controller does not answer. Submit a new plan later.
        """
        if self._is_submitted(job):
            return
        _cancel_stranded(job)
        try:
            make_folder(job.plans[0].log(0).parent)
            with TemporaryDirectory(prefix="datagen-") as folder:
                script = Path(folder, "script.sh")
                script.write_bytes(write_text(job, folder).encode("utf-8", "surrogateescape"))
                look, one = partial(_is_there, job), len(job.places) == 1
                submit_script(["sbatch", str(script)], Path(folder), look, one=one)
        except ExecutionError as error:
            if job.excluded and any(sign in str(error) for sign in _NO_NODE):
                raise ExecutionError(_explain_exclusion(job, error)) from error
            raise
        except RuntimeError as error:  # what submitit's errors are
            raise ExecutionError(f"no batch script: {error}") from error
        except OSError as error:
            raise ExecutionError(f"cannot submit the job: {error}") from error
        self._submitted[job.name] = time.monotonic(), job.places

    def _is_submitted(self, job: Job) -> bool:
        """Whether a job is there that was offered before."""
        key = TaskKey(job.name, job.places.start)
        if key not in self._offered:
            self._offered.add(key)
            return False
        found = _is_there(job)
        if found is None:
            raise SchedulerUnavailableError("Slurm does not answer squeue; try again later")
        return found

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        """Return the living tasks, as squeue shows them; None when it fails or takes too long."""
        plans = [each for each in plans if each.has_own_name]
        rows = queue.read_queue(_names(plans))
        if rows is None:
            return None
        living = {_key(row): row.living for row in rows if row.living}
        # Each submission comes into the queue as a whole.
        seen = {row.name for row in rows}
        unseen = [each for each in plans if each.name not in seen]
        fresh = self._just_submitted(plans) - {_key(row) for row in rows}
        return living | {key: TaskState("queued") for key in [*_just_planned(unseen), *fresh]}

    def _just_submitted(self, plans: Iterable[Plan]) -> set[TaskKey]:
        """Return the tasks that this process submitted a moment ago, perhaps as part of a job."""
        now, found = time.monotonic(), set[TaskKey]()
        for name in _names(plans):
            then, places = self._submitted.get(name, (0.0, range(0)))
            found |= {TaskKey(name, place) for place in places if now - then < _GRACE_SECONDS}
        return found

    def cancel(self, plans: Sequence[Plan]) -> None:
        """End the tasks of these plans, pending and running ones; others of their jobs go on.

        Raises
        ------
        SchedulerUnavailableError
            When the controller does not answer.
        """
        plans = [each for each in plans if each.has_own_name]
        rows = queue.read_queue(_names(plans))
        there = [row for row in rows or () if row.living or row.is_stranded]
        names = {row.name for row in there}
        own = [each for each in plans if not each.is_shared]
        queue.cancel_jobs([each.name for each in own if rows is None or each.name in names])
        keys = {key for each in plans if each.is_shared for key in each.keys}
        queue.cancel_tasks([row for row in there if _key(row) in keys])

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return in one line why a task ended, or nothing; works without accounting."""
        return diagnosis.diagnose(plan, task)


def _names(plans: Iterable[Plan]) -> list[str]:
    return list(dict.fromkeys(plan.name for plan in plans))


def _key(row: queue.QueueRow) -> TaskKey:
    return TaskKey(row.name, row.task or 0)


def _is_there(job: Job, *, ended: bool = False) -> bool | None:
    """Whether a job is in the queue, or has begun; None where nobody knows.

    A job that was refused may be shown as one that has ended, which counts for those who say so.
    """
    rows = queue.read_queue([job.name])
    mine = [row for row in rows or () if _key(row).place in job.places]
    if any(ended or row.living for row in mine):
        return True
    begun = any(plan.events(task) for plan, tasks in job.tasks_at(job.places) for task in tasks)
    return True if begun else None if rows is None else False


def _cancel_stranded(job: Job) -> None:
    """Cancel what Slurm holds of earlier plans since a node could not start it."""
    runs = {plan.run for plan in job.plans if plan.number}
    names = _names(each for run in runs for each in list_plans(run) if each.has_own_name)
    queue.cancel_tasks([row for row in queue.read_queue(names) or () if row.is_stranded])


def _just_planned(plans: Iterable[Plan]) -> Iterator[TaskKey]:
    for plan in plans:
        if time.time() - plan.created < _GRACE_SECONDS:
            yield from plan.keys


def _explain_exclusion(job: Job, error: ExecutionError) -> str:
    return (
        f"no node is left for the job, since too much failed on {', '.join(sorted(job.excluded))}; "
        f"have them mended, or use another --partition, and go on with: datagen resume ({error})"
    )


def _partition_names(resources: Resources) -> set[str]:
    chosen = resources.options.get("partition") or resources.partition or ""
    return {name for name in str(chosen).split(",") if name}


def _run_task(work: Callable[[int], None], task: int) -> None:
    """Do the work of a task; the process ends here. Jobs that version 0.1 queued call it."""
    work(task)
    # Coming back, submitit would pickle a result that nobody reads, into a temporary file that an
    # earlier life of the task may have left, which it takes for a failure.
    raise SystemExit(0)
