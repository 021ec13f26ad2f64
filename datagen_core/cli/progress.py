"""The progress of runs, shown on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from datagen_core.commands import heed_sigterm, tell
from datagen_core.errors import as_line, count_of, printable
from datagen_core.scheduling.driving import Observer, drive
from datagen_core.scheduling.driving import Progress as Moment
from datagen_core.scheduling.run import Run
from datagen_core.scheduling.status import RunStatus
from datagen_core.store.timings import format_duration, format_rate

_LINE_SECONDS = 10.0
"""Time between lines where stderr is not a terminal."""


def watch(runs: Sequence[Run]) -> list[RunStatus]:
    """Drive runs, and show a progress bar on stderr, or plain lines where it is not a terminal."""
    name = runs[0].demand.record.generator
    title = f"{name} run {runs[0].record.number}"
    if len(runs) > 1:
        title = f"{name} {len(runs)} runs"
    with heed_sigterm(), _display(title) as observer:
        return drive(runs, observer)


@contextmanager
def counting(title: str, *, transient: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows on a terminal how many are done, and of how many.

    SIGTERM is like Ctrl-C meanwhile, so that what is half written is removed.

    Parameters
    ----------
    transient
        Whether nothing of it stays on the terminal.
    """
    console, is_silent = Console(stderr=True), not sys.stderr.isatty()
    shown = Progress(console=console, disable=is_silent, transient=transient)
    with heed_sigterm(), shown as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _display(title: str) -> Iterator[Observer]:
    if not sys.stderr.isatty():
        lines = _Lines(title)
        yield lines
        lines.close()
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
        TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}", style="red", markup=False),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=120) as bar:
        yield _Bar(bar, title)


class _Speed:
    """Samples per second since the first moment."""

    def __init__(self) -> None:
        self._begun, self._first = time.monotonic(), -1

    def update(self, done: int) -> float:
        self._first = done if self._first < 0 else self._first
        passed = time.monotonic() - self._begun
        return (done - self._first) / passed if passed else 0.0


class _Bar:
    def __init__(self, bar: Progress, title: str) -> None:
        self._bar = bar
        self._task = bar.add_task(printable(title), total=None, failed="", note="", rate="")
        self._speed = _Speed()

    def __call__(self, moment: Moment) -> None:
        failed = f"{moment.failed} failed" if moment.failed else ""
        rate = format_rate(self._speed.update(moment.done))
        self._bar.update(self._task, completed=moment.done, total=moment.total,
                         failed=failed, note=as_line(moment.note), rate=rate)  # fmt: skip


class _Lines:
    """A line every ten seconds, and whenever failures or notes change."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._speed = _Speed()
        self._printed = time.monotonic()
        self._last: Moment | None = None

    def __call__(self, moment: Moment) -> None:
        news = self._last is None or (moment.note, moment.failed) != self._last[3:1:-1]
        self._last = moment
        rate = self._speed.update(moment.done)
        if news or time.monotonic() - self._printed >= _LINE_SECONDS:
            self._print(moment, rate)

    def _print(self, moment: Moment, rate: float) -> None:
        self._printed = time.monotonic()
        missing = moment.total - moment.done
        left = f", {format_duration(missing / rate)} left" if missing and rate > 0 else ""
        failed = f", {moment.failed} failed" if moment.failed else ""
        note = f" ({moment.note})" if moment.note else ""
        done = f"{moment.done}/{count_of(moment.total, 'sample')}"
        tell(f"{self._title}: {done}, {format_rate(rate)}{left}{failed}{note}", prefix="")

    def close(self) -> None:
        if self._last is not None:
            self._print(self._last, self._speed.update(self._last.done))
