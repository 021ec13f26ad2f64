"""The durations of past tasks, read from their journals, and estimates for new ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_core.errors import CacheError
from datagen_core.store.journals import read_journal
from datagen_core.store.layout import SetPaths

_EARLIEST_WORD = 60.0
"""A process may take this long before it begins its journal."""


@dataclass(frozen=True, slots=True)
class JobTimings:
    """What one past task recorded: durations in seconds, and memory.

    Attributes
    ----------
    startup
        From the start of the process to the start of its first batch; None where that is not known,
        since a clock was set meanwhile.
    first
        The first batch, which includes imports, caching and just-in-time compilation.
    count
        Number of later batches.
    seconds
        Sum of the times of the later batches.
    squares
        Sum of their squares.
    peak
        The most memory that its process has used, in bytes; None if that was not recorded.
    """

    startup: float | None
    first: float
    count: int
    seconds: float
    squares: float
    peak: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The predicted wall time of a task.

    Attributes
    ----------
    mean_seconds
        The expected wall time.
    deviation
        The standard deviation, in seconds; it is larger if few timings are known.
    limit_minutes
        The time limit to ask for, in minutes.
    """

    mean_seconds: float
    deviation: float
    limit_minutes: int


def read_timings(paths: SetPaths, most: int = 200) -> list[JobTimings]:
    """Return the timings of the newest tasks of a parameter set that made a batch.

    Journals of newer versions, or of somebody who keeps them closed, are left out.
    """
    found = [*paths.runs.glob("*/*.jsonl"), *paths.runs.glob("*/journals/*.jsonl")]
    journals = sorted(found, key=lambda path: path.lstat().st_mtime)
    sums = map(_sum_up, journals[-most:])
    return [timings for timings in sums if timings is not None]


def _sum_up(journal: Path) -> JobTimings | None:
    try:
        events = read_journal(journal)
    except CacheError:
        return None
    lines = [event for event in events if event["event"] == "batches"]
    firsts = [line for line in lines if "first" in line]
    if not firsts:
        return None
    sums = {key: sum(line.get(key, 0) for line in lines) for key in ("count", "seconds", "squares")}
    startup, first = _possible(firsts[0].get("startup", 0.0), events), firsts[0]["first"]
    peak = max((line["peak"] for line in lines if "peak" in line), default=None)
    return JobTimings(startup=startup, first=first, **sums, peak=peak)


def _possible(startup: float, events: Sequence[Mapping[str, Any]]) -> float | None:
    """Return a start-up that may be true: none of less than nothing, or of more than the task."""
    times = [event["time"] for event in events]
    return startup if 0 <= startup <= max(times) - min(times) + _EARLIEST_WORD else None


def mean_batch_seconds(history: Sequence[JobTimings]) -> float | None:
    """Return the mean compute time of a batch, without start-up; None if nothing was timed.

    First batches count only if no task made a second one.
    """
    later = [job for job in history if job.count > 0]
    if later:
        return sum(job.seconds for job in later) / sum(job.count for job in later)
    return math.fsum(job.first for job in history) / len(history) if history else None


def format_duration(seconds: float) -> str:
    """Return a duration for people: "40 s", "3 min", "2 h 10 min", "3 d 4 h"."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _joined((days, "d"), (hours, "h"))
    return _joined((hours, "h"), (minutes, "min"))


def format_rate(rate: float) -> str:
    """Return samples per second for people: "1,234/s", "0.25/s"."""
    return f"{rate:,.0f}/s" if rate >= 10 or not rate else f"{rate:.2g}/s"


def _joined(*parts: tuple[int, str]) -> str:
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
