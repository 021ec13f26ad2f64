"""Journals of tasks: one line of JSON per event, appended by the task's worker.

Only the last word of a worker that died is somebody else's: of who waited for its process. A
journal is for people and estimates. It never decides whether samples exist.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_core.errors import CacheError, DamagedFileError
from datagen_core.files import check_format, read_regular
from datagen_core.store import forms
from datagen_core.store.access import unusable
from datagen_core.store.folders import open_to_append

JOURNAL_FORMAT = "1.3"
"""The newest format of a line; one journal may have lines of several versions."""

_LATER_KEYS = {
    "node": "1.3", "peak": "1.3", "beats": "1.2", "refused": "1.1", "whole_set": "1.1",
}  # fmt: skip
"""The format of lines that have these keys; others are of format 1.0."""

_JOURNAL_SECONDS, _MOST_SECONDS = 1.0, 10.0
_LINES_PER_AGE = 100
"""Lines come apart as a task grows old, so that a journal of days is read in a moment."""


class Journal:
    """The journal of one task.

    Events: `start` (host, pid, started; since 1.2 `beats`, how many seconds apart the journal is
    touched as a sign of life, see `datagen_core.store.heartbeats`; since 1.3 `node`, the name of
    the node for schedulers that have nodes), `batches` (since the last line:
    `count`, and the sums `seconds` and `squares` of their times; the first line has `startup` and
    `first`; `waiting` samples are made and not yet published; since 1.3 `peak`, the most bytes of
    memory that the process has used so far), `schema` (before batch 0 is made, from which the
    schema of the set is inferred), `error` (range, message, final; since 1.1 `refused` where the
    samples cannot be made by their own nature, and `whole_set` where that holds for the whole set),
    and at last `end` (reason). There are also `code` (the id of the code that makes the samples),
    `machine` (what made the first batch, see `describe_machine`), and in
    private sets `published` (ranges of `samples`). Readers pass over events that they do not know.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: str, **content: object) -> None:
        """Append one line. Work goes on if the journal cannot be written."""
        with suppress(OSError, CacheError), open_to_append(self._path) as file:
            file.write(_line(event, content))

    def keep(self, event: str, **content: object) -> None:
        """Append one line that must not be lost, not even by a power cut.

        Raises
        ------
        OSError
            If the journal cannot be written.
        CacheError
            If its parameter set was removed.
        """
        with open_to_append(self._path, durably=True) as file:
            file.write(_line(event, content))


def _line(event: str, content: Mapping[str, object]) -> bytes:
    stamp = max((_LATER_KEYS[key] for key in _LATER_KEYS.keys() & content), default="1.0")
    head = {"format": stamp, "event": event, "time": time.time()}
    return (json.dumps({**head, **content}) + "\n").encode()


@dataclass
class BatchTimes:
    """The times of one task's batches, written to its journal about once a second.

    Attributes
    ----------
    journal
        The journal to write to.
    born
        The start of the process for this task, by the clock that nobody sets (`time.monotonic`).
    slowest
        The slowest batch so far, in seconds.
    peak
        Returns the most memory that the process has used so far, in bytes; None where it does not
        belong to the task alone, or that is not known.
    """

    journal: Journal
    born: float
    slowest: float = 0.0
    peak: Callable[[], int | None] = lambda: None
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
            line.update(startup=time.monotonic() - seconds - self.born, first=seconds)
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
        peak = self.peak()
        known = {} if peak is None else {"peak": peak}
        self.journal.append("batches", **self._line, waiting=waiting, **known)
        self._line.clear()
        self._written = time.monotonic()


def read_journal(path: Path, *, strict: bool = False) -> list[dict[str, Any]]:
    """Return the events of a journal, without an incomplete last line.

    Another line that is damaged is left out as well, unless it is `strict`: each event stands
    alone, and whatever has no journal, or a folder in its place, has no events.

    Raises
    ------
    DamagedFileError
        With `strict`, if there is a journal and not all of it can be read.
    CacheError
        If this user may not read it.
    NewerFormatError
        If a line has a newer major version.
    """
    try:
        *lines, last = read_regular(path).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = unusable(path, error)
        if strict or not isinstance(problem, DamagedFileError):
            raise problem from None
        return []
    events = [_parse(path, line) for line in lines]
    if strict and None in events:
        number = events.index(None) + 1
        raise DamagedFileError(f"{path} is damaged: line {number}; restore it from a backup")
    # Whole, but for the end of its line: another process may be writing it just now.
    return [event for event in [*events, _parse(path, last)] if event is not None]


_word = forms.maybe(forms.text)
_FORMS: Mapping[str, forms.Form] = {
    "time": forms.moment, "host": forms.text, "pid": forms.whole, "started": forms.number,
    "count": forms.whole, "seconds": forms.number, "squares": forms.number,
    "startup": forms.number, "first": forms.number, "waiting": forms.whole, "peak": forms.whole,
    "range": forms.interval, "message": forms.text, "final": forms.flag, "refused": forms.flag,
    "whole_set": forms.flag, "reason": forms.text, "id": forms.code_id, "samples": forms.intervals,
    "job": _word, "node": forms.text,
}  # fmt: skip
_NEEDED = {
    "error": ("range", "message", "final"),
    "end": ("reason",), "code": ("id",), "published": ("samples",),
}  # fmt: skip
"""The keys without which an event cannot be used."""


def _parse(path: Path, line: bytes) -> dict[str, Any] | None:
    """Return an event; None for a line that holds none."""
    try:
        event = forms.tree(json.loads(line.decode()))
        check_format(path, event.get("format"), JOURNAL_FORMAT)
        needed = ("time", *_NEEDED.get(forms.text(event["event"]), ()))
        known = {key: form for key, form in _FORMS.items() if key in event}
        forms.take(event, known)
        return event if all(key in event for key in needed) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def last_word(path: Path) -> str:
    """Return why a task ended, as its journal says at its end; empty when it does not."""
    last = (read_journal(path) or [{}])[-1]
    return str(last["reason"]) if last.get("event") == "end" else ""


def record_death(path: Path, how: str) -> None:
    """Write the last word into the journal of a task that had begun, and whose process is dead."""
    if path.exists() and not last_word(path):
        Journal(path).append("end", reason=how)
