"""The local executor: each task is a process of this machine, which outlives its starter.

A small Slurm: the processes are sessions of their own, so closing a terminal or killing the
submitting process loses nothing. Which process does what is written down beside the run, and a
process is recognised by pid and start time.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

from datagen_core.errors import ConfigurationError, DamagedFileError, ExecutionError, count_of
from datagen_core.executors.base import DIED, Executor, Job, Resources, TaskState
from datagen_core.executors.processes import (
    TaskAddress,
    death_in_log,
    describe_exit,
    describe_process,
    end_processes,
    find_process,
    find_worker,
    find_workers,
    is_here,
    is_own,
    is_worker,
    read_of_workers,
    read_tasks,
    record_end,
)
from datagen_core.store import forms
from datagen_core.store.folders import open_to_append
from datagen_core.store.heartbeats import is_beating
from datagen_core.store.journals import record_death
from datagen_core.store.publishing import in_parallel
from datagen_core.store.runs import Plan, TaskKey

_START_SECONDS = 10.0
"""Processes of a plan may still be about to start this long after it was published."""

_PATIENCE = 10.0

_LEAST_PROCESSES, _PROCESSES_PER_CPU = 64, 16
"""A process takes 40 MB before its generator begins."""

_GPUS = "CUDA_VISIBLE_DEVICES"


class LocalExecutor(Executor):
    """Runs tasks as processes of this machine."""

    name = "local"
    ends_with_caller = True
    gives_gpus = True
    shares_processors = True

    # Kept so that ended children are reaped, by the run that looks next: a task is over a moment
    # before its process is. Children of other processes are not our concern.
    _children: ClassVar[list[subprocess.Popen[bytes]]] = []
    _stillborn: ClassVar[dict[TaskAddress, int]] = {}

    def max_parallel(self) -> int:
        """Return how many processes are started at most: more would stop the machine."""
        return max(_LEAST_PROCESSES, _PROCESSES_PER_CPU * (os.cpu_count() or 1))

    def complete(self, resources: Resources, earlier: Sequence[Plan] = ()) -> Resources:  # noqa: ARG002
        """Return the resources as they are.

        Raises
        ------
        ConfigurationError
            When a process asks for more GPUs than this one sees.
        """
        if resources.gpus > len(seen := _visible_gpus()):
            raise ConfigurationError(
                f"{resources.gpus} GPUs for a job are more than the {len(seen)} that are visible "
                f"here{f' ({_GPUS}={shown})' if (shown := os.environ.get(_GPUS)) else ''}; ask for "
                "fewer --gpus, or use another --executor"
            )
        return resources

    def describe(self, job: Job) -> str:
        """Return what would happen, for people."""
        count, resources = len(_share_gpus(job).divide()), job.resources
        gpus = f" and {count_of(resources.gpus, 'GPU')}" if resources.gpus else ""
        return (
            f"{count_of(count, 'process')} of this machine, "
            f"{count_of(resources.cpus, 'thread')}{gpus} each"
        )

    def submit(self, job: Job) -> None:
        """Start at most `parallel` processes, each for an equal share of the tasks.

        There are fewer where each sees GPUs that no other one does.
        """
        workers: dict[TaskKey, list[dict[str, Any]]] = {plan.key(0): [] for plan in job.plans}
        job = _share_gpus(job)
        lists = read_of_workers(_GPUS) if job.resources.gpus else []
        used = Counter(name for names in lists for name in names.split(","))
        for places in job.divide():
            gpus = sorted(_visible_gpus(), key=used.__getitem__)[: job.resources.gpus]
            used.update(gpus)
            process = describe_process(self._start(job, places, gpus).pid)
            for plan, tasks in job.tasks_at(places):
                workers[plan.key(0)].append({**process, "tasks": tasks})
        in_parallel(lambda plan: plan.keep_receipt({"workers": workers[plan.key(0)]}), job.plans)

    def _start(
        self, job: Job, places: Sequence[int], gpus: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        plan, tasks = job.tasks_at(places)[0]
        seen = {_GPUS: ",".join(gpus)} if gpus else {}
        with open_to_append(plan.log(tasks[0])) as output:
            child = subprocess.Popen(  # noqa: S603 (our own module, no shell)
                job.command(places),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **job.environment, **seen},
            )
        self._children.append(child)
        return child

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState]:
        """Return the living tasks; on another machine, those that give signs of life."""
        self._reap()
        states: dict[TaskKey, TaskState] = {}
        for plan in plans:
            states |= _living(plan, _workers(plan))
        return states

    @classmethod
    def _reap(cls) -> None:
        """Write down how children ended: nobody else will know."""
        ended = [child for child in cls._children if child.poll() is not None]
        cls._children[:] = [child for child in cls._children if child not in ended]
        for child in ended:
            tasks: list[TaskAddress] = []
            with suppress(DamagedFileError, OSError):  # their list is gone
                tasks = read_tasks(cast("list[str]", child.args))
            if not record_end(tasks, child.returncode):
                cls._stillborn.update(dict.fromkeys(tasks, child.returncode))

    def cancel(self, plans: Sequence[Plan]) -> None:
        """End the processes: SIGTERM, then after ten seconds SIGKILL.

        Raises
        ------
        ExecutionError
            When some are another user's, who alone may end them.
        """
        parts = [(plan, each) for plan in plans for each in _workers(plan) if is_here(each)]
        processes = {each.pid: each for _, worker in parts if (each := find_process(worker))}
        own = [each for each in processes.values() if is_own(each)]
        foreign = processes.keys() - {each.pid for each in own}
        living = {key for plan in plans for key, _ in _living(plan, _workers(plan))}
        for plan, worker in parts:
            if worker["pid"] in foreign:
                living -= {plan.key(task) for task in worker["tasks"]}
        end_processes(own, _PATIENCE)
        for plan in plans:
            for task in range(len(plan.tasks)):
                if plan.key(task) in living:
                    record_death(plan.run.journal(plan.number, task), "cancelled")
        for pid in foreign:
            raise ExecutionError(
                f"process {pid} is {processes[pid].username()}'s, who alone can cancel it"
            )

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return how it died, unless its journal has a last word of its own."""
        if plan.last_word(task):
            return ""
        if plan.events(task):
            return death_in_log(plan.log(task)) or f"{DIED}killed"
        code = self._stillborn.get(TaskAddress(plan.run, plan.number, task))
        return "killed before it began" if code is None else f"{describe_exit(code)}, as it began"


