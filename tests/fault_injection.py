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

_CALLS = (
    (os, "link"),
    (os, "fsync"),
    (os, "unlink"),
    (os, "rename"),
    (os, "replace"),
    (os, "mkdir"),
    (h5py.File, "__init__"),
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
        Path.write_text = self._torn(Path.write_text)  # type: ignore[method-assign]

    def reach(self) -> None:
        """Count one step."""
        self._count += 1
        if self._count == self._at:
            os.kill(os.getpid(), self._signal)

    def _around(self, call: Callable[..., Any], counts: Callable[..., bool] | None = None) -> Any:
        counts = counts or self._is_below

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if counts(*args):
                self.reach()
            return call(*args, **kwargs)

        return wrapper

    def _torn(self, write_text: Callable[..., int]) -> Any:
        def wrapper(path: Path, text: str, **kwargs: Any) -> int:
            write_text(path, text[: len(text) // 2], **kwargs)
            self.reach()
            return write_text(path, text, **kwargs)

        return wrapper

    def _writes(self, path: Any, mode: str = "r", *_: Any) -> bool:
        return mode[0] in "wax" and self._is_below(path)

    def _is_below(self, *args: Any) -> bool:
        return any(_path_of(argument).startswith(self._folder) for argument in args[:2])


def _path_of(argument: Any) -> str:
    if isinstance(argument, int):
        return str(Path(f"/proc/self/fd/{argument}").readlink())
    if isinstance(argument, h5py.Group):  # one that is being made has no name yet
        return str(argument.file.filename) if hasattr(argument, "_id") and argument else ""
    return str(argument) if isinstance(argument, str | os.PathLike) else ""
