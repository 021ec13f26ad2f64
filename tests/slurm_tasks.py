"""A generator for tests of the Slurm executor, whose tasks do what a test asks for."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import datagen_core


class TaskParams(datagen_core.Params):
    """Parameters of the tasks."""

    folder: str
    """Where they leave their notes."""

    what: str
    """The name of what they do."""

    job: str
    """Another set for each job, so that task 0 makes sample 0."""


@datagen_core.generator(
    10, TaskParams, schema=datagen_core.Schema({"x": datagen_core.Field("float64")})
)
def tasks(size, params, start):
    """Do what is asked for; task t makes the samples from 10 t on."""
    globals()[params.what](Path(params.folder), start // 10)
    return {"x": [1.0] * size}


def note(folder, task):
    here = {"cwd": str(Path.cwd()), "path": sys.path, "environment": dict(os.environ)}
    (folder / f"{task}.json").write_text(json.dumps({"python": sys.executable, **here}))


def note_as_9(folder, task):
    note(folder, 9)


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
