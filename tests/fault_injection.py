"""Stops this process at one step of its writing: before the k-th call that changes files.

What is on disk after a call is what is there before the next one, so all states come up.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from datagen_core.store.publishing import Draft

_CALLS = (
    (os, "link"),
    (os, "fsync"),
    (os, "unlink"),
    (os, "rename"),
    (os, "replace"),
    (os, "mkdir"),
    (os, "rmdir"),
    (h5py.h5f, "create"),
    (h5py.h5d, "create"),
    (h5py.Group, "create_dataset"),
    (h5py.File, "close"),
)


class Steps:
    """Counts the steps of this process below a folder, and sends a signal to itself at one."""

    def __init__(self, folder: Path, at: int, what: signal.Signals) -> None:
        self._folder, self._at, self._signal = str(folder), at, what
        self._count = 0

    def install(self) -> None:
        """Count from now on, in this process."""
        for owner, name in _CALLS:
            setattr(owner, name, self._around(getattr(owner, name)))
        io.open = self._around(io.open, self._writes)  # type: ignore[assignment]
        os.open = self._around(os.open, self._creates)
        Draft.write = self._torn(Draft.write)  # type: ignore[method-assign]

    def reach(self) -> None:
        """Count one step."""
        self._count += 1
        if self._count == self._at:
            os.kill(os.getpid(), self._signal)

    def _around(self, call: Callable[..., Any], counts: Callable[..., bool] | None = None) -> Any:
        counts = counts or self._is_below

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if counts(*args, **kwargs):
                self.reach()
            return call(*args, **kwargs)

        return wrapper

    def _torn(self, write: Callable[[Draft, bytes], None]) -> Any:
        def wrapper(draft: Draft, content: bytes) -> None:
            half = len(content) // 2
            write(draft, content[:half])
            self.reach()
            write(draft, content[half:])

        return wrapper

    def _writes(self, path: Any, mode: str = "r", *_: Any, **__: Any) -> bool:
        return mode[0] in "wax" and self._is_below(path)

    def _creates(self, path: Any, flags: int, *_: Any, **folders: int) -> bool:
        return bool(flags & os.O_CREAT) and self._is_below(path, **folders)

    def _is_below(self, *args: Any, **folders: Any) -> bool:
        places = [*args[:2], *(each for name, each in folders.items() if name.endswith("dir_fd"))]
        return any(_path_of(place).startswith(self._folder) for place in places)


def _path_of(argument: Any) -> str:
    if isinstance(argument, int):
        return str(Path(f"/proc/self/fd/{argument}").readlink())
    if isinstance(argument, h5py.Group):  # one that is being made has no name yet
        return _path_of(argument.file.filename) if hasattr(argument, "_id") and argument else ""
    if isinstance(argument, h5py.h5g.GroupID | h5py.h5f.FileID):
        return _path_of(h5py.h5f.get_name(argument))
    if not isinstance(argument, str | bytes | os.PathLike):
        return ""
    path = os.fsdecode(argument)
    # A draft is written by the name of its descriptor, and others are relative to a folder.
    return str(Path(path).resolve()) if path.startswith("/proc/self/fd/") else path
