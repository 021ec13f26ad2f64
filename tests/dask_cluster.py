"""A `distributed` scheduler with worker processes on this machine, as a user starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

from patience import patience
from slurm_cluster import wait_until


class DaskCluster:
    """A scheduler and its workers, each a process with a log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        wait_until(self._file.exists, "the dask scheduler")
        wait_until(self._file.read_text, "its address")
        self.address: str = json.loads(self._file.read_text())["address"]
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> None:
        """Start a worker with one thread. Names count: the scheduler takes each only once."""
        name = f"worker-{next(self._numbers)}"
        options = ["--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--name", name]
        local = ["--local-directory", str(self._folder / name), "--death-timeout", "60"]
        self.workers.append(self._start("worker", *options, *local))

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
        log = self._folder / f"{what}.log"
        with log.open("ab") as output:
            return subprocess.Popen(
                [*command, "--scheduler-file", str(self._file), "--no-dashboard"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(patience(30))
