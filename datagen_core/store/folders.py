"""The one way into the folders of a cache for whatever is written, appended or removed there.

A data set, `<cache>/<generator>`, may be a symbolic link of the user's or of the owner of the
cache, who moved it to another disk. Below it no link is ever followed: folders are opened one in
another, by descriptors, so that nobody can exchange one between a look and its use.

What is published must be found again after a power cut, and so must every folder above it. A folder
may have been made a moment ago by another process, which has not forced its entry to disk. So each
process does that once for each folder on its way.

Only who begins a parameter set makes its folder. Everybody else is told that it was removed.

In the cache of a group all that is made gets the group's rights, see `sharing`; so does a folder
that is entered and still empty, since whoever made it may have been killed before it got them.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from datagen_core.errors import CacheError
from datagen_core.files import sync
from datagen_core.store.layout import SHARED_FOLDERS, SetPaths, data_set_of, removed_set
from datagen_core.store.links import broken_link, is_trusted_link, list_data_sets, refused_link
from datagen_core.store.sharing import Rights, rights_in
from datagen_core.temporary import remove_abandoned, remove_entry

_WALK = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
_LINK = os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK


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

    def __init__(self, path: Path, descriptor: int, rights: Rights | None = None) -> None:
        self.path = path
        self._rights = rights
        self._descriptors = [descriptor]
        self._entries: list[_Entry] = []
        self._made: list[_Entry] = []

    @property
    def descriptor(self) -> int:
        """Its descriptor, for `dir_fd`."""
        return self._descriptors[-1]

    def close(self) -> None:
        """Close it, and those above it."""
        for each in self._descriptors:
            os.close(each)

    def enter(self, name: str, *, make: bool) -> None:
        """Go on to a folder in this one; no link is followed."""
        parent, flags = self.descriptor, _WALK | os.O_NOFOLLOW
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
        if make:
            self._share(".", os.fstat(child))

    def add(self, name: str, child: int, *, is_link: bool = False) -> None:
        """Go on to a folder that is open already."""
        if not is_link:
            self._entries.append(_Entry(_identity(self.descriptor), name, _identity(child)))
        self._descriptors.append(child)
        self.path /= name

    def make(self, name: str) -> None:
        """Make a folder in this one unless it is there."""
        with suppress(FileExistsError), naming(self.path / name):
            os.mkdir(name, dir_fd=self.descriptor)
            state = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            self._share(name, state)
            entry = _Entry(_identity(self.descriptor), name, (state.st_dev, state.st_ino))
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
        with _readable(self.descriptor) as folder:
            sync(folder)
        own = _identity(self.descriptor)
        _durable.update(entry for entry in self._made if entry.parent == own)
        parents = {_identity(each): each for each in self._descriptors[:-1]}
        new = [entry for entry in self._entries if entry not in _durable]
        _waiting.update(new)
        for entry in reversed(new):
            _sync_entry(entry, parents[entry.parent])


def _identity(descriptor: int) -> tuple[int, int]:
    state = os.fstat(descriptor)
    return state.st_dev, state.st_ino


def _sync_entry(entry: _Entry, parent: int) -> None:
    """Force a folder's entry to disk, with those that other threads wait for in the same folder."""
    with _locks[0]:
        if entry in _durable:
            return
        together = {each for each in list(_waiting) if each.parent == entry.parent}
        # Only above the cache there are folders that lead on and cannot be read.
        with suppress(PermissionError), _readable(parent) as folder:
            sync(folder)
        _durable.update(together)
        _waiting.difference_update(together)


