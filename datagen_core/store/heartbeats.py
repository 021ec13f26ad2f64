"""Signs of life: who works on a task touches the task's journal every fifteen seconds.

Only the time of modification changes, by the file server's clock, and only that clock says how long
ago it was: those of two machines may differ by hours. Everybody who can read the cache sees it,
also where the processes and the jobs of other users are hidden.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

BEAT_SECONDS = 15.0
_MISSED = 20
"""This many beats are missed by who is dead. A process that is stopped, or whose native code keeps
the interpreter's lock, misses some."""

_SILENT_SECONDS = 24 * 3600.0
"""Earlier versions had no heartbeat, and wrote a line now and then, at least with each batch."""

_CLOCK_SECONDS = 60.0


@contextmanager
def beating(*paths: Path) -> Iterator[None]:
    """Touch files or folders every 15 s inside the block, from a thread that ends with it.

    A file that is gone is not made again. A child that is forked inside the block does not beat.
    """
    stop, owner = threading.Event(), os.getpid()
    thread = threading.Thread(target=_beat, args=(paths, stop), name="heartbeat", daemon=True)
    with suppress(RuntimeError):  # this user may have no more threads
        thread.start()
    try:
        yield
    finally:
        if os.getpid() == owner and thread.ident is not None:
            stop.set()
            thread.join()


def _beat(paths: Sequence[Path], stop: threading.Event) -> None:
    # A signal is for the main thread, whose system calls it interrupts.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while not stop.wait(BEAT_SECONDS):
        for path in paths:
            with suppress(OSError):
                os.utime(path, follow_symlinks=False)


class _Server(NamedTuple):
    """A file server: what its clock is ahead of `time.monotonic` here, and who we are there."""

    lead: float
    user: int


def _server(folder: Path) -> _Server:
    return _ask_server(folder, int(time.monotonic() / _CLOCK_SECONDS))


@lru_cache(64)
def _ask_server(folder: Path, _: int) -> _Server:
    """Ask once a minute, with a file of our own that nobody sees."""
    import tempfile  # what only lists asks nobody

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.utime(file.fileno())
            state = os.fstat(file.fileno())
            return _Server(state.st_mtime - time.monotonic(), state.st_uid)
    except OSError:  # who cannot write there starts and removes nothing, and only looks
        return _Server(time.time() - time.monotonic(), os.geteuid())


def clock(folder: Path) -> float:
    """Return the time by the clock of the server that holds a folder, in seconds since the epoch.

    A file that nobody sees is made there to read it; who may not write there has the clock here.
    """
    return time.monotonic() + _server(folder).lead


def age(path: Path, folder: Path) -> float:
    """Return how many seconds ago a file was touched, by the clock of the server that holds it.

    Parameters
    ----------
    folder
        A folder of the same cache, where a file is made to read the clock.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    # Opened, since network file systems show the times of an unopened file as they were.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        touched = os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
    return clock(folder) - touched


def is_beating(path: Path, folder: Path, start: Mapping[str, Any] | None = None) -> bool:
    """Return whether somebody gives signs of life by touching a file.

    Parameters
    ----------
    folder
        As for `age`.
    start
        The event with which a journal begins; those of earlier versions are touched less often.
    """
    patience = _MISSED * BEAT_SECONDS
    if start is not None and "beats" not in start:
        patience = _SILENT_SECONDS
    with suppress(OSError):
        return age(path, folder) < patience
    return False


def owner_of(path: Path, folder: Path) -> int | None:
    """Return which other user a file belongs to; None where it is this user's, or gone.

    To root, nothing of others is hidden, so that nothing counts as another's.
    """
    with suppress(OSError):
        owner = path.stat(follow_symlinks=False).st_uid
        if os.geteuid() and owner != os.geteuid() and owner != _server(folder).user:
            return owner
    return None
