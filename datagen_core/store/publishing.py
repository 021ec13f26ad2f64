"""The publish protocol: a file appears whole under its final name, or not at all.

Write to `tmp/`, fsync, link to the final name, unlink, fsync the folder. Visible files are never
modified. Of all protocols that were tried, only this one survived kill -9 at every system call and
simulated power loss.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from datagen_core.errors import CacheError

T = TypeVar("T")
R = TypeVar("R")

STALE_SECONDS = 24 * 3600.0
"""The age at which a temporary file of another host counts as litter."""

_WRITERS, _FEW = 8, 4

_NO_LINKS = {
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EXDEV,  # AFS links within one folder only
}


def temporary_path(folder: Path, name: str) -> Path:
    """Return an unused path in `folder`, whose name has the host and process that write it."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}~{os.uname().nodename}~{os.getpid()}~{os.urandom(16).hex()}.tmp"


@contextmanager
def publication(folder: Path, final: Path, *, equals: bool = True) -> Iterator[Path]:
    """Yield a temporary path in `folder` to write; publish it as `final` when the block succeeds.

    Put-if-absent: if `final` exists, what was written is dropped silently. That is right for files
    whose content follows from their name; `equals` is that of `publish`. Use `publish` where the
    caller must know which process was first.
    """
    temporary = temporary_path(folder, final.name)
    try:
        with naming(final, temporary):
            yield temporary
            publish(temporary, final, equals=equals)
    finally:
        temporary.unlink(missing_ok=True)


def publish(temporary: Path, final: Path, *, equals: bool = False) -> bool:
    """Make `temporary` appear as `final`, durably, unless `final` exists.

    Parameters
    ----------
    equals
        Whether everything ever published as `final` is equal, so that any process may be first.

    Returns
    -------
    bool
        True if the file was published, False if another process was first.

    Raises
    ------
    OSError
        If the disk is full, read-only or gone; nothing became visible.
    """
    sync(temporary)
    if not final.parent.exists():
        final.parent.mkdir(parents=True, exist_ok=True)
    won = _link(temporary, final, equals=equals)
    temporary.unlink(missing_ok=True)
    sync(final.parent)
    return won


def publish_own(final: Path, text: str) -> None:
    """Publish a text that only this user reads or writes: mode 0600, in a folder of mode 0700.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = temporary_path(final.parent, final.name)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (has no mode 0600)
            file.write(text)
        publish(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def is_own(path: Path) -> bool:
    """Whether there is a file that this user owns and nobody else can write; links do not count."""
    with suppress(OSError):
        state = path.lstat()
        kept = stat.S_ISREG(state.st_mode) and not state.st_mode & 0o022
        return kept and state.st_uid == os.geteuid()
    return False


def _link(temporary: Path, final: Path, *, equals: bool) -> bool:
    try:
        os.link(temporary, final)
    except FileExistsError:
        # A network file system may repeat a request whose reply was lost: then the file is ours.
        return _is_same(temporary, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename(temporary, final) if equals else _rename_under_claim(temporary, final)
    return True


def _is_same(temporary: Path, final: Path) -> bool:
    with suppress(FileNotFoundError):
        return temporary.stat().st_nlink == 2 and temporary.samefile(final)
    return False


def _rename(temporary: Path, final: Path) -> bool:
    """Publish without hard links, and without a claim: another file could only be equal."""
    if final.exists():
        return False
    temporary.rename(final)
    return True


def _rename_under_claim(temporary: Path, final: Path) -> bool:
    """Publish on a file system without hard links, after claiming the name."""
    claim = final.with_name(f"{final.name}.claim")
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:
        return _lost_to_claim(final, claim)
    if final.exists():
        claim.unlink()
        return False
    temporary.rename(final)
    claim.unlink()
    return True


def _lost_to_claim(final: Path, claim: Path, patience: float = 10.0) -> bool:
    """Wait for the owner of a claim. Never break the claim: its owner may only be paused."""
    deadline = time.monotonic() + patience
    while not final.exists():
        if time.monotonic() > deadline:
            raise CacheError(
                f"{final} is claimed by a process that does not finish; "
                f"when no datagen process is left, remove {claim} and try again"
            )
        time.sleep(0.05)
    return False


def in_parallel(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return what a function that publishes returns for each item, in their order.

    Many files at once: a file system writes their metadata together, and waits for its disk once.

    Raises
    ------
    Exception
        The first one that the function raised; what was not begun then is left.
    """
    if len(items) < _FEW:
        return list(map(function, items))
    from concurrent.futures import ThreadPoolExecutor  # reading publishes nothing

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(function, items))


def sync(path: Path) -> None:
    """Force a file or folder to disk; skip folders on file systems that do not support it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def naming(path: Path, instead_of: Path | None = None) -> Iterator[None]:
    """Add the file's name to errors of calls that have only a descriptor, or a temporary name."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename) == str(instead_of):
            error.filename, error.filename2 = str(path), None
        raise


def remove_litter(*folders: Path) -> int:
    """Remove the temporary files in folders whose writers are gone; return how many there were.

    Files that cannot be removed stay, as in a read-only cache.
    """
    litter = [path for folder in folders for path in folder.glob("*.tmp") if _is_litter(path)]
    for path in litter:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return len(litter)


def _is_litter(path: Path) -> bool:
    parts = path.name.split("~")
    if len(parts) == 4 and parts[1] == os.uname().nodename:
        return not Path("/proc", parts[2]).exists() and not _is_running(int(parts[2]))
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    return False


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
