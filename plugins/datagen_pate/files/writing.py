"""Files that appear whole or not at all, and JSON that says in which format it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from datagen_core.files import check_format, replacing
from datagen_pate.errors import PateError


@contextmanager
def writing(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file for writing that takes the name `path` when the block ends, as `replacing` does.

    Raises
    ------
    PateError
        When it cannot be written.
    """
    try:
        with replacing(path, mode) as file:
            yield file
    except OSError as error:  # it would name the temporary file
        raise PateError(f"{path} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, content: object) -> None:
    """Write JSON with an indentation of 2.

    Raises
    ------
    PateError
        When it cannot be written.
    """
    with writing(path, "w") as file:
        file.write(json.dumps(content, indent=2) + "\n")


def read_json(path: Path, known: str) -> dict[str, Any]:
    """Return an object that `write_json` wrote, with keys of later minor versions of its `format`.

    Parameters
    ----------
    known
        The newest format of this kind of file that the caller knows.

    Raises
    ------
    OSError, ValueError
        When it cannot be read, or does not hold a JSON object.
    NewerFormatError
        When its major version is newer.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} does not hold a JSON object")  # noqa: TRY004 (as broken JSON)
    check_format(path, content.get("format"), known)
    return content
