"""Journals: what a worker writes down, a line of JSON an event, appended by itself alone.

A journal is advice to people and to estimates. Whether samples exist is never read from one.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_JOURNAL_SECONDS = 1.0


class Journal:
    """The journal of one task.

    Events: `start` (host, pid, started), `batches` (since the last line: `count`, and the sums
    `seconds` and `squares` of their times; the first line has `startup` and `first`; `waiting`
    samples are made and not yet published), `error` (range, message, final), and the last word,
    `end` (reason).
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def append(self, event: str, **content: object) -> None:
        """Append one line. A journal is advice; one that cannot be written stops no work."""
        line = json.dumps({"event": event, "time": time.time(), **content}) + "\n"
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(line)


@dataclass
class BatchTimes:
    """The times of one task's batches, written to its journal about once a second.

    Attributes
    ----------
    journal
        Where to.
    born
        When the process started for this task, in seconds since the epoch.
    slowest
        The slowest batch so far, in seconds.
    """

    journal: Journal
    born: float
    slowest: float = 0.0
    _line: dict[str, float | None] = field(default_factory=dict)
    _any: bool = False
    _written: float = field(default_factory=time.monotonic)

    def add(self, seconds: float) -> None:
        """Add one batch. The first one is kept apart: it pays for imports and caches."""
        self.slowest = max(self.slowest, seconds)
        line = self._line
        if not self._any:
            self._any = True
            line.update(startup=time.time() - seconds - self.born, first=seconds)
        else:
            line["count"] = (line.get("count") or 0) + 1
            line["seconds"] = (line.get("seconds") or 0.0) + seconds
            line["squares"] = (line.get("squares") or 0.0) + seconds * seconds

    def write_if_due(self, waiting: int) -> None:
        """Write a line when a second has passed; `waiting` samples are not yet published."""
        if time.monotonic() - self._written >= _JOURNAL_SECONDS:
            self.write(waiting)

    def write(self, waiting: int) -> None:
        """Write a line."""
        self.journal.append("batches", **self._line, waiting=waiting)
        self._line.clear()
        self._written = time.monotonic()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the events of a journal; a torn last line is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    events = []
    for line in text.splitlines():
        with suppress(ValueError):
            events.append(json.loads(line))
    return events
