"""Files of the user that parameters name: identified by content, and copied into the cache.

A parameter holds `sha256:<64 digits>`, never a path: a file has the same identity wherever it lies,
and a new one when it changes. The first run copies it into `<cache>/inputs/`, where all jobs find
it even if the original is gone.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from datagen_core.errors import CacheError
from datagen_core.files import expand_home, hash_file

_REFERENCE = re.compile(r"sha256:[0-9a-f]{64}")

_given: dict[str, Path] = {}
"""Paths of the files that this process was given, by reference."""

_folders: list[Path] = []
"""Folders to search for other files, the latest first."""


def is_reference(text: str) -> bool:
    """Return whether a text is the reference of a file."""
    return _REFERENCE.fullmatch(text) is not None


def refer_to(given: str) -> str:
    """Return the reference of the file `given`; a reference is returned unchanged.

    Raises
    ------
    ValueError
        If the file does not exist or cannot be read.
    """
    if is_reference(given):
        return given
    name = os.fsdecode(given.encode(errors="surrogateescape"))  # the locale may lack its letters
    path = expand_home(name).absolute()
    try:
        reference = f"sha256:{hash_file(path)}"
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); name a file") from None
    _given[reference] = path
    return reference


def input_path(reference: str) -> Path:
    """Return the path of the file that a parameter of type `InputFile` refers to.

    Raises
    ------
    CacheError
        If the file is not found, or has changed.
    """
    name = reference.removeprefix("sha256:")
    places = [_given.get(reference), *(folder / name for folder in _folders)]
    found = [path for path in places if path is not None and path.is_file()]
    for path in found:
        if _is_unchanged(path, reference):
            return path
    if not found:
        raise CacheError(
            f"the input file {reference[:19]}… is not in the cache; give the file again"
        )
    raise CacheError(f"{found[0]} has changed since it was given as a parameter; give it again")


def _is_unchanged(path: Path, reference: str) -> bool:
    status = path.stat()
    return _hash_once(path, status.st_mtime_ns, status.st_size) == reference


@cache
def _hash_once(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 (part of the cache's key)
    return f"sha256:{hash_file(path)}"


def look_in(folder: Path) -> None:
    """Search for input files in this folder of a cache, too."""
    if folder not in _folders:
        _folders.insert(0, folder)


def references_in(value: object) -> set[str]:
    """Return the references in parameters, at any depth."""
    if isinstance(value, str):
        return {value} if is_reference(value) else set()
    if isinstance(value, dict):
        value = list(value.values())
    parts = value if isinstance(value, list | tuple) else ()
    return set().union(*(references_in(part) for part in parts))
