"""One archive a client, the same bytes each time."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows."""

_UNIX, _FILE_MODE = 3, 0o100644


def pack_folder(folder: Path) -> Path:
    """Put a folder of files into `<folder>.zip` beside it, and remove it; return the archive.

    Unpacked, it is that folder. Neither times nor permissions of the files count.
    """
    archive = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.iterdir()):
            _add(file, path)
    shutil.rmtree(folder)
    return archive


def _add(archive: zipfile.ZipFile, path: Path) -> None:
    entry = zipfile.ZipInfo(f"{path.parent.name}/{path.name}", _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = _UNIX, _FILE_MODE << 16
    entry.file_size = path.stat().st_size  # it tells whether sizes need 64 bits
    with path.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 2**20)
