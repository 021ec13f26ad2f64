"""Students that were trained before: what decides one, and its files, known by their hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datagen_pate.files.publishing import hash_file, write_json

RECORD = "student.json"
"""Written last of a student's files: what decided it, and what is reported of it."""


def keep_student(place: Path, decided_by: dict[str, Any], report: dict[str, Any]) -> None:
    """Write down that a student is complete."""
    write_json(place / RECORD, {"decided_by": decided_by, "report": report})


def find_student(place: Path, decided_by: dict[str, Any]) -> dict[str, Any] | None:
    """Return the report of the student in a folder; None when it is another, or not complete."""
    try:
        content = json.loads((place / RECORD).read_text(encoding="utf-8"))
        report: dict[str, Any] = content["report"]
        files = [(place / Path(report[name]["path"]).name, report[name]) for name in _MODELS]
        is_whole = all(hash_file(path) == told["sha256"] for path, told in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_whole or content.get("decided_by") != json.loads(json.dumps(decided_by)):
        return None
    moved = {
        name: {**report[name], "path": str(path)}
        for name, (path, _) in zip(_MODELS, files, strict=True)
    }
    return {**report, **moved}


_MODELS = ("best_model", "final_model")
