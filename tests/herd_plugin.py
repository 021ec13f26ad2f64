"""A third party's executor, written with public names only: processes, found again by their ids."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from datagen_core import Executor, TaskState, hookimpl

CHILDREN = []  # a process is over a moment after its task, perhaps after its herd


class Herd(Executor):
    ends_with_caller = True
    shares_jobs = False

    def describe(self, job):
        return f"a herd of {len(job.divide())}"

    def submit(self, job):
        (plan,) = job.plans
        herd = [[self._start(job, share), job.command(share), [*share]] for share in job.divide()]
        plan.keep_receipt({"herd": herd})

    def _start(self, job, places):
        log = job.plans[0].log(places[0])
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **job.environment}
        with log.open("ab") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            child = subprocess.Popen(job.command(places), env=environment, **streams)
        CHILDREN.append(child)
        return child.pid

    def poll(self, plans):
        CHILDREN[:] = [child for child in CHILDREN if child.poll() is None]
        return {
            plan.key(task): TaskState("running")
            for plan in plans
            for pid, tasks in self._herd(plan)
            for task in tasks
            if not plan.last_word(task)
        }

    def cancel(self, plans):
        for pid, _ in (each for plan in plans for each in self._herd(plan)):
            os.kill(pid, signal.SIGTERM)

    def _herd(self, plan):
        """Yield the living processes of a plan with their tasks."""
        for pid, command, tasks in (plan.read_receipt() or {}).get("herd", []):
            with suppress(OSError):  # it is over
                if Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1] == command:
                    yield pid, tasks


@hookimpl
def datagen_executor():
    return Herd()
