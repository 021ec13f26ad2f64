"""A cache becomes a group's: its folder, and what is in it that this user may change."""

from __future__ import annotations

import os
import stat
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from datagen_core.errors import CacheError, ConfigurationError
from datagen_core.files import opened
from datagen_core.store.access import user_named
from datagen_core.store.folders import make_above
from datagen_core.store.layout import inputs_folder
from datagen_core.store.links import list_data_sets
from datagen_core.store.profiles import FILE
from datagen_core.store.sets import is_numbered, list_generators
from datagen_core.store.sharing import Rights, group_named, rights_in

_SHARED = stat.S_ISGID | stat.S_IRWXG
_IN_NEW_CACHE = {FILE, "lost+found", ".snapshot"}
"""What the folder of a new cache may hold; another folder is somebody's home, perhaps."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass
class Sharing:
    """What became of a cache that was given to a group.

    Attributes
    ----------
    rights
        Those of its folder, which all in it have from now on.
    given
        How many files and folders got them now.
    left
        How many lack them still, by whose they are: only the owner of a file can give it.
    linked
        How many lack them since they have another name, such as in a published copy.
    """

    rights: Rights
    given: int = 0
    left: Counter[str] = field(default_factory=Counter)
    linked: int = 0


def share_cache(path: Path, group: str) -> Sharing:
    """Make a folder that a group shares, or share a cache; files of others are only counted.

    The group may write from now on, and all that is made there is its own. What others may do in
    the folder stays, and holds for all that is in it.

    Parameters
    ----------
    group
        The group's name or number; empty for that of the folder.

    Raises
    ------
    ConfigurationError
        If there is no such group.
    CacheError
        If the folder holds something else than a cache, or this user may not share it.
    """
    number = find_group(group) if group else None
    make_above(path)
    with opened(path) as folder:
        _check_folder(path, folder)
        _share_folder(path, folder, number)
        rights = rights_in(folder)
    if rights is None:
        raise CacheError(
            f"the access control list of {path} says what others may do with all that is made in "
            "it; give the group its rights there: setfacl -d -m g:GROUP:rwX DIR"
        )
    sharing = Sharing(rights)
    for top in _list_parts(path):
        _share_tree(top, sharing)
    return sharing


def find_group(name: str) -> int:
    """Return the number of a group.

    Raises
    ------
    ConfigurationError
        If there is none of that name on this machine.
    """
    import grp  # few ask

    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise ConfigurationError(
            f"there is no group {name!r} on this machine; `id` shows yours (a folder comes before "
            "--shared: datagen init DIR --shared [GROUP])"
        ) from None


def find_barrier(path: Path, group: int | None = None) -> Path | None:
    """Return a folder above a cache that the group cannot pass, or not everybody, by its mode."""
    for each in path.resolve().parents:
        state = each.stat()
        passes = stat.S_IXGRP if state.st_gid == group else stat.S_IXOTH
        if not state.st_mode & passes:
            return each
    return None


def _check_folder(path: Path, folder: int) -> None:
    """Refuse folders that should not be a group's: home folders, and the one of all."""
    mode = os.fstat(folder).st_mode
    if mode & stat.S_ISVTX and mode & stat.S_IWOTH:
        raise CacheError(f"everybody may write into {path}; share a folder in it")
    if not list_generators(path) and {each.name for each in path.iterdir()} - _IN_NEW_CACHE:
        raise CacheError(f"{path} is not empty, and holds no data set; share a folder in it")


def _share_folder(path: Path, folder: int, group: int | None) -> None:
    state = os.fstat(folder)
    group = state.st_gid if group is None else group
    is_shared = state.st_gid == group and state.st_mode & stat.S_IRWXG == stat.S_IRWXG
    if is_shared and (state.st_mode & stat.S_ISGID or state.st_uid != os.geteuid()):
        return
    try:
        if state.st_gid != group:
            os.fchown(folder, -1, group)
        os.fchmod(folder, stat.S_IMODE(state.st_mode) | _SHARED)
    except PermissionError:
        name, owner = group_named(group), user_named(state.st_uid)
        who = "you are not in it" if state.st_uid == os.geteuid() else f"it belongs to {owner}"
        raise CacheError(f"{path} cannot be given to the group {name}: {who}") from None


def _list_parts(cache: Path) -> list[Path]:
    """Return the folders in a cache that are datagen's, where links of data sets lead."""
    found = [each for each in list_data_sets(cache) if is_numbered(each)]
    inputs = inputs_folder(cache)
    return [each.resolve() for each in [*found, *([inputs] if inputs.is_dir() else [])]]


def _share_tree(top: Path, sharing: Sharing) -> None:
    for above, folders, files, folder in os.fwalk(top):
        if Path(above) == top:
            _share_entry(".", folder, sharing)
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # removed meanwhile
                _share_entry(name, folder, sharing)


def _share_entry(name: str, folder: int, sharing: Sharing) -> None:
    state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    is_file = stat.S_ISREG(state.st_mode)
    if not (is_file or stat.S_ISDIR(state.st_mode)) or sharing.rights.fits(state):
        return
    if is_file and state.st_nlink > 1:
        sharing.linked += 1
    elif os.geteuid() in {0, state.st_uid} and _give(name, folder, sharing.rights):
        sharing.given += 1
    else:
        sharing.left[user_named(state.st_uid)] += 1


def _give(name: str, folder: int, rights: Rights) -> bool:
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except PermissionError:
        return False
    try:
        rights.give(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
