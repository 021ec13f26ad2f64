"""The process of a worker: its command line, its logs, and how it ends."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import subprocess
import sys
import threading
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

from datagen_core.executors.processes import TaskAddress, read_tasks, record_end
from datagen_core.scheduling.worker import Address, run_task
from datagen_core.streams import prepare_streams

_ATTACHED, _APART, _CHILD, _FROM = "--attached", "--apart", "--child", "--from="


def run_job(plans: Sequence[tuple[Address, int]], place: int) -> None:
    """Do the task at a place of a job as a process of its own: exit with 1 unless it is done.

    The job has all tasks of the first of `plans`, each given with its number of tasks, then all of
    the second one, and so on.
    """
    prepare_streams("backslashreplace")  # whatever a generator prints, its log takes it
    _explain_death()
    ends = list(accumulate(tasks for _, tasks in plans))
    plan = bisect_right(ends, place)
    address, tasks = plans[plan]
    if run_task(address, place - ends[plan] + tasks) != "done":
        raise SystemExit(1)


# Pickled under the address that stays; jobs may wait in a queue while modules move.
run_job.__module__ = "datagen_core.worker"


def main() -> None:
    """Work through tasks: `python -m datagen_core.worker '[SET, RUN, ATTEMPT, [TASK, …]]' …`.

    An argument `@FILE` is a file with one of these in each line, where they are too many for a
    command line. With "--attached", the end of standard input counts as SIGTERM. With "--apart" a
    child does the tasks, and where it dies another one those behind; the child ends with its
    parent.
    """
    prepare_streams("backslashreplace")
    arguments = sys.argv[1:]
    if _ATTACHED in arguments:
        _watch_input(signal.SIGTERM)
    if _CHILD in arguments:
        _watch_input(signal.SIGKILL)
        # The stack is in the log, and there may be a dozen deaths until a batch is found.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if _APART in arguments:
        _Parent([each for each in arguments if each not in {_ATTACHED, _APART}]).work()
    else:
        skipped = [int(each.removeprefix(_FROM)) for each in arguments if each.startswith(_FROM)]
        _work(read_tasks(arguments)[sum(skipped) :])


def _work(tasks: Sequence[TaskAddress]) -> None:
    _explain_death()
    for run, plan, task in tasks:
        address = str(run.set.root), run.number, plan
        if run_task(address, task, begin=_write_into) == "terminated":
            raise SystemExit(1)


def _explain_death() -> None:
    """Let the log have the stack of Python at a fatal signal."""
    if not faulthandler.is_enabled():
        faulthandler.enable(2)  # its descriptor, whatever sys.stderr is here


def _write_into(log: Path) -> None:
    """Let this process print into the log of its task, native code too."""
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError):  # the disk may be full
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)


def _watch_input(number: signal.Signals) -> None:
    """Send this process a signal when its standard input ends."""

    def watch() -> None:
        # Not sys.stdin, whose lock would be in the way when the interpreter ends.
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), number)

    threading.Thread(target=watch, daemon=True).start()


class _Parent:
    """Has tasks made by a child of this process, and by another one from where that dies.

    Parameters
    ----------
    arguments
        The child's command line, but for where it begins.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments, self._tasks = arguments, read_tasks(arguments)
        self._child: subprocess.Popen[bytes] | None = None
        self._terminated = False

    def work(self) -> None:
        """Return when all tasks were begun, or this process is to end."""
        signal.signal(signal.SIGTERM, self._terminate)
        begun = 0
        while begun < len(self._tasks) and not self._terminated:
            code = self._run_child(begun)
            rest = self._tasks[begun:]
            # A child that dies before it begins is not the fault of its tasks.
            begun += record_end(rest, code) or len(rest)

    def _run_child(self, begun: int) -> int:
        options = [_CHILD, f"{_FROM}{begun}"]
        with subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [sys.executable, "-m", "datagen_core.worker", *options, *self._arguments],
            stdin=subprocess.PIPE,
        ) as self._child:
            if self._terminated:
                self._child.terminate()
            return self._child.wait()

    def _terminate(self, *_: object) -> None:
        self._terminated = True
        if self._child is not None:
            self._child.terminate()
