"""Processes of this machine: who am I, is that one still alive, and how did it die.

The owner of psutil.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from datagen_core.errors import DamagedFileError, NewerFormatError
from datagen_core.executors.base import DIED, WORKER, Recipe, TaskState
from datagen_core.files import open_regular, read_regular
from datagen_core.store.journals import last_word, read_journal, record_death
from datagen_core.store.layout import RunPaths, SetPaths
from datagen_core.store.runs import Plan

_GONE = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
_MOST_PID = 2**31 - 1
_SAME_START = 2.0
"""Clocks may be set while a process runs; two processes with one pid start further apart."""

_INPUT = "@-"
_LIST = re.compile(r"@(.*?)(?:#([0-9a-f]{64}))?", re.DOTALL)

_SCAN_SECONDS = 0.5

_TAIL_BYTES = 16_384
_FATAL = "Fatal Python error: "
_FATAL_SIGNALS = {
    "Segmentation fault": signal.SIGSEGV,
    "Aborted": signal.SIGABRT,
    "Bus error": signal.SIGBUS,
    "Floating point exception": signal.SIGFPE,
    "Illegal instruction": signal.SIGILL,
}
"""What `faulthandler` writes when one of these signals ends a process."""

_ASKED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""Signals by which somebody ends a process."""


def describe_process(pid: int | None = None) -> dict[str, Any]:
    """Return what identifies a process: host, pid and start time. A pid alone is used again."""
    started = _own_start(os.getpid()) if pid is None else psutil.Process(pid).create_time()
    pid = os.getpid() if pid is None else pid
    return {"host": socket.gethostname(), "pid": pid, "started": started}


def describe_job() -> dict[str, str | None]:
    """Return what Slurm says of where this process is."""
    node = os.environ.get("SLURMD_NODENAME")
    return {"job": os.environ.get("SLURM_JOB_ID")} | ({"node": node} if node else {})


@lru_cache(1)  # a process that works through many tasks describes itself for each
def _own_start(pid: int) -> float:
    return psutil.Process(pid).create_time()


