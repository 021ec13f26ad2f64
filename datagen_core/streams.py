"""The standard streams of a process: opened where they are closed, and kept for an answer."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

_STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}  # in the order of their descriptors


def _replace_letter(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode the bytes of a file's name as they were, and what the encoding lacks as "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    code = ord(error.object[error.start])
    is_byte = 0xDC80 <= code <= 0xDCFF  # as os.fsdecode gives it
    return (bytes([code - 0xDC00]) if is_byte else "?"), error.start + 1


codecs.register_error("datagen-replace", _replace_letter)


def prepare_streams(errors: str = "datagen-replace") -> None:
    """Make the standard streams usable, whatever this process was started with.

    Closed ones are opened on /dev/null, so that no file gets their descriptors and is printed into.
    What the encoding of an output lacks goes through the error handler `errors`.
    """
    for descriptor, (name, mode) in enumerate(_STREAMS.items()):
        if getattr(sys, name) is None:
            _open_null(descriptor)
            stream = os.fdopen(descriptor, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    for stream, how in ((sys.stdin, "replace"), (sys.stdout, errors), (sys.stderr, errors)):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=how)


def _open_null(descriptor: int) -> None:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened == descriptor:
        os.set_inheritable(opened, True)  # noqa: FBT003 (has no keywords)
    else:
        os.dup2(opened, descriptor)
        os.close(opened)


def discard_unwritable() -> list[str]:
    """Point outputs that cannot be flushed at /dev/null, as on a full disk; return their names.

    Otherwise the interpreter fails at them once more when it ends.
    """
    return [name for name in ("stdout", "stderr") if not _flush(getattr(sys, name))]


def _flush(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            _open_null(stream.fileno())
        return False
    return True


class StdoutDiversion:
    """Points standard output at standard error: for Python, C libraries and child processes.

    Only `write` still writes to what standard output was.
    """

    def __init__(self) -> None:
        self._before = sys.stdout
        self._before.flush()
        self._saved = os.dup(1)
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    @property
    def is_of_process(self) -> bool:
        """Whether Python printed on the process's own standard output, not on a test's."""
        return _descriptor(self._before) == 1

    def write(self, text: str) -> None:
        """Write to what standard output was, at once."""
        if self.is_of_process:
            with os.fdopen(os.dup(self._saved), "w", encoding="utf-8") as file:
                file.write(text)
        else:
            self._before.write(text)

    def end(self) -> None:
        """Point standard output at what it was."""
        with suppress(OSError):
            self._before.flush()  # what was printed into it meanwhile
        sys.stdout = self._before
        os.dup2(self._saved, 1)
        os.close(self._saved)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return None
