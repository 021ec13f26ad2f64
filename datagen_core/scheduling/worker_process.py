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

from datagen_core.errors import CacheError, DamagedFileError, NewerFormatError
from datagen_core.executors.base import WORKER, Recipe
from datagen_core.executors.processes import TaskAddress, read_recipe, read_tasks, record_end
from datagen_core.scheduling.surroundings import search_last
from datagen_core.scheduling.worker import Address, run_task
from datagen_core.store.folders import open_to_append
from datagen_core.streams import prepare_streams

_ATTACHED, _APART, _CHILD, _FROM, _PLACE = (
    "--attached", "--apart", "--child", "--from=", "--place="
)  # fmt: skip


def run_job(plans: Sequence[tuple[Address, int]], place: int, recipe: Recipe | None = None) -> None:
    """Do the task at a place of a job as a process of its own: exit with 1 unless it is done.

    The job has all tasks of the first of `plans`, each given with its number of tasks, then all of
    the second one, and so on. Jobs of earlier versions have no recipe.
    """
    prepare_streams("backslashreplace")  # whatever a generator prints, its log takes it
    ends = list(accumulate(tasks for _, tasks in plans))
    plan = bisect_right(ends, place)
    address, tasks = plans[plan]
    _work_alone(address, place - ends[plan] + tasks, recipe)


# Pickled under the address that stays; jobs may wait in a queue while modules move.
run_job.__module__ = "datagen_core.worker"


def main() -> None:
    """Work through tasks: `python -m datagen_core.worker RECIPE '[SET, RUN, PLAN, [TASK, …]]' …`.

    RECIPE is JSON. An argument `@FILE#SHA256` is a file with tasks, one argument in a line, where
    they are too many for a command line, and `@-` is standard input. With "--place=N" only the task
    at that place is done, and the exit code is 1 unless it is done; otherwise each task has a log
    of its own. With "--attached", the end of standard input counts as SIGTERM. With "--apart" a
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
    try:
        _obey(arguments)
    except (DamagedFileError, NewerFormatError) as error:
        raise SystemExit(f"datagen: error: {error}") from None


def _obey(arguments: Sequence[str]) -> None:
    if _APART in arguments:
        _Parent([each for each in arguments if each not in {_ATTACHED, _APART}]).work()
        return
    tasks, recipe = read_tasks(arguments), read_recipe(arguments)
    search_last(recipe.folder if recipe else "")
    for place in _numbers_behind(_PLACE, arguments):
        _work_alone(tasks[place].plan_address, tasks[place].task, recipe)
        return
    _work(tasks[sum(_numbers_behind(_FROM, arguments)) :], recipe)


def _numbers_behind(option: str, arguments: Sequence[str]) -> list[int]:
    return [int(each.removeprefix(option)) for each in arguments if each.startswith(option)]


def _work(tasks: Sequence[TaskAddress], recipe: Recipe | None) -> None:
    _explain_death()
    for each in tasks:
        word = run_task(each.plan_address, each.task, begin=_write_into, recipe=recipe)
        if word == "terminated":
            raise SystemExit(1)


def _work_alone(address: Address, task: int, recipe: Recipe | None) -> None:
    """Do a task in a process whose output is its log, and whose exit code is heard."""
    _explain_death()
    if run_task(address, task, recipe=recipe) != "done":
        raise SystemExit(1)


def _explain_death() -> None:
    """Let the log have the stack of Python at a fatal signal."""
    if not faulthandler.is_enabled():
        faulthandler.enable(2)  # its descriptor, whatever sys.stderr is here


def _write_into(log: Path) -> None:
    """Let this process print into the log of its task, native code too."""
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError, CacheError), open_to_append(log) as file:  # the disk may be full
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
            [sys.executable, "-P", "-m", WORKER, *options, *self._arguments],
            stdin=subprocess.PIPE,
        ) as self._child:
            if self._terminated:
                self._child.terminate()
            return self._child.wait()

    def _terminate(self, *_: object) -> None:
        self._terminated = True
        if self._child is not None:
            self._child.terminate()
