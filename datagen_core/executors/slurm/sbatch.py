"""Handing a batch script to sbatch, whose answer is not needed: jobs are found by their names.

What stands for sbatch may print anything, or nothing, and may fail though it has submitted a job.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import NamedTuple

from datagen_core.errors import (
    ExecutionError,
    SchedulerFullError,
    SchedulerUnavailableError,
    as_line,
)
from datagen_core.executors.slurm import queue
from datagen_core.executors.slurm.environment import command_environment

_LONGEST_CALL = 300.0
_LONGEST_PAUSE = 0.1
_APPEAR_SECONDS = 10.0
"""How long a job may take into the queue where sbatch has not said that it is there."""

_SUBMITTED = re.compile(r"^Submitted batch job \d+", re.MULTILINE)
_RETRYING = b"sleeping and retrying"
"""What sbatch prints, and then asks for three minutes, while the queue is full."""

_UNREACHED = (
    "contact slurm controller", "timed out", "Connection refused", "Zero Bytes", "temporarily",
    "standby", "Unable to establish",
)  # fmt: skip

_FULL = re.compile(r"job queue full|temporarily unable to accept job", re.IGNORECASE)
_COUNTED = re.compile(r"MaxSubmit|SubmitJob|MaxJobs|too many jobs", re.IGNORECASE)
"""Limits of the number of jobs: fewer of them pass, or the same ones later."""

_POLICY = "accounting/QOS policy"
_NAMED = re.compile(r"\b(?:QOS|Assoc)[A-Z]\w+")
"""A limit's own name, which sbatch says before it says that some limit is in the way."""

_ARRAY = "Invalid job array specification"

Look = Callable[..., bool | None]
"""Whether a job is in the queue; None where nobody knows. With `ended`, one that was is enough."""


class _Answer(NamedTuple):
    """What sbatch said, and its exit code; None if it did not come back."""

    code: int | None
    words: str


def submit_script(command: Sequence[str], folder: Path, is_there: Look, *, one: bool) -> None:
    """Call sbatch and make sure that the job is there, or is not.

    Parameters
    ----------
    folder
        Where its answer is written.
    one
        Whether the job is one task, which cannot be cut.

    Raises
    ------
    SchedulerFullError
        When fewer tasks, or the same ones later, may pass.
    SchedulerUnavailableError
        When the controller does not answer. Whether the job is there may be unknown.
    ExecutionError
        When sbatch refuses the job, or there is none after all.
    """
    answer = _call(command, folder / "answer")
    if answer.code == 0:
        if not _SUBMITTED.search(answer.words):
            _wait_for_job(answer, is_there)
    elif not (found := is_there()):
        error = _refusal(answer, one=one)
        if found is None and not isinstance(error, SchedulerUnavailableError):
            raise SchedulerUnavailableError(f"{error}; whether it is there, squeue does not say")
        raise error


def _call(command: Sequence[str], output: Path) -> _Answer:
    with output.open("wb") as file:
        # With what it starts itself it is one group: a wrapper's sbatch ends with the wrapper.
        child = Popen(  # noqa: S603 (no shell)
            command,
            env=command_environment(),
            stdin=DEVNULL,
            stdout=file,
            stderr=STDOUT,
            start_new_session=True,
        )
    try:
        code = _wait(child, output)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return _Answer(code, output.read_text("utf-8", "replace"))


def _wait(child: Popen[bytes], output: Path) -> int | None:
    pause, deadline = 0.005, time.monotonic() + _LONGEST_CALL
    while child.poll() is None and time.monotonic() < deadline:
        if _RETRYING in output.read_bytes():
            return None
        time.sleep(pause)
        pause = min(1.3 * pause, _LONGEST_PAUSE)
    return child.returncode


def _wait_for_job(answer: _Answer, is_there: Look) -> None:
    deadline = time.monotonic() + _APPEAR_SECONDS
    while is_there(ended=True) is False:
        if time.monotonic() > deadline:
            raise ExecutionError(
                f"{shutil.which('sbatch')} says {as_line(answer.words, 200)!r} and exits with 0, "
                f"but {_APPEAR_SECONDS:.0f} s later no such job is in the queue; ask who has put "
                "it in front of sbatch"
            )
        time.sleep(0.5)


def _refusal(answer: _Answer, *, one: bool) -> ExecutionError:
    """Turn what sbatch printed into one line that says what to do."""
    line = _one_line(answer.words)
    if _FULL.search(line):
        return SchedulerFullError(f"Slurm's queue is full{_describe_queue()}")
    if _COUNTED.search(line) or _may_be_counted(line, one=one):
        return SchedulerFullError(f"Slurm takes no more jobs of yours: {line}")
    if answer.code is None or any(sign in line for sign in _UNREACHED):
        return SchedulerUnavailableError(f"Slurm does not answer: {line}; try again later")
    return ExecutionError(f"sbatch refused the job: {line}; {_advise(line)}")


def _may_be_counted(line: str, *, one: bool) -> bool:
    """Whether fewer tasks may pass where it is not said which limit is in the way."""
    if _ARRAY in line:
        return not one
    unnamed = _POLICY in line and not _NAMED.search(line)
    return unnamed and (not one or bool(queue.count_jobs(own=True)))


def _describe_queue() -> str:
    count, limit = queue.count_jobs(), None
    with suppress(SchedulerUnavailableError):
        limit = queue.read_limit("MaxJobCount")
    jobs = f", {count:,} jobs are in it" if count else ""
    return f"{jobs}, MaxJobCount is {limit:,}" if limit else jobs


def _one_line(words: str) -> str:
    lines = words.splitlines()
    lines = [line for line in lines if line.startswith("sbatch: ")] or lines
    lines = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in lines]
    told = [line.removeprefix("Batch job submission failed: ").strip() for line in lines]
    line = "; ".join(line for line in told if line and not line.startswith("Try "))
    return as_line(line, 300) or "no reason"


def _advise(line: str) -> str:
    if "partition" in line:
        with suppress(ExecutionError):
            return f"choose from: {', '.join(sorted(queue.read_partitions()))}"
    named = _NAMED.search(line)
    if _POLICY in line and not named:
        return "ask for a shorter --time, less --mem or fewer --cpus, or name another --qos"
    known = (
        ("emory", "ask for less memory"),
        ("Mem", "ask for less memory"),
        ("Wall", "ask for a shorter --time"),
        ("Cpu", "ask for fewer --cpus"),
        ("Gres", "ask for fewer --gpus"),
        ("gres", "ask for GPUs where there are some: --partition"),
        ("node configuration", "ask for fewer processors, GPUs or less memory"),
        ("job array", "ask for fewer jobs"),
        ("time", "ask for another time limit"),
        ("account", "name an account that you may use"),
        ("qos", "name a quality of service that you may use"),
        ("option", "remove or correct the option"),
    )
    text = named[0] if named else line
    return next((advice for sign, advice in known if sign in text), "change what was asked for")
