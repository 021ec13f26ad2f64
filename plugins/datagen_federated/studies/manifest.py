"""Files of studies: spaces to read, and manifests to publish once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen_core.files import check_format, replacing
from datagen_federated.errors import StudyError
from datagen_federated.studies.planning import VERSION, Study


def read_space(path: Path) -> Any:
    """Return the space in a JSON file, unchecked.

    Raises
    ------
    StudyError
        When it cannot be read, is not JSON, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=_unite)
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}; name another file") from None
    except ValueError as error:
        raise StudyError(f"{path} is not JSON: {error}") from None


def _unite(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise StudyError(f"{twice}: it is given twice in one object; give it once")
    return found


def format_manifest(study: Study) -> str:
    """Return the text of a study's manifest; the same study has the same text."""
    return json.dumps(study.to_json(), indent=1) + "\n"


def publish_manifest(path: Path, study: Study) -> bool:
    """Write the manifest of a study unless it exists; return whether it was written.

    A file that exists is never changed.

    Raises
    ------
    StudyError
        When the path is another file, or its folder does not exist.
    """
    if not path.parent.is_dir():
        raise StudyError(f"{path.parent} is not a folder; make it first")
    try:
        with replacing(path, "x") as file:
            file.write(format_manifest(study))
    except FileExistsError:
        _check_same(path, study)
        return False
    return True


def _check_same(path: Path, study: Study) -> None:
    """Refuse the manifest of another study; the version of datagen may differ."""
    if _read(path) != _without_versions(json.loads(format_manifest(study))):
        raise StudyError(
            f"{path} exists and is not of this study; choose another name with -o, or "
            "the runs, the seed and the space that it was made with"
        )


def _read(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, Mapping):
        return None
    check_format(path, f"{content.get('version', VERSION)}.0", f"{VERSION}.0")
    return _without_versions(content)


def _without_versions(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in {"datagen", "version"}}
