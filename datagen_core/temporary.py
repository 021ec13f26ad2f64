"""Names of what is being written, which tell everybody whether its writer is gone.

A name is `NAME~PLACE~PID~START~RANDOM.tmp`. The place is a digest of the boot and of the namespace
in which a process has its number, so that neither another machine or container of the same host
name nor a process after a reboot is taken for the writer. Number and start of a process are never
given twice in one place. What is of another place, or of an earlier version, whose names say less,
counts as left behind when it has not changed for a day, by the clock of its file server.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

STALE_SECONDS = 24 * 3600.0
"""The age at which something counts as left behind whose writer cannot be looked for here."""

_SUFFIX = ".tmp"
_NAME = re.compile(r"~([0-9a-f]{8})~([1-9][0-9]{0,6})~([0-9a-f]{1,12})~[0-9a-f]{12}\.tmp")
_NOWHERE = "0" * 8


def temporary_name(name: str) -> str:
    """Return an unused name for what this process is about to write as `name`."""
    pid = os.getpid()
    place, start = _identity(pid)
    return f"{name}~{place}~{pid}~{start:x}~{os.urandom(6).hex()}{_SUFFIX}"


@lru_cache(1)  # a forked process has another number
def _identity(pid: int) -> tuple[str, int]:
    """Return place and start of this process; nowhere if /proc does not show it."""
    proc = Path("/proc")
    try:
        if str((proc / "self").readlink()) != str(pid):  # /proc of another namespace
            return _NOWHERE, 0
        boot = (proc / "sys/kernel/random/boot_id").read_text()
        # Starts are counted from the boot as the namespace of times has it.
        spaces = [(proc / "self/ns" / kind).stat().st_ino for kind in ("pid", "time")]
        start = _start_of(pid)
    except OSError:
        return _NOWHERE, 0
    return sha256(f"{boot} {spaces}".encode()).hexdigest()[:8], start or 0


def _start_of(pid: int) -> int | None:
    """Return when a process started, in clock ticks; None for one that has ended, a zombie."""
    content = Path(f"/proc/{pid}/stat").read_bytes()
    state, *fields = content.rpartition(b")")[2].split()
    return None if state in b"ZX" else int(fields[18])


def _is_alive(pid: int, start: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return _start_of(pid) == start
    except OSError:  # ended this moment, or hidden from this user
        return True


def remove_abandoned(folder: int, prefix: str = "") -> int:
    """Remove the temporary files and folders whose writers are gone; return how many there were.

    No link is followed. What cannot be removed stays, as in a read-only cache.

    Parameters
    ----------
    folder
        The descriptor of an open folder.
    prefix
        How the names begin.
    """
    now = cache(lambda: _time_of_server(folder))
    names = [name for name in os.listdir(folder) if name.startswith(prefix)]
    found = [name for name in names if name.endswith(_SUFFIX) and _is_abandoned(folder, name, now)]
    for name in found:
        with suppress(OSError):
            remove_entry(folder, name)
    return len(found)


def _is_abandoned(folder: int, name: str, now: Callable[[], float]) -> bool:
    place, _ = _identity(os.getpid())
    writer = _NAME.search(name)
    if writer and writer[1] == place != _NOWHERE:
        return not _is_alive(int(writer[2]), int(writer[3], 16))
    try:
        return now() - _changed(folder, name) > STALE_SECONDS
    except OSError:  # it is gone, or nothing can be removed here anyway
        return False


def _changed(folder: int, name: str) -> float:
    """Return when a file was changed last, or anything in a folder."""
    state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    newest = state.st_mtime
    if stat.S_ISDIR(state.st_mode):
        for _, _, files, inner in os.fwalk(name, dir_fd=folder):
            for each in (".", *files):
                state = os.stat(each, dir_fd=inner, follow_symlinks=False)
                newest = max(newest, state.st_mtime)
    return newest


def _time_of_server(folder: int) -> float:
    """Return the time by the clock that stamps the files of a folder, which need not be ours."""
    name = temporary_name("clock")
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        os.unlink(name, dir_fd=folder)


def remove_entry(folder: int, name: str) -> None:
    """Remove what has this name in an open folder, with all that is in it; follow no link."""
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        import shutil  # what only reads does not need it

        shutil.rmtree(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)
