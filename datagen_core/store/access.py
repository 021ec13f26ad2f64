"""What this user may not read in a cache that several people share, and to whom it belongs."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from datagen_core.errors import (
    CacheError,
    DamagedFileError,
    DatagenError,
    UnreadableError,
    in_one_line,
)


def unreadable(path: Path) -> UnreadableError:
    """Return the error for a file or folder that this user may not read.

    It names what is in the way, which may be a folder above it, and the owner of that.
    """
    barrier, owner = _find_owner(path)
    message = f"{barrier} cannot be read: permission denied; it belongs to {owner}"
    return UnreadableError(message, path=str(barrier), owner=owner)


_NOT_A_FILE = {
    errno.EFBIG, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENXIO
}  # fmt: skip
"""What opening says where something else has the name of a file, or of a folder."""


def unusable(path: Path, error: OSError) -> CacheError:
    """Return the error for a file or folder of a cache that could not be opened or read."""
    if isinstance(error, PermissionError):
        return unreadable(path)
    reason = error.strerror or str(error)
    if error.errno in _NOT_A_FILE:
        return DamagedFileError(
            f"{path} is damaged: something else is in its place ({reason}); move it away, and "
            "restore it from a backup"
        )
    return CacheError(f"{path} cannot be read: {reason}")


def explain(error: OSError) -> CacheError:
    """Return what an error of the operating system says, in one line that names the file."""
    if error.filename is None:
        return CacheError(str(error.strerror or error))
    path = Path(os.fsdecode(error.filename))
    if not isinstance(error, PermissionError):
        return CacheError(f"{error.strerror}: {path}")
    if is_unreadable(path):
        return unreadable(path)
    barrier, owner = _find_owner(path)
    reason = f"permission denied; {barrier} belongs to {owner}"
    return CacheError(f"{path} cannot be written: {reason}")


def fault_of(what: object, error: Exception) -> DatagenError:
    """Return what reading `what` failed by, in one line; a cache may make a reader fail in any way.

    An error that is not one of datagen's, or of the operating system, is damage that has no file.
    """
    if isinstance(error, DatagenError):
        return error
    if isinstance(error, OSError):
        return explain(error)
    words = f"{what} is damaged: {in_one_line(error)}; `datagen verify` may say where"
    return DamagedFileError(words)


def is_unreadable(path: Path) -> bool:
    """Return whether a file or folder is there, or may be, and this user may not read it."""
    try:
        path.stat()  # of a link that leads nowhere, or round, there is nothing to read
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK)


def _find_owner(path: Path) -> tuple[Path, str]:
    """Return the lowest of a path and the folders above it that can be looked at, and its owner."""
    for each in (path, *path.parents):
        with suppress(OSError):  # the one above is in the way, or nothing is there
            return each, user_named(each.stat().st_uid)
    return path, "nobody who is known"


@lru_cache
def user_named(uid: int) -> str:
    """Return the name of a user; `user 2001` where this machine knows none."""
    import pwd  # few folders of a cache are closed to its readers

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
