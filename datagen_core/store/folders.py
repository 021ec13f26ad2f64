"""The one way into the folders of a cache for whatever is written, appended or removed there.

A data set, `<cache>/<generator>`, may be a symbolic link of the user's or of the owner of the
cache, who moved it to another disk. Below it no link is ever followed: folders are opened one in
another, by descriptors, so that nobody can exchange one between a look and its use.

On a network file system each open takes a message to its server. So a process keeps the folders of
data sets open that it writes to, and looks only whether they still have their names.

Only who begins a parameter set makes its folder. Everybody else is told that it was removed.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from datagen_core.errors import CacheError
from datagen_core.files import sync
from datagen_core.store.layout import SHARED_FOLDERS, SetPaths, data_set_of, removed_set
from datagen_core.store.links import broken_link, is_trusted_link, list_data_sets, refused_link
from datagen_core.store.open_folders import WALK, Folder, Opened, naming, readable
from datagen_core.store.sharing import rights_in
from datagen_core.temporary import remove_abandoned

_LINK = os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
_MOST_KEPT = 8
"""Folders of data sets that a process keeps open."""

_kept: dict[Path, Folder] = {}
_locks = [threading.Lock()]


def _renew_lock() -> None:
    _locks[0] = threading.Lock()  # a thread of the parent may have held it


os.register_at_fork(after_in_child=_renew_lock)


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
    """Open a folder of the cache, or return the one that is kept open."""
    if own:
        return _walk_to_base(base, make=make, own=True)
    with _locks[0]:
        if base in _kept and _kept[base].is_at(base):
            return _kept[base].copy()
    folder = _walk_to_base(base, make=make, own=False)
    if make:
        _keep(base, folder)
    return folder


def _keep(base: Path, folder: Folder) -> None:
    with _locks[0]:
        for each in {base, *list(_kept)[: 1 - _MOST_KEPT]} & {*_kept}:
            _kept.pop(each).close()
        _kept[base] = folder.copy()


def _walk_to_base(base: Path, *, make: bool, own: bool) -> Folder:
    """Open a folder of the cache; it and the cache may have been made this moment."""
    if make:
        make_above(base.parent)
    cache = os.open(base.parent, WALK)
    rights = None if own else rights_in(cache)
    above = Opened.of(os.open("..", WALK, dir_fd=cache))
    folder = Folder(base.parent.parent, above, rights=rights)
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
        return os.open(target, WALK, dir_fd=folder.descriptor)
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
        readable(folder.descriptor) as descriptor,
    ):
        return remove_abandoned(descriptor)
    return 0
