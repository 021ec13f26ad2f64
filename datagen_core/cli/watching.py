"""Runs as they go on: a live table on a terminal, and elsewhere a line for each look."""

from __future__ import annotations

import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from datagen_core.cli.layout import terminal_width
from datagen_core.cli.tables import table_lines
from datagen_core.commands import say
from datagen_core.errors import count_of, printable
from datagen_core.scheduling.driving import progress_of
from datagen_core.store.timings import format_duration, format_rate

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus

_LOOKS_AT_REST = 3
"""Runs are over when none was alive this many times: failed samples are submitted again."""

_LOOKS_APART = 3
"""A pause is this many times as long as a look, which may ask a scheduler and read many files."""

_WINDOW = 120.0
"""Seconds over which a rate is measured."""

_AROUND = 5
"""Lines of a terminal that are not those of runs."""

_HEADER = ("set", "run", "done", "of", "rate", "left", "tasks")

Found = list[tuple["ParamSet", "RunStatus"]]
Key = tuple[str, int]


class Watched(NamedTuple):
    """A run at one look; the rate is samples per second, or None before the second look."""

    param_set: ParamSet
    status: RunStatus
    done: int
    rate: float | None

    @property
    def total(self) -> int:
        """The samples that were asked for."""
        return self.status.record.interval.size


def watch(find: Callable[[], Found], seconds: float) -> Iterator[list[Watched]]:
    """Yield the runs that lacked samples at some look, until they are complete, or none is alive.

    Parameters
    ----------
    find
        Returns all runs there are, with their states.
    seconds
        The least time between two looks.
    """
    paces: dict[Key, _Pace] = {}
    rest = 0
    while True:
        begun = time.monotonic()
        looked = [_look(each, paces) for each in find() if each[1].missing or _key(*each) in paces]
        yield looked
        rest = 0 if any(each.status.alive for each in looked) else rest + 1
        if rest >= _LOOKS_AT_REST or not any(each.status.missing for each in looked):
            return
        time.sleep(max(seconds, _LOOKS_APART * (time.monotonic() - begun)))


@contextmanager
def display() -> Iterator[Callable[[Sequence[Watched]], None]]:
    """Yield what shows runs: in a live table on a terminal, else in a line."""
    if terminal_width() is None:
        yield lambda runs: say(_sum_up(runs))
        return
    from rich.console import Console  # slow, and scripts need none of it
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(highlight=False), auto_refresh=False) as live:

        def show(runs: Sequence[Watched]) -> None:
            text = "\n".join(_draw(runs, shutil.get_terminal_size().lines))
            live.update(Text(text, no_wrap=True, overflow="ignore"), refresh=True)

        yield show


class _Pace:
    """Samples per second over the last minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def update(self, done: int) -> float | None:
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        passed, made = now - self._seen[0][0], done - self._seen[0][1]
        return made / passed if passed > 0 else None


def _key(param_set: ParamSet, status: RunStatus) -> Key:
    return str(param_set), status.record.number


def _look(found: tuple[ParamSet, RunStatus], paces: dict[Key, _Pace]) -> Watched:
    done = progress_of([found[1]]).done
    return Watched(*found, done, paces.setdefault(_key(*found), _Pace()).update(done))


def _sum_up(runs: Sequence[Watched]) -> str:
    """Return runs in one line."""
    done, total = sum(each.done for each in runs), sum(each.total for each in runs)
    rates = [each.rate for each in runs if each.rate is not None]
    rate = sum(rates) if rates else None
    first = runs[0]
    title = f"{first.param_set} run {first.status.record.number}"
    if len(runs) > 1:
        title = count_of(len(runs), "run")
    left = _left(total - done, rate)
    words = [
        f"{done} of {count_of(total, 'sample')}",
        *([_rate(rate)] if rate else []),
        *([f"{left} left"] if left else []),
        *([f"tasks: {tasks}"] if (tasks := _tasks(runs)) else []),
    ]
    return f"{title}: {', '.join(words)}"


def _tasks(runs: Sequence[Watched]) -> str:
    """Return how many tasks of runs are alive, or have left samples missing, by state."""
    counts = Counter(item.state for each in runs for item in each.status.ranges)
    return ", ".join(f"{count} {state}" for state, count in counts.most_common())


def _rate(rate: float | None) -> str:
    return format_rate(rate) if rate else ""


def _left(missing: int, rate: float | None) -> str:
    return format_duration(missing / rate) if missing and rate else ""


def _draw(runs: Sequence[Watched], height: int) -> Iterator[str]:
    """Yield the lines of a table of runs for each data set, those that are alive first."""
    order = sorted(runs, key=lambda each: (not each.status.alive, not each.status.missing))
    shown = order[: max(height - _AROUND, 1)]
    shown.sort(
        key=lambda each: (
            each.param_set.generator,
            each.param_set.number,
            each.status.record.number,
        )
    )
    for name, group in groupby(shown, lambda each: each.param_set.generator):
        yield printable(name)
        yield from table_lines(_HEADER, [_row(each) for each in group], terminal_width())
    if len(runs) > len(shown):
        yield f"… and {count_of(len(runs) - len(shown), 'more run')}"
    if len(runs) > 1:
        yield _sum_up(runs)


def _row(run: Watched) -> tuple[int | str, ...]:
    number, record = run.param_set.number, run.status.record
    left, tasks = _left(run.total - run.done, run.rate), _tasks([run])
    state = tasks or run.status.state
    rate = _rate(run.rate) if run.status.missing else ""
    return (number, record.number, run.done, run.total, rate, left, state)