@contextmanager
def _readable(folder: int) -> Iterator[int]:
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
def open_folder(
    base: Path, path: Path, *, make: bool = True, begins: bool = False, own: bool = False
) -> Iterator[Folder]:
    """Open a folder of a cache, and make those that are missing on the way to it.

    Parameters
    ----------
    base
        A folder directly in the cache, such as that of a data set. It may be a link.
    path
        The same folder, or one below it.
    make
        Whether to make what is missing, except for the folder of a parameter set.
    begins
        Whether to make that, too.
    own
        Whether it is this user's alone, and in no cache.

    Raises
    ------
    FileNotFoundError
        Without `make`, if there is no such folder.
    CacheError
        If a link is in the way, or the parameter set was removed.
    """
    parts = path.relative_to(base).parts
    of_set = bool(parts) and parts[0] not in SHARED_FOLDERS and not begins
    try:
        folder = _open_base(base, make=make and not of_set, own=own)
        try:
            for depth, part in enumerate(parts):
                folder.enter(part, make=make and (depth > 0 or not of_set))
        except BaseException:
            folder.close()
            raise
    except FileNotFoundError:
        if make and of_set:
            raise removed_set(SetPaths(base / parts[0])) from None
        raise
    try:
        yield folder
    finally:
        folder.close()


def _open_base(base: Path, *, make: bool, own: bool) -> Folder:
    """Open a folder of the cache; it and the cache may have been made this moment."""
    if make:
        make_above(base.parent)
    cache = os.open(base.parent, _WALK)
    rights = None if own else rights_in(cache)
    folder = Folder(base.parent.parent, os.open("..", _WALK, dir_fd=cache), rights)
    folder.add(base.parent.name, cache)
    try:
        _enter_base(folder, base.name, make=make)
    except BaseException:
        folder.close()
        raise
    return folder


def _enter_base(folder: Folder, name: str, *, make: bool) -> None:
    try:
        link = os.open(name, _LINK, dir_fd=folder.descriptor)
    except FileNotFoundError:
        folder.enter(name, make=make)
        return
    try:
        if stat.S_ISLNK(os.fstat(link).st_mode):
            folder.add(name, _follow(folder, link, name), is_link=True)
        else:
            folder.enter(name, make=make)
    finally:
        os.close(link)


def _follow(folder: Folder, link: int, name: str) -> int:
    """Open what a link that is open itself leads to, if its owner may say where data belong."""
    path = folder.path / name
    if not is_trusted_link(os.fstat(link), os.fstat(folder.descriptor)):
        raise refused_link(path)
    target = os.readlink("", dir_fd=link)
    try:
        return os.open(target, _WALK, dir_fd=folder.descriptor)
    except OSError as error:
        raise broken_link(path, target, error) from None


def make_above(path: Path, mode: int = 0o777) -> None:
    """Make a folder with those that are missing above it, durably, if it is not there."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    if missing:
        path.mkdir(mode, parents=True, exist_ok=True)
    for each in missing:
        sync(each.parent)


@contextmanager
def open_to_append(path: Path, *, durably: bool = False) -> Iterator[IO[bytes]]:
    """Open a journal or log of a run or job to append to it.

    With `durably` it is on disk when the block ends, and found there.

    Raises
    ------
    CacheError
        If a link is in the way, or the parameter set was removed.
    """
    with (
        open_folder(data_set_of(path), path.parent) as folder,
        naming(path),
        folder.append(path.name) as file,
    ):
        yield file
        file.flush()
        if durably:
            sync(file.fileno())
            folder.sync()


def make_folder(path: Path) -> None:
    """Make a folder of a run or job, with those that are missing above it; as `open_to_append`."""
    with open_folder(data_set_of(path), path):
        pass


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


def remove_litter(base: Path, *folders: Path) -> int:
    """Remove the temporary files in folders whose writers are gone; return how many there were.

    Files that cannot be removed stay, as in a read-only cache. `base` is that of `open_folder`.
    """
    return sum(_remove_litter(base, folder) for folder in folders)


def remove_all_litter(cache: Path) -> int:
    """Do the same in all data sets of a cache, also in those of which no set was ever begun."""
    with suppress(CacheError):  # it may not be read
        return sum(remove_litter(each, each / "tmp") for each in list_data_sets(cache))
    return 0


def _remove_litter(base: Path, path: Path) -> int:
    with (
        suppress(OSError, CacheError),
        open_folder(base, path, make=False) as folder,
        _readable(folder.descriptor) as descriptor,
    ):
        return remove_abandoned(descriptor)
    return 0
