"""Files that appear whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: object) -> None:
    """Write JSON for people and scripts; the file appears whole or not at all."""
    text = json.dumps(content, indent=2) + "\n"
    publish(path, lambda file: file.write(text.encode()))


def publish(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill a file beside `path`, which then takes its name.

    When it fails, nothing is left behind, nor the folder where there was none.
    """
    temporary = path.with_name(f".{path.name}~{uuid.uuid4().hex}.tmp")
    is_new = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        if is_new and not path.exists():
            with suppress(OSError):  # others have written there by now
                path.parent.rmdir()
