"""The last resort of a deadline: the process ends, even if it is busy."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datagen_federations.roles.requests import ClientRequest, ServerRequest

_GRACE = 1.0  # seconds in which the event loop can report more


@contextmanager
def end_in_time(
    request: ServerRequest | ClientRequest, report: Callable[[str], None]
) -> Iterator[None]:
    """End the process with exit code 1 when the deadline has passed; `report` gets the reason.

    declearn trains inside its event loop, which notices a deadline only after the round.
    """

    def end() -> None:
        report(f"not over after {request.deadline:g} s: it was busy")
        os._exit(1)

    timer = threading.Timer(request.seconds_left() + _GRACE, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
