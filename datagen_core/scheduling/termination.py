"""How a worker that is to end ends: between two shards, whichever signal says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Terminated(BaseException):
    """SIGTERM arrived. No Exception, so that a generator's `except Exception` lets it through."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed, as opposed to a generator that raises KeyboardInterrupt itself."""


def _interrupt(*_: object) -> None:
    raise Interrupted


@dataclass
class Termination:
    """Turns SIGTERM into `Terminated`, but never while a shard is being published.

    Attributes
    ----------
    signs
        What is raised when somebody ends this process. All else is a failure of the generator.
    """

    shielded: bool = False
    pending: bool = False
    signs: tuple[type[BaseException], ...] = (Terminated, Interrupted)

    def __call__(self, *_: object) -> None:
        """Raise `Terminated`, or as soon as no shard is being published. It is a signal handler."""
        if not self.shielded:
            raise Terminated
        self.pending = True

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Put SIGTERM off until the block ends."""
        self.shielded = True
        try:
            yield
        finally:
            self.shielded = False
        if self.pending:
            self.pending = False
            raise Terminated

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle SIGTERM and Ctrl-C inside the block; only the main thread of a process can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[signal.Signals, Callable[..., None]] = {
            signal.SIGTERM: self, signal.SIGINT: _interrupt,
        }  # fmt: skip
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            # Somebody else's handler may raise what it likes, such as KeyboardInterrupt.
            del handlers[signal.SIGINT]
            self.signs = (Terminated, KeyboardInterrupt)
        before = {number: signal.signal(number, handlers[number]) for number in handlers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