def peak_memory() -> int | None:
    """Return the most memory that this process and the largest of its children used, in bytes.

    What the kernel counts for `getrusage` begins with the memory of the process that started it.
    """
    with suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
        own = int(status.partition("VmHWM:")[2].split()[0])
        return 1024 * (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return None


def is_here(identity: Mapping[str, Any]) -> bool:
    """Return whether the process was started on this machine."""
    return bool(identity.get("host") == socket.gethostname())


def find_process(identity: Mapping[str, Any]) -> psutil.Process | None:
    """Return a living process of this machine, None when it is gone or a zombie.

    An identity from a file may be anything, and any process: see `is_worker` and `is_own`.
    """
    pid, started = identity.get("pid"), identity.get("started")
    if not (isinstance(pid, int) and isinstance(started, int | float) and 0 < pid <= _MOST_PID):
        return None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME_START
        if same and process.status() not in _GONE:
            return process
    return None


def is_own(process: psutil.Process) -> bool:
    """Return whether this user has started a process."""
    with suppress(psutil.Error):
        return bool(process.uids().real == os.getuid())
    return False


def is_of_owner(process: psutil.Process, path: Path) -> bool:
    """Return whether the user who owns a file has started a process, and may have written of it."""
    with suppress(psutil.Error, OSError):
        return bool(process.uids().real == path.stat(follow_symlinks=False).st_uid)
    return False


def is_worker(process: psutil.Process, run: RunPaths, plan: int) -> bool:
    """Return whether a process works on a plan, as its command line says.

    Of another user's process only that it is a worker; it is not signalled.
    """
    with suppress(psutil.Error):
        found = _plans_of(process.pid, process.create_time())
        return found is None or (run.number, plan) in _of_set(found, run.set.root)
    return False


def read_of_workers(variable: str) -> Iterator[str]:
    """Yield a variable of each worker's environment, as far as this user may look at them."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if ("-m", WORKER) in pairwise(process.cmdline()):
                yield process.environ().get(variable, "")


def find_workers(run: RunPaths, plan: int) -> list[dict[str, Any]]:
    """Return this user's workers of a plan on this machine, each with its tasks of the plan."""
    return _all_workers(int(time.monotonic() / _SCAN_SECONDS)).get((run, plan), [])


@lru_cache(1)  # thousands of plans may be looked for
def _all_workers(_: int) -> dict[tuple[RunPaths, int], list[dict[str, Any]]]:
    found: dict[tuple[RunPaths, int], list[dict[str, Any]]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, DamagedFileError, OSError, ValueError):
            command = process.cmdline()
            if ("-m", WORKER) not in pairwise(command) or not is_own(process):
                continue
            tasks = read_tasks(word for word in command if word != _INPUT)
            for plan, some in groupby(tasks, key=lambda task: (task.run, task.plan)):
                worker = {**describe_process(process.pid), "tasks": [task.task for task in some]}
                found.setdefault(plan, []).append(worker)
    return found


def _of_set(found: Mapping[str, set[tuple[int, int]]], root: Path) -> set[tuple[int, int]]:
    """Return what a worker has of a set, which it may know by another path."""
    if str(root) in found:
        return found[str(root)]
    same = (each for each in found if Path(each).name == root.name)
    with suppress(OSError):
        return next((found[each] for each in same if root.samefile(each)), set())
    return set()


@lru_cache(1024)  # a process may have the tasks of thousands of plans
def _plans_of(pid: int, _started: float) -> dict[str, set[tuple[int, int]]] | None:
    """Return runs and plans in the command line of a worker, by set; None where all is believed."""
    process = psutil.Process(pid)
    command = process.cmdline()
    if ("-m", WORKER) not in pairwise(command):
        return {}
    if not is_own(process):  # the list of its tasks may be anything, such as a pipe
        return None
    found: dict[str, set[tuple[int, int]]] = {}
    with suppress(DamagedFileError, OSError, ValueError):
        for task in read_tasks(word for word in command if word != _INPUT):
            found.setdefault(str(task.run.set.root), set()).add((task.run.number, task.plan))
    return found


def is_stopped(process: psutil.Process) -> bool:
    """Return whether a process was stopped (SIGSTOP) and waits for SIGCONT."""
    with suppress(psutil.Error):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def find_worker(
    plan: Plan, identity: Mapping[str, Any], is_beating: Callable[[], bool]
) -> TaskState | None:
    """Return what a process does that works on a plan; None when it is dead.

    Those on other machines, and of other users, may not be seen: they live as long as they give
    signs of life, which `is_beating` looks for.
    """
    process = find_process(identity) if is_here(identity) else None
    if process is not None:
        stopped = f"process {process.pid} is stopped; `kill -CONT {process.pid}` lets it go on"
        return TaskState("running", stopped if is_stopped(process) else "")
    is_hidden = not is_here(identity) or plan.owner is not None
    if is_hidden and is_beating():
        return TaskState("running", f"on {identity['host']}")
    return None


def end_processes(processes: Iterable[psutil.Process], patience: float) -> None:
    """Send SIGTERM, and after `patience` seconds SIGKILL to those that are left."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
            process.resume()  # a stopped process hears SIGTERM only when it goes on
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def describe_exit(code: int) -> str:
    """Return in one line how a process died, as `Executor.diagnose` has it.

    `code` is its exit code, or the negative number of the signal that ended it, as `subprocess` has
    it.
    """
    if code >= 0:
        return f"{DIED}exit code {code}"
    name = f"signal {-code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    if -code in _ASKED:
        return f"ended by {name}"
    # The kernel's own guard of memory leaves no other trace than this.
    return f"{DIED}{name}{', perhaps out of memory' if -code == signal.SIGKILL else ''}"


def death_in_log(path: Path) -> str:
    """Return how a process died that wrote to this log, as `faulthandler` says, or nothing."""
    lines = []
    with suppress(OSError):
        lines = [line for line in read_tail(path) if line.startswith(_FATAL)]
    if not lines:
        return ""
    what = lines[-1].removeprefix(_FATAL)
    return describe_exit(-_FATAL_SIGNALS[what]) if what in _FATAL_SIGNALS else DIED + lines[-1]


def read_tail(path: Path) -> list[str]:
    """Return the last lines of a log.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with open(open_regular(path), "rb") as file:  # noqa: PTH123 (a descriptor)
        file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
        return file.read().decode(errors="replace").splitlines()


class TaskAddress(NamedTuple):
    """Where a task is: its run, and the numbers of its plan and of the task itself."""

    run: RunPaths
    plan: int
    task: int

    @property
    def plan_address(self) -> tuple[str, int, int]:
        """Where its plan is: the folder of its set, the number of its run, and the plan's own."""
        return str(self.run.set.root), self.run.number, self.plan

    @property
    def journal(self) -> Path:
        """The task's journal."""
        return self.run.journal(self.plan, self.task)


def read_recipe(command: Iterable[str]) -> Recipe | None:
    """Return what a worker runs, from its command line; None on one of an earlier version.

    Raises
    ------
    NewerFormatError
        If a later version wrote it, whose further words may decide what runs.
    """
    found: list[dict[str, str]] = [json.loads(word) for word in command if word.startswith("{")]
    if not found:
        return None
    if more := found[0].keys() - {*Recipe._fields}:
        raise NewerFormatError(
            f"this job was submitted by a newer datagen, which says {', '.join(sorted(more))} of "
            "it: update datagen, or submit what is missing again: datagen resume"
        )
    return Recipe(**found[0])


def read_tasks(command: Iterable[str]) -> list[TaskAddress]:
    """Return the tasks of a worker, in their order, from its command line (`Job.command`).

    Raises
    ------
    DamagedFileError
        If the file that lists them is not the one that was written for this command line.
    """
    addresses = [word for word in command if word[:1] in {"[", "@"}]
    return [task for address in addresses for task in _parse_address(address)]


def _parse_address(address: str) -> Iterator[TaskAddress]:
    listed = _LIST.fullmatch(address)
    if listed:
        for line in _read_list(*listed.groups()).splitlines():
            yield from _parse_address(line)
        return
    root, run, plan, tasks = json.loads(address)
    for task in tasks:
        yield TaskAddress(SetPaths(Path(root)).run(run), plan, task)


def _read_list(path: str, digest: str | None) -> str:
    """Return a list of tasks; the command lines of earlier versions have no digest of it."""
    content = sys.stdin.buffer.read() if path == "-" else read_regular(path)
    if digest not in {None, sha256(content).hexdigest()}:
        raise DamagedFileError(
            f"{path} is not the list of tasks that was written when they were submitted; submit "
            "them again: datagen resume"
        )
    return content.decode()


def record_end(tasks: Sequence[TaskAddress], code: int) -> int:
    """Write into journals that the process which worked through these tasks is dead.

    Return how many of the tasks it has begun.
    """
    if not tasks or last_word(tasks[-1].journal):  # the usual end, without a look at each
        return len(tasks)
    for place, task in enumerate(tasks):
        if not last_word(task.journal):
            record_death(task.journal, describe_exit(code))
            return place + bool(read_journal(task.journal))
    return len(tasks)
