"""Data sets that are symbolic links, as of a user who moved one to a bigger disk.

A link directly in a cache is followed if this user or the owner of the cache made it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from datagen_core.errors import CacheError
from datagen_core.store.layout import is_folder, is_name, list_folders


def is_trusted_link(link: os.stat_result, folder: os.stat_result) -> bool:
    """Return whether a link in a folder is of this user or of the folder's owner."""
    return link.st_uid in {os.geteuid(), folder.st_uid}


def refused_link(path: Path) -> CacheError:
    """Return the error of a data set that is a link of somebody else."""
    return CacheError(
        f"{path} is a symbolic link of somebody who is neither you nor the owner of the cache, and "
        "is not followed; have the owner of the cache make it"
    )


def broken_link(path: Path, target: str, error: OSError) -> CacheError:
    """Return the error of a data set that is a link which leads nowhere."""
    return CacheError(
        f"{path} is a symbolic link to {target}, which cannot be opened: {error.strerror}; "
        "mend the link or remove it"
    )


def check_link(folder: Path) -> None:
    """Refuse to read a data set that is a link, unless who made it may say where its data are.

    Raises
    ------
    CacheError
        If it is a link of somebody else, or leads nowhere.
    """
    if not folder.is_symlink():
        return
    if not is_trusted_link(folder.lstat(), folder.parent.stat()):
        raise refused_link(folder)
    try:
        folder.stat()
    except PermissionError:  # of which others say more
        return
    except OSError as error:
        raise broken_link(folder, str(folder.readlink()), error) from None


def list_data_sets(cache: Path) -> list[Path]:
    """Return the folders of a cache, by name; a link of who may make one counts as a folder."""
    return list_folders(cache, choose=_is_data_set)


def _is_data_set(entry: os.DirEntry[str]) -> bool:
    return is_folder(entry) or (entry.is_symlink() and _is_followed(Path(entry.path)))


def _is_followed(link: Path) -> bool:
    with suppress(CacheError, PermissionError):
        check_link(link)
        return link.is_dir()
    return False


def list_bad_links(cache: Path) -> list[Path]:
    """Return the links in a cache that may be data sets and are not followed, by name."""
    return list_folders(cache, choose=_is_bad_link)


def _is_bad_link(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink() and is_name(entry.name):
        try:
            check_link(Path(entry.path))
        except CacheError:
            return True
    return False
