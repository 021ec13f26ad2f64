"""The batch script of a job, which submitit writes.

It has all that a job runs, and Slurm keeps it as it was when it was submitted. Functions of
submitit are not used: a job would run what it finds in a file then, which others may write.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datagen_core.errors import ConfigurationError
from datagen_core.executors.base import Job, Resources
from datagen_core.store.sharing import rights_of

if TYPE_CHECKING:
    import submitit

_OURS = ("array", "error", "job-name", "output")
"""Options that say which task is whose; with others, tasks could not be found again."""

_PLACE = "--place=${SLURM_ARRAY_TASK_ID:-0}"
"""Which task of the list the worker does. A job of one task is no array."""

_LOG = "/dev/stdout"

_END_OF_LIST = "END OF TASKS"

_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""The name of a node, which comes from a file that others may write."""

_OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CONTROL = re.compile(r"[\0-\x1f\x7f]")
_EXPANDED = re.compile(r"[\0-\x1f\x7f\\]")
"""What `sbatch --output` cannot hold. Of a path with a backslash Slurm replaces no symbol."""


def check_header(resources: Resources) -> None:
    """Refuse what would be another line of the batch script than an option of sbatch.

    Raises
    ------
    ConfigurationError
        With the option.
    """
    named = {
        "partition": resources.partition, "mem": resources.memory, "account": resources.account,
        "qos": resources.qos, **resources.options,
    }  # fmt: skip
    for name, value in named.items():
        if not _OPTION.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is no option of sbatch; a name has letters, digits and hyphens"
            )
        if _CONTROL.search(str(value)):
            raise ConfigurationError(
                f"the option {name} is {str(value)!r}; take the control characters out of it"
            )


def write_text(job: Job, folder: str) -> str:
    """Return the batch script of a job. Writes nothing; submitit wants a folder for its own files.

    Raises
    ------
    RuntimeError
        Where there is no srun.
    """
    # submitit has no public way to see the script before it is submitted.
    return _prepare(job, folder)._make_submission_file_text(_worker_lines(job), uid="")  # noqa: SLF001


def _prepare(job: Job, folder: str) -> submitit.SlurmExecutor:
    """Return submitit's executor with all options set."""
    check_header(job.resources)
    with _logging_left_alone():
        import submitit  # all but submission works without it, and sooner
    executor = submitit.SlurmExecutor(folder=folder)
    plan, resources = job.plans[0], job.resources
    executor.update_parameters(
        job_name=plan.name,
        partition=resources.partition,
        account=resources.account,
        qos=resources.qos,
        time=resources.minutes if plan.minutes is None else plan.minutes,
        mem=resources.memory,
        cpus_per_task=resources.cpus,
        gpus_per_node=resources.gpus or None,
        array_parallelism=min(job.parallel, len(job.places)),
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


def _worker_lines(job: Job) -> str:
    """Return the lines of the batch script that are the worker.

    The batch shell is replaced by Python (`exec`), which so gets Slurm's SIGTERM itself, and whose
    death by a signal shows in the exit code of the job.
    """
    (python, *words), tasks = job.listed_command()
    command = shlex.join([python, "-u", *words])
    return "\n".join([f"exec {command} {_PLACE} <<'{_END_OF_LIST}'", *tasks, _END_OF_LIST])


def _setup_lines(job: Job) -> list[str]:
    threads = " ".join(f"{name}={count}" for name, count in job.environment.items())
    lines = [*_sharing_lines(job), f"export {threads}", *job.resources.setup]
    if _needs_shell(job):
        start, place, end = _log_of(job)
        number = '"$SLURM_ARRAY_TASK_ID"' if place else ""
        lines.insert(0, f"exec >>{shlex.quote(start)}{number}{shlex.quote(end)} 2>&1")
    return lines


def _sharing_lines(job: Job) -> list[str]:
    """Return what gives the log, which Slurm makes, the rights of the cache of a group."""
    rights = rights_of(job.plans[0].run.set.root.parent.parent)
    if rights is None:
        return []
    mode = rights.mode_of(stat.S_IFREG)
    return [f"{{ chgrp {rights.group} {_LOG} && chmod {mode:o} {_LOG}; }} 2>/dev/null"]


def _needs_shell(job: Job) -> bool:
    """Whether only the shell can write to the log: Slurm's own words are lost then."""
    return _EXPANDED.search("".join(_log_of(job))) is not None


def _log_of(job: Job) -> tuple[str, str, str]:
    """Return the path of the logs: what is before the number of a task, its symbol, and the end."""
    first = job.plans[0].log(0)
    start, array = str(first.with_suffix("")), job.size > 1
    return start.removesuffix("0") if array else start, "%a" if array else "", first.suffix


def _output(job: Job) -> str:
    """Return the path of the logs in the form of `sbatch --output`."""
    start, place, end = _log_of(job)
    return "/dev/null" if _needs_shell(job) else start.replace("%", "%%") + place + end


def _additional_options(job: Job) -> dict[str, str | bool]:
    options = {name.replace("_", "-"): value for name, value in job.resources.options.items()}
    # sbatch takes the beginning of a name for the name.
    if taken := sorted(name for name in options if any(own.startswith(name) for own in _OURS)):
        raise ConfigurationError(f"datagen sets these options itself: {', '.join(taken)}")
    additional: dict[str, str | bool] = {"output": _output(job)}
    if job.part is not None:
        part, parallel = job.part, min(job.parallel, len(job.part))
        additional["array"] = f"{part.start}-{part.stop - 1}%{parallel}"
    if not {"requeue", "no-requeue"} & set(options):
        # Requeued tasks wait for two minutes; a process that watches resubmits at once.
        additional["no-requeue" if job.waiting else "requeue"] = True
    if bad := sorted(filter(_NODE.fullmatch, job.excluded)):
        options["exclude"] = ",".join(filter(None, [str(options.get("exclude") or ""), *bad]))
    return additional | {name.replace("-", "_"): value for name, value in options.items()}
