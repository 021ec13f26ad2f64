"""Asking a scheduler again while it does not answer, as when its controller restarts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from datagen_core.errors import SchedulerFullError, SchedulerUnavailableError

T = TypeVar("T")

_LONGEST_OUTAGE = 600.0
_LONGEST_PAUSE = 60.0


def ask_patiently(question: Callable[[], T], note: Callable[[str], object], *, waits: bool) -> T:
    """Return what a question to a scheduler returns, asked again for ten minutes.

    Parameters
    ----------
    note
        Called with a line each time that there was no answer.
    waits
        Whether somebody waits: otherwise it is asked once.

    Raises
    ------
    SchedulerUnavailableError
        When there is no answer, or one that no job is taken now.
    """
    wait, begun = 1.0, time.monotonic()
    while True:
        try:
            return question()
        except SchedulerFullError:
            raise
        except SchedulerUnavailableError as error:
            if not waits or time.monotonic() - begun > _LONGEST_OUTAGE:
                raise
            note(f"{error}; nothing is lost, trying again in {wait:.0f} s")
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_PAUSE)
