"""The Slurm executor. submitit writes and submits the batch script; all else is asked of Slurm.

Of submitit only submission is used. Its result pickles, its watcher and its checkpointing are not:
without accounting it waits for ever for a task that died, and it swallows SIGTERM. Nor are those of
functions: a job would run what it finds in a file then, which others may be able to write. The
batch script has all that a job runs, and Slurm keeps it as it was when it was submitted.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from datagen_core.errors import ConfigurationError, ExecutionError, SchedulerUnavailableError
from datagen_core.executors.base import Executor, Finding, Job, Resources, TaskState
from datagen_core.executors.slurm import diagnosis, examination, queue
from datagen_core.store.folders import make_folder
from datagen_core.store.runs import Plan, TaskKey
from datagen_core.store.sharing import rights_of

if TYPE_CHECKING:
    import submitit

_GRACE_SECONDS = 3.0
"""A job may take a moment from its submission to the queue."""

_OURS = {"array", "error", "job_name", "output"}
"""Options that say which task is whose; with others, tasks could not be found again."""

_PLACE = "--place=${SLURM_ARRAY_TASK_ID:-0}"
"""Which task of the list the worker does. A job of one task is no array."""

_LOG = "/dev/stdout"

_END_OF_LIST = "END OF TASKS"

_OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CONTROL = re.compile(r"[\0-\x1f\x7f]")

_UNREACHED = (
    "contact slurm controller", "timed out", "Connection refused", "Zero Bytes", "temporarily",
    "standby", "Unable to establish",
)  # fmt: skip


class SlurmExecutor(Executor):
    """Runs tasks as a Slurm job array, one job for each plan."""

    name = "slurm"
    needs_time_limit = True

    def available(self) -> str:
        """Return why jobs cannot be submitted from here, or nothing."""
        return queue.unavailable_reason()

    def complete(self, resources: Resources, earlier: Sequence[Plan] = ()) -> Resources:  # noqa: ARG002
        """Return the resources as they are.

        Raises
        ------
        ConfigurationError
            When an option would be more than one line of the batch script.
        """
        _check_header(resources)
        return resources

    def max_minutes(self, resources: Resources) -> int | None:
        """Return the partition's MaxTime; sbatch accepts more, and the job then pends for ever.

        Raises
        ------
        ExecutionError
            When there is no such partition, with the names of those that there are.
        """
        partitions = queue.read_partitions()
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
        """Return MaxArraySize, or MaxJobCount where that is less."""
        # Indices go up to MaxArraySize - 1; 0 turns arrays off.
        return max(1, min(queue.read_limit("MaxArraySize"), queue.read_limit("MaxJobCount")))

    def examine(self, resources: Resources) -> Sequence[Finding]:
        """Return what the controller says of itself, its partitions, accounts and limits."""
        account = str(resources.options.get("account") or os.environ.get("SBATCH_ACCOUNT", ""))
        return [*examination.examine(_partition_names(resources), account)]

    def describe(self, job: Job) -> str:
        """Return the batch script that `submit` would hand to sbatch. Writes nothing.

        Raises
        ------
        ExecutionError
            Where there is no Slurm.
        """
        try:
            executor = _prepare(job, gettempdir())
        except RuntimeError as error:
            raise ExecutionError(f"no batch script: {error}") from error
        # submitit has no public way to see the script before it is submitted.
        return executor._make_submission_file_text(_worker_lines(job), uid="")  # noqa: SLF001

    def submit(self, job: Job) -> None:
        """Submit one job array with all tasks of the job.

        The script lies in a folder of this user alone until sbatch has taken it.

        Raises
        ------
        ExecutionError
            When sbatch refuses, with its own words.
        SchedulerUnavailableError
            When the controller does not answer. Submit a new plan later.
        """
        try:
            make_folder(job.plans[0].log(0).parent)
            # submitit prints what sbatch says, which is in its exception too.
            with TemporaryDirectory(prefix="datagen-") as folder, redirect_stderr(StringIO()):
                _prepare(job, folder)._submit_command(_worker_lines(job))  # noqa: SLF001
        except RuntimeError as error:  # what all of submitit's errors are
            raise _refusal(str(error), job) from error
        except OSError as error:
            raise ExecutionError(f"cannot write the files of the job: {error}") from error
        except UnicodeEncodeError as error:
            raise ExecutionError(
                f"a batch script in {error.encoding} cannot hold a path or an option of this run; "
                "use plain letters, or the executor local"
            ) from error

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        """Return the living tasks, as squeue shows them; None when it fails or takes too long."""
        plans = [each for each in plans if each.has_own_name]
        rows = queue.read_queue(_names(plans))
        if rows is None:
            return None
        living = {TaskKey(row.name, row.task or 0): row.living for row in rows if row.living}
        # A job comes into the queue as a whole.
        seen = {row.name for row in rows}
        unseen = [each for each in plans if each.name not in seen]
        return living | {key: TaskState("queued") for key in _just_submitted(unseen)}

    def cancel(self, plans: Sequence[Plan]) -> None:
        """End the tasks of these plans, pending and running ones; others of their jobs go on.

        Raises
        ------
        SchedulerUnavailableError
            When the controller does not answer.
        """
        plans = [each for each in plans if each.has_own_name]
        rows = queue.read_queue(_names(plans))
        living = {row.name for row in rows or () if row.living}
        own = [each for each in plans if not each.is_shared]
        queue.cancel_jobs([each.name for each in own if rows is None or each.name in living])
        keys = {key for each in plans if each.is_shared for key in each.keys}
        queue.cancel_tasks([row for row in rows or () if row.living and _key(row) in keys])

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return in one line why a task ended, or nothing; works without accounting."""
        return diagnosis.diagnose(plan, task)


