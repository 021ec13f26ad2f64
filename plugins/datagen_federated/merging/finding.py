"""Paths and globs as files."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from datagen_federated.errors import MergeError


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that paths and globs mean: sorted within a glob, and each file once.

    `**` stands for any folders. A path that exists is no glob, whatever characters it has.

    Raises
    ------
    MergeError
        When a file does not exist, or a glob matches none.
    """
    files: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _find(Path(pattern).expanduser()):
            files.setdefault(path.resolve(), path)
    return list(files.values())


def _find(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        raise MergeError(f"{path} is a folder; name its files, such as '{path}/*.csv'")
    if not glob.has_magic(str(path)):
        raise MergeError(f"{path} does not exist; name another file")
    # Path.glob would take no absolute pattern, and hidden files too.
    names = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
    found = [Path(name) for name in names if Path(name).is_file()]
    if not found:
        raise MergeError(f"no file matches '{path}'; check the folder, or name the files")
    return found
