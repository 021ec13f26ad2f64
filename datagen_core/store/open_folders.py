"""Open folders of a cache, one in another, by their descriptors.

What is published must be found again after a power cut, and so must every folder above it. A folder
may have been made a moment ago by another process, which has not forced its entry to disk. So each
process does that once for each folder on its way.

In the cache of a group all that is made gets the group's rights, see `sharing`; so does a folder
that is entered and still empty, since whoever made it may have been killed before it got them.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from datagen_core.errors import CacheError
from datagen_core.files import sync
from datagen_core.store.sharing import Rights, rights_in
from datagen_core.temporary import remove_entry

WALK = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
"""How a folder on the way is opened: it need not be readable."""

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK

_LOOKS, _LOOK_SECONDS = 20, 0.005


class Opened(NamedTuple):
    """The descriptor of an open folder, and its device and number."""

    descriptor: int
    identity: tuple[int, int]

    @classmethod
    def of(cls, descriptor: int) -> Opened:
        """Return an open folder."""
        state = os.fstat(descriptor)
        return cls(descriptor, (state.st_dev, state.st_ino))

    def copy(self) -> Opened:
        """Return the same folder, opened once more."""
        return self._replace(descriptor=os.dup(self.descriptor))


class _Entry(NamedTuple):
    """The entry of a folder in the one above it: device and number of both, and its name."""

    parent: tuple[int, int]
    name: str
    child: tuple[int, int]


_durable: set[_Entry] = set()
_waiting: set[_Entry] = set()
_locks = [threading.Lock()]


def _renew_lock() -> None:
    _locks[0] = threading.Lock()  # a thread of the parent may have held it


os.register_at_fork(after_in_child=_renew_lock)


class Folder:
    """An open folder in a cache; see `open_folder`.

    Attributes
    ----------
    path
        Where it is, for messages.
    """

    def __init__(
        self, path: Path, *opened: Opened, rights: Rights | None, entries: Iterable[_Entry] = ()
    ) -> None:
        self.path = path
        self._rights = rights
        self._opened = [*opened]
        self._entries = [*entries]
        self._made: list[_Entry] = []

    @property
    def descriptor(self) -> int:
        """Its descriptor, for `dir_fd`."""
        return self._opened[-1].descriptor

    @property
    def _identity(self) -> tuple[int, int]:
        return self._opened[-1].identity

    def close(self) -> None:
        """Close it, and those above it."""
        for each in self._opened:
            os.close(each.descriptor)

    def copy(self) -> Folder:
        """Return the same folder, opened once more, with the rights that its cache has now."""
        opened = [each.copy() for each in self._opened]
        rights = rights_in(opened[1].descriptor)
        return Folder(self.path, *opened, rights=rights, entries=self._entries)

    def is_at(self, path: Path) -> bool:
        """Return whether it still has this path, and the folder above it the path above."""
        with suppress(OSError):
            found = [each.stat() for each in (path.parent, path)]
            known = [each.identity for each in self._opened[-2:]]
            return [(each.st_dev, each.st_ino) for each in found] == known
        return False

    def enter(self, name: str, *, make: bool) -> None:
        """Go on to a folder in this one; no link is followed."""
        parent, flags = self.descriptor, WALK | os.O_NOFOLLOW
        try:
            child = os.open(name, flags, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                raise
            self.make(name)
            child = os.open(name, flags, dir_fd=parent)
        except OSError as error:
            raise _explain(error, self.path / name, parent) from None
        self.add(name, child)
        if make and self._rights is not None:
            self._settle(child, self._rights)

    def _settle(self, child: int, rights: Rights) -> None:
        """Give this folder its rights, or let another user do so, who made it a moment ago."""
        for _ in range(_LOOKS):
            state = os.fstat(child)
            if state.st_uid == os.geteuid():
                self._share(".", state)
                return
            if not rights.exceeds(state.st_mode):
                return
            time.sleep(_LOOK_SECONDS)

    def add(self, name: str, child: int, *, is_link: bool = False) -> None:
        """Go on to a folder that is open already."""
        opened = Opened.of(child)
        if not is_link:
            self._entries.append(_Entry(self._identity, name, opened.identity))
        self._opened.append(opened)
        self.path /= name

    def make(self, name: str) -> None:
        """Make a folder in this one unless it is there."""
        with suppress(FileExistsError), naming(self.path / name):
            os.mkdir(name, dir_fd=self.descriptor)
            state = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            self._share(name, state)
            entry = _Entry(self._identity, name, (state.st_dev, state.st_ino))
            _durable.discard(entry)  # of a folder that was removed
            self._made.append(entry)

    def _share(self, name: str, state: os.stat_result) -> None:
        """Give the rights of the cache to a folder in this one, or this one, that is still empty.

        One that is not was closed by its owner, perhaps.
        """
        if self._rights is None or self._rights.fits(state) or state.st_uid != os.geteuid():
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        with suppress(FileNotFoundError, PermissionError):  # removed this moment, or closed
            folder = os.open(name, flags, dir_fd=self.descriptor)
            try:
                if not os.listdir(folder):  # noqa: PTH208 (a descriptor)
                    self._rights.give_or_tell(folder)
            finally:
                os.close(folder)

    def create(self, name: str, mode: int = 0o666) -> int:
        """Create a file that does not exist, and return a descriptor to write it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        with naming(self.path / name):
            descriptor = os.open(name, flags, mode, dir_fd=self.descriptor)
        if self._rights:
            self._rights.give_or_tell(descriptor)
        return descriptor

    def append(self, name: str) -> IO[bytes]:
        """Open a file to append to it; it may be missing, and is no link or pipe."""
        try:
            descriptor = os.open(name, _APPEND, 0o666, dir_fd=self.descriptor)
        except OSError as error:
            raise _explain(error, self.path / name, self.descriptor) from None
        state = os.fstat(descriptor)
        if stat.S_ISREG(state.st_mode):
            if self._rights and state.st_uid == os.geteuid():
                self._rights.give_or_tell(descriptor)
            return open(descriptor, "ab")  # noqa: PTH123 (it has no name)
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(self.path / name))

    def reach(self, name: str) -> Path:
        """Return a path to a file in this folder, whatever becomes of its name meanwhile."""
        path = Path(f"/proc/self/fd/{self.descriptor}")
        return path / name if path.exists() else self.path / name

    def has(self, name: str) -> bool:
        """Return whether something has this name, if only a link that leads nowhere."""
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            return True
        return False

    def move(self, name: str, other: Folder, new: str) -> None:
        """Move a file or folder into another folder, under a new name."""
        with naming(self.path / name):
            os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=other.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing if it is not there."""
        with suppress(FileNotFoundError), naming(self.path / name):
            remove_entry(self.descriptor, name)

    def sync(self) -> None:
        """Force all names in this folder to disk, and its own in those above it."""
        with readable(self.descriptor) as folder:
            sync(folder)
        _durable.update(entry for entry in self._made if entry.parent == self._identity)
        parents = {each.identity: each.descriptor for each in self._opened[:-1]}
        new = [entry for entry in self._entries if entry not in _durable]
        _waiting.update(new)
        for entry in reversed(new):
            _sync_entry(entry, parents[entry.parent])


def _sync_entry(entry: _Entry, parent: int) -> None:
    """Force a folder's entry to disk, with those that other threads wait for in the same folder."""
    with _locks[0]:
        if entry in _durable:
            return
        together = {each for each in list(_waiting) if each.parent == entry.parent}
        # Only above the cache there are folders that lead on and cannot be read.
        with suppress(PermissionError), readable(parent) as folder:
            sync(folder)
        _durable.update(together)
        _waiting.difference_update(together)


@contextmanager
def readable(folder: int) -> Iterator[int]:
    """Open a folder again, since one that only leads on cannot be synced or listed."""
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _explain(error: OSError, path: Path, parent: int) -> Exception:
    """Return what to raise where something cannot be opened."""
    with suppress(OSError):
        if stat.S_ISLNK(os.stat(path.name, dir_fd=parent, follow_symlinks=False).st_mode):
            return CacheError(
                f"{path} is a symbolic link, and nothing is written through links within a data "
                "set; put what it leads to in its place, and link the data set as a whole instead"
            )
    return OSError(error.errno, os.strerror(error.errno or 0), str(path))


@contextmanager
def naming(path: Path, *instead_of: str) -> Iterator[None]:
    """Let errors name a file, which the call knew by a descriptor or by a name in a folder.

    With `instead_of`, errors that have other names keep them.
    """
    try:
        yield
    except OSError as error:
        names = {str(error.filename), str(error.filename2)}
        if not instead_of or error.filename is None or names & set(instead_of):
            error.filename, error.filename2 = str(path), None
        raise
