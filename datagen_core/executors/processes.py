"""Processes of this machine: who am I, and is that one still alive. The owner of psutil."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psutil

_GONE = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
_SAME_START = 2.0
"""Clocks may be set while a process runs; two processes with one pid start further apart."""


def describe_process(pid: int | None = None) -> dict[str, Any]:
    """Return what identifies a process: host, pid and start time. A pid alone is used again."""
    started = _own_start(os.getpid()) if pid is None else psutil.Process(pid).create_time()
    pid = os.getpid() if pid is None else pid
    return {"host": socket.gethostname(), "pid": pid, "started": started}


@lru_cache(1)  # a process that works through many tasks describes itself for each
def _own_start(pid: int) -> float:
    return psutil.Process(pid).create_time()


def is_here(identity: Mapping[str, Any]) -> bool:
    """Return whether the process was started on this machine."""
    return bool(identity["host"] == socket.gethostname())


def find_process(identity: Mapping[str, Any]) -> psutil.Process | None:
    """Return a living process of this machine, None when it is gone or a zombie."""
    with suppress(psutil.Error):
        process = psutil.Process(identity["pid"])
        same = abs(process.create_time() - identity["started"]) < _SAME_START
        if same and process.status() not in _GONE:
            return process
    return None


def is_stopped(process: psutil.Process) -> bool:
    """Return whether a process was stopped (SIGSTOP) and waits for SIGCONT."""
    with suppress(psutil.Error):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


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