def _names(plans: Iterable[Plan]) -> list[str]:
    return list(dict.fromkeys(plan.name for plan in plans))


def _key(row: queue.QueueRow) -> TaskKey:
    return TaskKey(row.name, row.task or 0)


def _just_submitted(plans: Iterable[Plan]) -> Iterator[TaskKey]:
    for plan in plans:
        if time.time() - plan.created < _GRACE_SECONDS:
            yield from plan.keys


def _run_task(work: Callable[[int], None], task: int) -> None:
    """Do the work of a task; the process ends here. Jobs that version 0.1 queued call it."""
    work(task)
    # Coming back, submitit would pickle a result that nobody reads, into a temporary file that an
    # earlier life of the task may have left, which it takes for a failure.
    raise SystemExit(0)


def _worker_lines(job: Job) -> str:
    """Return the lines of the batch script that are the worker.

    The batch shell is replaced by Python (`exec`), which so gets Slurm's SIGTERM itself, and whose
    death by a signal shows in the exit code of the job.
    """
    (python, *words), tasks = job.listed_command()
    command = shlex.join([python, "-u", *words])
    return "\n".join([f"exec {command} {_PLACE} <<'{_END_OF_LIST}'", *tasks, _END_OF_LIST])


def _prepare(job: Job, folder: str) -> submitit.SlurmExecutor:
    """Return submitit's executor with all options set, which writes its script into a folder.

    Raises
    ------
    RuntimeError
        Where there is no srun.
    """
    _check_header(job.resources)
    with _logging_left_alone():
        import submitit  # all but submission works without it, and sooner
    executor = submitit.SlurmExecutor(folder=folder)
    plan, resources = job.plans[0], job.resources
    executor.update_parameters(
        job_name=plan.name,
        partition=resources.partition,
        time=resources.minutes if plan.minutes is None else plan.minutes,
        mem=resources.memory,
        cpus_per_task=resources.cpus,
        array_parallelism=min(job.parallel, job.size),
        setup=_setup_lines(job),
        stderr_to_stdout=True,
        # srun costs a quarter more, and hides that a task ran out of memory.
        use_srun=False,
        # Some sites refuse keys that they do not know.
        wckey=None,
        additional_parameters=_additional_options(job),
    )
    if job.size > 1:
        executor.parameters["map_count"] = job.size
    return executor


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """Keep submitit from configuring the logging of the whole process as it is imported."""
    variable = "SUBMITIT_LOG_LEVEL"
    former = os.environ.get(variable)
    os.environ[variable] = "NOCONFIG"
    try:
        yield
    finally:
        # Not for the tasks: their logs say more with it.
        os.environ.pop(variable)
        if former is not None:
            os.environ[variable] = former


