"""Files that appear whole or not at all, their hashes, and packages that may be missing.

Public like the names of `datagen_core`, for plugins that write files of their own.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from datagen_core.errors import MissingPackageError

__all__ = ["hash_file", "replacing", "require"]

_DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn"}
"""Modules whose distribution has another name."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file for writing that takes the name `path` when the block ends, whole and synced.

    When the block raises, `path` is as it was, and nothing is left beside it. Folders above `path`
    are made; those that were made go too.

    Parameters
    ----------
    path
        Where the file belongs. One that exists is replaced.
    mode
        "wb" or "w".
    options
        Those of `open`, such as `newline`; text is UTF-8.
    """
    temporary = path.with_name(f".{path.name}~{uuid.uuid4().hex}.tmp")
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
        if error.filename == str(temporary):  # which says nothing to anybody
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # the file is there, or others have written there by now
            temporary.unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()


def require(module: str, extra: str) -> Any:
    """Import a module of a package that is an extra of datagen, and return it.

    Parameters
    ----------
    module
        The full name, such as "sklearn.datasets".
    extra
        The extra of datagen that brings it, such as "sklearn".

    Raises
    ------
    MissingPackageError
        When it is not installed, with the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        name = (error.name or module).partition(".")[0]
        package = _DISTRIBUTIONS.get(name, name)
        raise MissingPackageError(
            f"{package} is not installed; run: pip install 'datagen[{extra}]'"
        ) from error
