"""Files that appear whole or not at all, hashes, formats, and packages that may be missing.

Public, like the names in `datagen_core`: plugins use this module for files of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from datagen_core.errors import MissingPackageError, NewerFormatError

__all__ = ["check_format", "hash_file", "replacing", "require"]

_DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn"}
"""The distributions of modules, where the names differ."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file for writing; it appears as `path`, whole and synced, when the block ends.

    Missing folders above `path` are made. If the block raises, `path` stays as it was, and the
    temporary file and the new folders are removed.

    Parameters
    ----------
    path
        The path of the file. A file that exists there is replaced.
    mode
        "wb" or "w".
    options
        Options of `open`, such as `newline`; text is UTF-8.
    """
    temporary = path.with_name(f".{path.name}~{os.urandom(16).hex()}.tmp")
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    try:
        with temporary.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.filename == str(temporary):  # the temporary name means nothing to the user
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # folders in use stay: they hold `path` or others' files
            temporary.unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()


def require(module: str, extra: str) -> Any:
    """Import and return a module whose package comes with an extra of datagen.

    Parameters
    ----------
    module
        The full name, such as "sklearn.datasets".
    extra
        The extra that installs it, such as "sklearn".

    Raises
    ------
    MissingPackageError
        If the package is not installed; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        name = (error.name or module).partition(".")[0]
        package = _DISTRIBUTIONS.get(name, name)
        raise MissingPackageError(
            f"{package} is not installed; run: pip install 'datagen[{extra}]'"
        ) from error


def check_format(path: Path, found: object, known: str, *, strict: bool = False) -> None:
    """Refuse a document whose format is too new.

    A format is "MAJOR.MINOR". A later minor only adds keys, which whoever does not know them may
    ignore; a newer major changes what keys mean.

    Parameters
    ----------
    path
        The document, for the message.
    found
        The value of its key `format`; None, if it has none, counts as "1.0".
    known
        The newest format of its kind that the caller knows.
    strict
        Whether every key must be known, so that a later minor is refused as well.

    Raises
    ------
    NewerFormatError
        If the format is too new; the message says to update datagen.
    """
    if found in {None, known}:
        return
    major, _, minor = known.partition(".")
    newest, numbers = (int(major), int(minor)), re.fullmatch(r"(\d+)\.(\d+)", str(found))
    later = (int(numbers[1]), int(numbers[2])) if numbers else (newest[0] + 1, 0)
    if later[0] > newest[0]:
        raise NewerFormatError(
            f"{path} was made by a newer datagen (format {found}, this one reads {major}.x): "
            "update datagen to read it"
        )
    if strict and later > newest:
        raise NewerFormatError(
            f"{path} was made by a newer datagen (format {found}, this one knows {known}): "
            "update datagen to go on with it"
        )