def _setup_lines(job: Job) -> list[str]:
    threads = " ".join(f"{name}={count}" for name, count in job.environment.items())
    lines = [f"export {threads}", *job.resources.setup]
    lines[:0] = _sharing_lines(job)
    if job.size == 1:
        # Submitted from a task of an array, a job would take itself for that task.
        lines.insert(0, "unset SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID")
    return lines


def _sharing_lines(job: Job) -> list[str]:
    """Return what gives the log, which Slurm makes, the rights of the cache of a group."""
    rights = rights_of(job.plans[0].run.set.root.parent.parent)
    if rights is None:
        return []
    mode = rights.mode_of(stat.S_IFREG)
    return [f"{{ chgrp {rights.group} {_LOG} && chmod {mode:o} {_LOG}; }} 2>/dev/null"]


def _check_header(resources: Resources) -> None:
    """Refuse what would be another line of the batch script than an option of sbatch.

    Raises
    ------
    ConfigurationError
        With the option.
    """
    named = {"partition": resources.partition, "mem": resources.memory, **resources.options}
    for name, value in named.items():
        if not _OPTION.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is no option of sbatch; a name has letters, digits and hyphens"
            )
        if _CONTROL.search(str(value)):
            raise ConfigurationError(
                f"the option {name} is {str(value)!r}; take the control characters out of it"
            )


def _additional_options(job: Job) -> dict[str, str | bool]:
    options = {name.replace("-", "_"): value for name, value in job.resources.options.items()}
    if taken := sorted(_OURS & set(options)):
        raise ConfigurationError(f"datagen sets these options itself: {', '.join(taken)}")
    output = str(_log_pattern(job))
    if _CONTROL.search(output):
        raise ConfigurationError(f"Slurm cannot write to {output!r}; use another --cache")
    additional: dict[str, str | bool] = {"output": output}
    if not {"requeue", "no_requeue"} & set(options):
        # Requeued tasks wait for two minutes; a process that watches resubmits at once.
        additional["no_requeue" if job.waiting else "requeue"] = True
    return additional | options


def _log_pattern(job: Job) -> Path:
    """Return the path of the logs in the form of `sbatch --output`."""
    first = job.plans[0].log(0)
    stem = first.stem.removesuffix("0") + "%a" if job.size > 1 else first.stem
    return Path(str(first.parent).replace("%", "%%")) / f"{stem}{first.suffix}"


def _partition_names(resources: Resources) -> set[str]:
    chosen = (
        resources.options.get("partition")
        or resources.partition
        or os.environ.get("SBATCH_PARTITION", "")
    )
    return {name for name in str(chosen).split(",") if name}


def _refusal(words: str, job: Job) -> ExecutionError:
    """Turn what sbatch printed into one line that says what to do."""
    line = _one_line(words)
    if any(sign in line for sign in _UNREACHED):
        # The answer may be lost, and the job there; without its files it could only fail.
        if "contact slurm controller" not in line:
            with suppress(SchedulerUnavailableError):
                queue.cancel_jobs([job.plans[0].name])
        return SchedulerUnavailableError(f"Slurm does not answer: {line}; try again later")
    return ExecutionError(f"sbatch refused the job: {line}; {_advice(line)}")


def _one_line(words: str) -> str:
    lines = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in words.splitlines()]
    told = [line.removeprefix("Batch job submission failed: ").strip() for line in lines]
    return "; ".join(line for line in told if line and not line.startswith("Try ")) or "no reason"


def _advice(line: str) -> str:
    if "partition" in line:
        with suppress(ExecutionError):
            return f"choose from: {', '.join(sorted(queue.read_partitions()))}"
    known = (
        ("emory", "ask for less memory"),
        ("node configuration", "ask for fewer processors or less memory"),
        ("job array", "ask for fewer jobs"),
        ("time", "ask for another time limit"),
        ("account", "name an account that you may use"),
        ("option", "remove or correct the option"),
    )
    return next((advice for sign, advice in known if sign in line), "change what was asked for")
