"""The rights of what is written in a cache of a group: mode and group are those of its folder.

A cache is a group's if the group may write into its folder. Then the umask of whoever writes does
not count, as with git's `core.sharedRepository`: a folder gets the mode of the cache's folder, with
setgid where that has it, a file the same without the right to execute, and both get its group. So
the others extend, move, compact and remove what one of them made. In any other cache the umask
counts.

A folder in which everybody writes and only the owner removes, such as /tmp, makes no group. Where
the cache's folder has an access control list, that says all there is to say: its default entries
take the place of the umask, and the mode of a folder with a list does not say what the group may.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import printable
from datagen_core.files import opened

_STICKY = stat.S_ISVTX | stat.S_IWOTH
_LISTS = ("system.posix_acl_default", "system.posix_acl_access")


class Rights(NamedTuple):
    """Mode of the folders, and group of all that is in a cache; see `rights_in`."""

    mode: int
    group: int

    def mode_of(self, mode: int) -> int:
        """Return the permissions of a file or folder that has some mode now."""
        return self.mode if stat.S_ISDIR(mode) else self.mode & 0o666

    def fits(self, state: os.stat_result) -> bool:
        """Return whether a file or folder has them."""
        permissions = stat.S_IMODE(state.st_mode)
        return state.st_gid == self.group and permissions == self.mode_of(state.st_mode)

    def give(self, descriptor: int) -> None:
        """Give them to an open file or folder of this user.

        Without the group nothing is given: the rights would go to another one.

        Raises
        ------
        OSError
            If this user may not.
        """
        state = os.fstat(descriptor)
        if state.st_gid != self.group:
            os.fchown(descriptor, -1, self.group)
        if stat.S_IMODE(state.st_mode) != (mode := self.mode_of(state.st_mode)):
            os.fchmod(descriptor, mode)

    def give_or_tell(self, descriptor: int) -> None:
        """Give them to what this user made; where the group lacks some then, say so once."""
        if self.fits(os.fstat(descriptor)):
            return
        try:
            self.give(descriptor)
        except OSError as error:
            state = os.fstat(descriptor)
            if state.st_gid != self.group or self.exceeds(state.st_mode):
                _tell(self.group, error.strerror or str(error))

    def exceeds(self, mode: int) -> bool:
        """Whether they let the group do more than a mode does."""
        return bool(self.mode_of(mode) & stat.S_IRWXG & ~mode)


def rights_in(cache: int) -> Rights | None:
    """Return the rights of all that is written in a cache, an open folder; None by the umask."""
    state = os.fstat(cache)
    mode = stat.S_IMODE(state.st_mode)
    if not mode & stat.S_IWGRP or mode & _STICKY == _STICKY:
        return None
    if _has_list(cache, state.st_dev, state.st_ino):
        return None
    return Rights(mode & ~stat.S_ISVTX & ~stat.S_ISUID, state.st_gid)


def rights_of(cache: Path) -> Rights | None:
    """Return the same for a cache by its path; None, too, where there is none yet."""
    with suppress(OSError), opened(cache) as folder:
        return rights_in(folder)
    return None


_lists: dict[tuple[int, int], bool] = {}


def _has_list(folder: int, device: int, number: int) -> bool:
    """Return whether an access control list says what may be done in a folder."""
    if (device, number) not in _lists:
        _lists[device, number] = any(_has(folder, name) for name in _LISTS)
    return _lists[device, number]


def _has(folder: int, attribute: str) -> bool:
    with suppress(OSError):  # it is not there, or the file system knows none
        return bool(os.getxattr(f"/proc/self/fd/{folder}", attribute))
    return False


@lru_cache
def _tell(group: int, reason: str) -> None:
    sys.stderr.write(
        f"datagen: warning: what you make in this cache cannot be given to its group, "
        f"{printable(group_named(group))} ({reason}), so others may not be able to go on with it\n"
    )
    sys.stderr.flush()


def group_named(number: int) -> str:
    """Return the name of a group; `group 1500` where this machine knows none."""
    import grp  # few ask

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"group {number}"
