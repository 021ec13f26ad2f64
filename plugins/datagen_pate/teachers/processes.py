"""Processes on this machine that train teachers side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Self

from datagen_pate.errors import PateError


def run_workers(
    folder: Path, teachers: Sequence[int], njobs: int, device: str, report: Callable[[int], None]
) -> None:
    """Train teachers of an unfinished folder, in processes of one thread each.

    `report` is called with each teacher that is done, never concurrently.

    Raises
    ------
    PateError
        When a process fails; teachers that are done are kept.
    """
    shares = [teachers[first::njobs] for first in range(min(njobs, len(teachers)))]
    lock = Lock()

    def report_alone(teacher: int) -> None:
        with lock:
            report(teacher)

    with ExitStack() as stack, ThreadPoolExecutor(len(shares)) as pool:
        workers = [stack.enter_context(_Worker(folder, share, device)) for share in shares]
        try:
            for future in [pool.submit(worker.follow, report_alone) for worker in workers]:
                future.result()
        except BaseException:  # Ctrl-C, too: threads end only when their processes do
            for worker in workers:
                worker.kill()
            raise


class _Worker:
    """A process with its share of the teachers."""

    def __init__(self, folder: Path, teachers: Sequence[int], device: str) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (by __exit__)
        module = "datagen_pate.teachers.worker"
        self._process = subprocess.Popen(  # noqa: S603 (our own module)
            [
                sys.executable,
                "-P",
                "-m",
                module,
                str(folder.absolute()),
                device,
                *map(str, teachers),
            ],
            stdout=subprocess.PIPE,
            stderr=self._errors,  # a pipe that nobody reads yet could fill up
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        with self._process, self._errors:
            pass

    def kill(self) -> None:
        self._process.kill()

    def follow(self, report: Callable[[int], None]) -> None:
        """Report each teacher that is done, until the process ends.

        Raises
        ------
        PateError
            When it fails.
        """
        for line in self._process.stdout or ():
            report(int(line))
        code = self._process.wait()
        if code:
            self._errors.seek(0)
            last = self._errors.read().strip().rpartition("\n")[2] or f"it ended with {code}"
            raise PateError(
                f"a process that trains teachers failed ({last}); run the command again"
            )
