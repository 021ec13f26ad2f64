"""Journals of tasks: one line of JSON per event, appended by the task's worker.

Only the last word of a worker that died is somebody else's: of who waited for its process. A
journal is for people and estimates. It never decides whether samples exist.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_core.files import check_format

JOURNAL_FORMAT = "1.1"
"""The newest format of a line; one journal may have lines of several versions."""

_OLDER_FORMAT, _LATER_KEYS = "1.0", {"refused", "whole_set"}
"""The format of lines that have none of these keys."""

_JOURNAL_SECONDS, _MOST_SECONDS = 1.0, 10.0
_LINES_PER_AGE = 100
"""Lines come apart as a task grows old, so that a journal of days is read in a moment."""


class Journal:
    """The journal of one task.

    Events: `start` (host, pid, started), `batches` (since the last line: `count`, and the sums
    `seconds` and `squares` of their times; the first line has `startup` and `first`; `waiting`
    samples are made and not yet published), `schema` (before batch 0 is made, from which the schema
    of the set is inferred), `error` (range, message, final; since 1.1 `refused` where the samples
    cannot be made by their own nature, and `whole_set` where that holds for the whole set), and at
    last `end` (reason). There are also `code` (the id of the code that makes the samples),
    `machine` (what made the first batch, see `describe_machine`), and in private sets `published`
    (ranges of `samples`). Readers pass over events that they do not know.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def append(self, event: str, **content: object) -> None:
        """Append one line. Work goes on if the journal cannot be written."""
        with suppress(OSError):
            self.keep(event, **content)

    def keep(self, event: str, **content: object) -> None:
        """Append one line that must not be lost.

        Raises
        ------
        OSError
            If the journal cannot be written.
        """
        stamp = JOURNAL_FORMAT if _LATER_KEYS & content.keys() else _OLDER_FORMAT
        head = {"format": stamp, "event": event, "time": time.time()}
        line = json.dumps({**head, **content}) + "\n"
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


@dataclass
class BatchTimes:
    """The times of one task's batches, written to its journal about once a second.

    Attributes
    ----------
    journal
        The journal to write to.
    born
        The start of the process for this task, in seconds since the epoch.
    slowest
        The slowest batch so far, in seconds.
    """

    journal: Journal
    born: float
    slowest: float = 0.0
    _line: dict[str, float | None] = field(default_factory=dict)
    _any: bool = False
    _written: float = field(default_factory=time.monotonic)
    _begun: float = field(default_factory=time.monotonic)

    def add(self, seconds: float) -> None:
        """Add one batch. The first one is kept apart, since it includes imports and caching."""
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
        """Write a line if a second has passed, or ten when the task is old.

        `waiting` samples are not yet published.
        """
        now = time.monotonic()
        pause = min(max(_JOURNAL_SECONDS, (now - self._begun) / _LINES_PER_AGE), _MOST_SECONDS)
        if now - self._written >= pause:
            self.write(waiting)

    def write(self, waiting: int) -> None:
        """Write a line at once; `waiting` samples are not yet published."""
        self.journal.append("batches", **self._line, waiting=waiting)
        self._line.clear()
        self._written = time.monotonic()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the events of a journal, without an incomplete last line.

    Raises
    ------
    NewerFormatError
        If a line has a newer major version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    events = []
    for line in text.splitlines():
        with suppress(ValueError):
            events.append(json.loads(line))
    for event in events:
        check_format(path, event.get("format"), JOURNAL_FORMAT)
    return events


def last_word(path: Path) -> str:
    """Return why a task ended, as its journal says at its end; empty when it does not."""
    last = (read_journal(path) or [{}])[-1]
    return str(last["reason"]) if last.get("event") == "end" else ""


def record_death(path: Path, how: str) -> None:
    """Write the last word into the journal of a task that had begun, and whose process is dead."""
    if path.exists() and not last_word(path):
        Journal(path).append("end", reason=how)