def _visible_gpus() -> list[str]:
    """Return the GPUs that this process sees, by number or name."""
    shown = os.environ.get(_GPUS)
    if shown is None:
        return [str(number) for number in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]
    names = [name.strip() for name in shown.split(",")]
    # CUDA sees nothing from the first one on that it does not know, such as -1.
    hidden = (place for place, name in enumerate(names) if name in {"", "-1", "NoDevFiles"})
    return names[: next(hidden, len(names))]


def _share_gpus(job: Job) -> Job:
    """Return a job with no more processes at once than have GPUs of their own."""
    if not job.resources.gpus:
        return job
    places = len(_visible_gpus()) // job.resources.gpus
    return job._replace(parallel=max(1, min(job.parallel, places)))


_worker = forms.keys({
    "host": forms.text, "pid": forms.whole, "started": forms.number,
    "tasks": forms.each(forms.whole),
})  # fmt: skip
_receipt = forms.keys({}, {"workers": forms.each(_worker)})


def _workers(plan: Plan) -> list[dict[str, Any]]:
    """Find the processes of a plan: from the receipt, or as whose starter died before it wrote it.

    The latter have written into journals, or are about to.
    """
    receipt = plan.read_receipt(_receipt)
    workers = (
        receipt.get("workers", [])
        if receipt is not None
        else [*_begun(plan), *find_workers(plan.run, plan.number)]
    )
    return [worker for worker in workers if _is_believable(worker, plan)]


def _begun(plan: Plan) -> Iterator[dict[str, Any]]:
    for task in range(len(plan.tasks)):
        for event in plan.events(task):
            if event["event"] == "start" and isinstance(event.get("host"), str):
                yield {**event, "tasks": [task]}


def _is_believable(worker: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a process may be a worker of a plan: others who write here may name any process."""
    if not set(worker["tasks"]) <= set(range(len(plan.tasks))):
        return False
    process = find_process(worker) if is_here(worker) else None
    return process is None or is_worker(process, plan.run, plan.number)


def _living(plan: Plan, workers: list[dict[str, Any]]) -> Iterator[tuple[TaskKey, TaskState]]:
    if not workers and time.time() - plan.created < _START_SECONDS:
        for key in plan.keys:
            yield key, TaskState("queued", "its process is about to start")
    for worker in workers:
        tasks = worker["tasks"]
        state = find_worker(plan, worker, partial(_any_beats, plan, tasks))
        if state is not None:
            for task in (each for each in tasks if not plan.last_word(each)):
                yield plan.key(task), state


def _any_beats(plan: Plan, tasks: Sequence[int]) -> bool:
    """Whether a process that works through tasks gives signs of life."""
    if is_beating(plan.job_folder, plan.run.set.root.parent):
        return True
    return any(plan.is_beating(task) for task in tasks if not plan.last_word(task))
