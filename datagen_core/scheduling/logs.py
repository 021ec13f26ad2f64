"""The logs of tasks: where they are, whose task failed, and their last lines.

A log holds whatever a generator prints: it is read in pieces, however long it or a line of it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from datagen_core.executors.base import DIED
from datagen_core.files import open_regular
from datagen_core.scheduling.liveness import read_verdict
from datagen_core.scheduling.status import RunStatus
from datagen_core.store.layout import SetPaths
from datagen_core.store.runs import Plan, RunRecord, list_plans

_BLOCK = 64 * 1024
"""Bytes that are read at once; a line that is longer counts as several."""

_BREAK = re.compile(r"\r+")
"""A progress bar returns to the beginning of its line, where a log has another one."""

_FAILED = (DIED, "failed", "ended by")
_CANCELLED = "cancelled"


class TaskLog(NamedTuple):
    """The log of a task; `reason` says why that failed, if it did."""

    run: int
    plan: int
    task: int
    path: Path
    reason: str = ""

    @property
    def size(self) -> int:
        """The bytes of the file; 0 where there is none, or something else has its name."""
        with suppress(OSError):
            descriptor = open_regular(self.path)
            try:
                return os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
        return 0


def find_logs(paths: SetPaths, record: RunRecord) -> Iterator[TaskLog]:
    """Yield the logs of all tasks of a run, in the order in which these were planned."""
    for plan in list_plans(paths.run(record.number)):
        for task in range(len(plan.tasks)):
            yield TaskLog(record.number, plan.number, task, plan.log(task))


def find_failed(paths: SetPaths, status: RunStatus) -> Iterator[TaskLog]:
    """Yield the logs of the tasks of a run that failed, with the reason.

    Their journals say so, also where another task has made the samples since; or samples are
    missing that they were to make.
    """
    states = {"failed", "lost", "refused"}
    reasons = {item.log: item.reason for item in status.ranges if item.state in states}
    for plan in list_plans(paths.run(status.record.number)):
        for task in range(len(plan.tasks)):
            path = plan.log(task)
            if reason := reasons.get(path) or _find_reason(plan, task):
                yield TaskLog(status.record.number, plan.number, task, path, reason)


def _find_reason(plan: Plan, task: int) -> str:
    events = plan.events(task)
    errors = [str(event["message"]) for event in events if event["event"] == "error"]
    ends = [str(event["reason"]) for event in events if event["event"] == "end"]
    if errors:
        return errors[-1]
    if ends:
        return ends[-1] if ends[-1].startswith(_FAILED) else ""
    verdict = read_verdict(plan, task)
    return "" if verdict.startswith(_CANCELLED) else verdict


class LogFile:
    """Reads the last lines of a log, and then those that are added.

    Attributes
    ----------
    is_cut
        Whether there are lines before the last ones.
    """

    def __init__(self, path: Path, lines: int) -> None:
        self._path, self._lines = path, lines
        self._place: int | None = None
        self._rest = b""
        self.is_cut = False

    def read(self, *, to_end: bool) -> Iterator[str]:
        """Yield the lines that were added since the last call.

        A line without an end waits for the next call, unless it is `to_end`.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        with open(open_regular(self._path), "rb", buffering=0) as file:  # noqa: PTH123 (is open)
            size = os.fstat(file.fileno()).st_size
            if self._place is None:
                self._place = self._find_last(file, size)
            if self._place > size:  # another file has its name
                self._place, self._rest = 0, b""
            file.seek(self._place)
            while block := file.read(min(_BLOCK, size - self._place)):
                self._place += len(block)
                *lines, self._rest = (self._rest + block).split(b"\n")
                if len(self._rest) > _BLOCK:
                    lines, self._rest = [*lines, self._rest], b""
                yield from _decode(lines)
        if to_end and self._rest:
            yield from _decode([self._rest])
            self._rest = b""

    def _find_last(self, file: IO[bytes], size: int) -> int:
        """Return where the last lines begin, without reading what is before them."""
        if not self._lines:
            self.is_cut = size > 0
            return size
        place, found, most = size - 1, 0, self._lines * _BLOCK
        while place > 0 and size - place < most:
            start = max(0, place - _BLOCK)
            file.seek(start)
            block = file.read(place - start)
            at = len(block)
            while (at := block.rfind(b"\n", 0, at)) >= 0:
                found += 1
                if found == self._lines:
                    self.is_cut = True
                    return start + at + 1
            place = start
        self.is_cut = place > 0
        return max(place, 0)


def _decode(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        text = line.decode(errors="backslashreplace")
        yield from _BREAK.split(text.removesuffix("\r"))
