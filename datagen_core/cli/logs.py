"""The command `datagen logs`."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from datagen_core.cli.options import Problems, WholeNumber
from datagen_core.cli.runs import select_runs
from datagen_core.commands import cache_option, json_option, print_json, say, set_option, tell
from datagen_core.errors import SelectionError, count_of

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.logs import LogFile, TaskLog

_PAUSE, _LOOK_SECONDS = 1.0, 5.0
"""Seconds between two looks at logs that are followed, and at their runs."""

_LOOKS_AT_REST = 3
"""A run is over when nothing of it was alive this many times: what failed is submitted again."""


@click.command("logs")
@click.argument("name")
@set_option()
@click.option("--run", "number", type=int, metavar="K", help="Only this run.")
@click.option("--failed", is_flag=True, help="Only the logs of tasks that failed.")
@click.option("-n", "--lines", type=WholeNumber(0), default=1000, show_default=True, metavar="N",
              help="The last lines of each log.")  # fmt: skip
@click.option("-f", "--follow", is_flag=True,
              help="Go on with what is added, until the runs end; Ctrl-C stops.")  # fmt: skip
@cache_option
@json_option
def logs_command(  # noqa: PLR0913 (one for each argument and option)
    name: str,
    selector: tuple[str, ...],
    number: int | None,
    *,
    failed: bool,
    lines: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Print what the tasks of NAME have printed, each log behind its path.

    Empty logs are left out, but not with --failed, which gives the reason of each: of tasks
    that have left samples missing, and of those whose samples others have made since. A path can be
    pasted into a shell. Characters that would change the terminal are escaped.

    \b
    Examples:
      datagen logs noisy_sine -p 0
      datagen logs noisy_sine --failed -n 20
      datagen logs noisy_sine -p 0 --run 3 -f
    """
    if follow and as_json:
        raise click.UsageError("--json is one answer, and --follow goes on; choose one of them")
    find = partial(_find, name, selector, number, failed=failed)
    chosen = find()
    if as_json:
        print_json([_to_json(*each, lines) for each in chosen.logs])
        chosen.problems.raise_any()
        return
    printer = _Printer(lines)
    if follow:
        chosen = _follow(chosen, find, printer)
    for param_set, log in chosen.logs:
        printer.show(param_set, log, to_end=True)
    if printer.is_silent and not chosen.problems.unreadable:
        tell(
            "no task failed" if failed else f"{count_of(len(chosen.logs), 'task')} printed nothing"
        )
    chosen.problems.raise_any()


def _follow(chosen: _Chosen, find: Callable[[], _Chosen], printer: _Printer) -> _Chosen:
    """Print logs until their runs end; return what there is of them then."""
    rest = 0
    while chosen.missing and (chosen.alive or rest < _LOOKS_AT_REST):
        until = time.monotonic() + _LOOK_SECONDS
        while True:
            for param_set, log in chosen.logs:
                printer.show(param_set, log, to_end=False)
            if time.monotonic() >= until:
                break
            time.sleep(_PAUSE)
        rest = 0 if chosen.alive else rest + 1
        chosen = find()
    return chosen


class _Chosen(NamedTuple):
    """Logs, whether samples of their runs are missing, and whether any of these is alive."""

    logs: list[tuple[ParamSet, TaskLog]]
    missing: bool
    alive: bool
    problems: Problems


def _find(name: str, selector: tuple[str, ...], number: int | None, *, failed: bool) -> _Chosen:
    from datagen_core.scheduling.logs import find_failed, find_logs

    logs, problems = [], Problems()
    runs = list(select_runs(name, selector, number, problems))
    for param_set, status in runs:
        with problems.collect(param_set):
            paths, record = param_set.paths, status.record
            found = find_failed(paths, status) if failed else find_logs(paths, record)
            logs += [(param_set, log) for log in found]
    if number is not None and not runs and not problems:
        raise SelectionError(f"there is no run {number} of {name}; see `datagen status --all`")
    missing = any(status.missing for _, status in runs)
    return _Chosen(logs, missing, any(status.alive for _, status in runs), problems)


class _Printer:
    """Prints logs and what is added to them, each time behind the path of another one."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._files: dict[Path, LogFile] = {}
        self._explained: set[Path] = set()
        self._shown: Path | None = None

    @property
    def is_silent(self) -> bool:
        """Whether nothing was printed."""
        return self._shown is None

    def show(self, param_set: ParamSet, log: TaskLog, *, to_end: bool) -> None:
        """Print what a log has that was not printed yet."""
        from datagen_core.scheduling.logs import LogFile

        file = self._files.setdefault(log.path, LogFile(log.path, self._lines))
        if log.reason and log.path not in self._explained:
            self._explained.add(log.path)
            self._begin(log.path, f"{param_set} run {log.run}: {log.reason}")
        for line in _readable(file, log.path, to_end=to_end):
            self._begin(log.path)
            if file.is_cut:
                say(f"… the last {count_of(self._lines, 'line')}", dim=True)
                file.is_cut = False
            say(line)

    def _begin(self, path: Path, reason: str = "") -> None:
        if path != self._shown:
            if not self.is_silent:
                say("")
            if reason:
                say(reason)
            say(f"==> {shell_word(path)} <==")
            self._shown = path


def _readable(file: LogFile, path: Path, *, to_end: bool) -> Iterator[str]:
    """Yield the lines of a log; say why it cannot be read. Errors of who prints them pass."""
    from datagen_core.store.access import unusable

    try:
        yield from file.read(to_end=to_end)
    except FileNotFoundError:  # it has printed nothing
        pass
    except OSError as error:
        tell(unusable(path, error), dim=True)


def shell_word(path: Path) -> str:
    """Return a path as a shell reads it, printable and in one line whatever it holds."""
    text = str(path)
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_quote_letter, text))}'"


def _quote_letter(letter: str) -> str:
    if letter.isprintable():
        return f"\\{letter}" if letter in "'\\" else letter
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(letter))


def _to_json(param_set: ParamSet, log: TaskLog, lines: int) -> dict[str, Any]:
    from datagen_core.scheduling.logs import LogFile

    found: list[str] = []
    with suppress(OSError):  # there is none, which its size says, too
        found = list(LogFile(log.path, lines).read(to_end=True))
    return {
        "generator": param_set.paths.root.parent.name,
        "number": param_set.number,
        **log._asdict(),
        "path": str(log.path),
        "bytes": log.size,
        "lines": found,
    }
