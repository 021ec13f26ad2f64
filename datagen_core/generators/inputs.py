"""Files of the user that parameters name: known by content, and kept in the cache that needs them.

A parameter holds `sha256:<64 digits>`, never a path: the same file has one identity wherever it
lies, and a file that was changed is another one. The first run copies it into `<cache>/inputs/`,
where all jobs find it, whatever becomes of the original.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from datagen_core.errors import CacheError

_REFERENCE = re.compile(r"sha256:[0-9a-f]{64}")

_given: dict[str, Path] = {}
"""Files that this process was given, by reference."""

_folders: list[Path] = []
"""Where to look for all others, the latest first."""


def is_reference(text: str) -> bool:
    """Return whether a text is the identity of a file."""
    return _REFERENCE.fullmatch(text) is not None


def refer_to(given: str) -> str:
    """Return the reference of a file; a reference stays as it is.

    Raises
    ------
    ValueError
        When there is no such file, or it cannot be read.
    """
    if is_reference(given):
        return given
    path = Path(given).expanduser().absolute()
    try:
        reference = _hash(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); name a file") from None
    _given[reference] = path
    return reference


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def input_path(reference: str) -> Path:
    """Return where the file lies that a parameter of type `InputFile` holds.

    Raises
    ------
    CacheError
        When it is nowhere, or damaged.
    """
    name = reference.removeprefix("sha256:")
    places = [_given.get(reference), *(folder / name for folder in _folders)]
    found = [path for path in places if path is not None and path.is_file()]
    for path in found:
        if _is_unchanged(path, reference):
            return path
    if not found:
        raise CacheError(
            f"the input file {reference[:19]}… is not in the cache; name the file again"
        )
    raise CacheError(f"{found[0]} was changed since it was named as a parameter; name it again")


def _is_unchanged(path: Path, reference: str) -> bool:
    status = path.stat()
    return _hash_once(path, status.st_mtime_ns, status.st_size) == reference


@cache
def _hash_once(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 (part of the cache's key)
    return _hash(path)


def look_in(folder: Path) -> None:
    """Look for input files in the folder of a cache, too."""
    if folder not in _folders:
        _folders.insert(0, folder)


def references_in(value: object) -> set[str]:
    """Return the references in parameters, however deep."""
    if isinstance(value, str):
        return {value} if is_reference(value) else set()
    if isinstance(value, dict):
        value = list(value.values())
    parts = value if isinstance(value, list | tuple) else ()
    return set().union(*(references_in(part) for part in parts))
