"""Jobs for tests of the Slurm executor: what their tasks do, and how to make one."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import cloudpickle

from datagen_core.executors.base import Job, Resources
from datagen_core.ranges import IntervalSet
from datagen_core.store.layout import SetPaths
from demands import plan_for

# Tasks cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def note(folder, task):
    here = {"cwd": str(Path.cwd()), "path": sys.path, "environment": dict(os.environ)}
    (folder / f"{task}.json").write_text(json.dumps({"python": sys.executable, **here}))


def note_and_fail(folder, task):
    note(folder, task)
    raise ValueError("no luck")


def sleep_until_terminated(folder, task):
    def publish(*_):
        time.sleep(0.5)
        (folder / f"{task}.published").touch()
        sys.exit(0)

    signal.signal(signal.SIGTERM, publish)
    (folder / f"{task}.started").touch()
    time.sleep(300)


def take_memory(folder, task):
    hoard = bytearray(500 * 2**20)
    (folder / f"{task}.started").touch()
    time.sleep(300 + len(hoard) * 0)


def kill_itself(folder, task):
    os.kill(os.getpid(), signal.SIGKILL)


def exit_with_three(folder, task):
    os._exit(3)


def make_job(folder, work, tasks=1, waiting=True, **resources):
    run = SetPaths(folder / "a cache" / "gen" / "default-0123abcd").run(0)
    ranges = [IntervalSet([(task * 10, task * 10 + 10)]) for task in range(tasks)]
    name = f"gen-{os.urandom(4).hex()}-0"
    plan = plan_for(run, name, "slurm", ranges, resources.pop("minutes", None))
    return Job((plan,), Resources(**resources), 256, waiting, partial(work, folder))
