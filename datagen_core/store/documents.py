"""Small immutable JSON files with a checksum, such as params, reservations and split ledgers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_core.errors import DamagedFileError
from datagen_core.generators.identity import sha256_of
from datagen_core.store.publishing import naming, publish, temporary_path

_RETRIES = 5
"""How often to read: a network file system may show a truncated file for a moment."""


def publish_document(path: Path, content: Mapping[str, Any], temporary_folder: Path) -> bool:
    """Publish `content` under `path`, put-if-absent; False if the name was taken."""
    temporary = temporary_path(temporary_folder, path.name)
    try:
        with naming(temporary):
            temporary.write_text(_write({**content, "checksum": sha256_of(content)}))
        return publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _write(content: Mapping[str, Any]) -> str:
    """Return a document as JSON in ASCII, with one line per key."""
    # json's own indentation takes five times as long, since it is not written in C.
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_document(path: Path) -> dict[str, Any]:
    """Return the content of a published document.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it does not hold what was written, even after a few tries.
    """
    for attempt in range(_RETRIES):
        content = _parse(path)
        if content is not None:
            return content
        time.sleep(0.01 * 2**attempt)
    raise DamagedFileError(
        f"{path} is damaged: its checksum does not match; restore it from a backup"
    )


def _parse(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
        expected = content.pop("checksum")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return content if sha256_of(content) == expected else None
