"""Ctrl-C at any moment of a command, and more than once: one line, and exit code 130.

What a command does is interrupted by `KeyboardInterrupt`, as everywhere. That would end in a
traceback while modules are loaded, while an earlier one is told of, and while the interpreter ends.
"""

from __future__ import annotations

import os
import signal
import sys
from types import TracebackType

CODE = 130
_LINE = "datagen: interrupted; what is published is kept\n"

_guarded = False


def guard() -> None:
    """Let Ctrl-C end this process at once, with a line, until `heed` is called.

    A process that ignores it, as in the background of a shell, goes on ignoring it.
    """
    global _guarded  # noqa: PLW0603 (signals belong to the process, too)
    if signal.getsignal(signal.SIGINT) in {signal.default_int_handler, signal.SIG_DFL}:
        _guarded = True
        signal.signal(signal.SIGINT, _end)
        sys.excepthook = _end_or_show
        sys.unraisablehook = _end_or_report


def heed() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` from now on, which cleans up."""
    if _guarded:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def leave() -> None:
    """Let Ctrl-C end this process at once and silently, since it has said its last word."""
    if _guarded:
        signal.signal(signal.SIGINT, lambda *_: os._exit(CODE))


def tell() -> None:
    """Say that the command was interrupted; whoever presses Ctrl-C again is not told again."""
    if _guarded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stderr.write(_LINE)
        sys.stderr.flush()
    except (OSError, ValueError):  # the exit code says it too
        pass
    leave()


def is_interrupt(error: BaseException | None) -> bool:
    """Return whether an error is Ctrl-C, or what a library made of it while it was loaded."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _end(*_: object) -> None:
    tell()
    os._exit(CODE)


def _end_or_show(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if is_interrupt(error):
        _end()
    sys.__excepthook__(kind, error, trace)


def _end_or_report(lost: sys.UnraisableHookArgs) -> None:
    """Heed Ctrl-C also where Python drops errors, as in finalizers."""
    if is_interrupt(lost.exc_value):
        _end()
    sys.__unraisablehook__(lost)
