"""Writing files that appear whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from datagen_core.files import replacing
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
