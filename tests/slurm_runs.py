"""Running `datagen` on the test cluster as a user does, and looking at what became of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from datagen_core import Cache
from datagen_core.ranges import IntervalSet
from patience import patience
from slurm_cluster import wait_until

DATAGEN = str(Path(sys.executable).with_name("datagen"))
DATASETS = Path(__file__).parent / "slurm" / "generators.py"


def prepare(folder, **trouble):
    """Give a folder its generators, and them their trouble: `at_100="raise"`, `pace="0.1"`."""
    folder.mkdir(exist_ok=True)
    shutil.copy(DATASETS, folder / "generators.py")
    (folder / "trouble").mkdir()
    for name, what in trouble.items():
        set_trouble(folder, name.removeprefix("at_"), what)
    return folder


def set_trouble(folder, name, what=None):
    """Change the trouble at a batch, in one step; None ends it."""
    file = folder / "trouble" / str(name)
    if what is None:
        file.unlink(missing_ok=True)
    else:
        file.with_suffix(".new").write_text(what)
        file.with_suffix(".new").replace(file)


def wait_for_trouble(folder, *batches):
    """Wait until tasks have met the trouble at these batches."""
    met = [folder / "trouble" / f"{batch}.met" for batch in batches]
    wait_until(lambda: all(path.exists() for path in met), f"tasks at {batches}")


def run(folder, *arguments, code=0, seconds=120):
    """Run datagen to its end. It exits with `code`, and never shows a traceback."""
    done = subprocess.run(
        [DATAGEN, *map(str, arguments)],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(seconds),
        check=False,
    )
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def environment(folder):
    return {**os.environ, "DATAGEN_CACHE": str(folder / "cache"), "COLUMNS": "200"}


def generate(folder, *arguments, code=0, executor="slurm"):
    """Run `datagen generate noisy_sine` to its end."""
    return run(folder, "generate", "noisy_sine", "--executor", executor, *arguments, code=code)


def start(folder, *arguments):
    """Start datagen; its stderr goes to the folder."""
    with (folder / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [DATAGEN, *map(str, arguments)],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


def start_generate(folder, *arguments):
    """Start `datagen generate noisy_sine`, which waits for its run."""
    return start(folder, "generate", "noisy_sine", "--executor", "slurm", *arguments)


def stderr_of(folder):
    return (folder / "stderr").read_text()


def wait_for_words(folder, words, seconds=60.0):
    """Wait until what was started has said some words on stderr."""
    wait_until(lambda: words in stderr_of(folder), f"{words!r}", seconds)


def end(process, code=0, seconds=120, how=None):
    """Wait for what was started, after a signal when `how` names one; check how it exits."""
    if how is not None:
        process.send_signal(how)
    try:
        assert process.wait(patience(seconds)) == code
    finally:
        process.kill()
        process.wait()


def kill(process):
    """Kill what was started, as a lost connection or an impatient user does."""
    end(process, -signal.SIGKILL, how=signal.SIGKILL)


def errors(text):
    """Return the lines with errors in a command's stderr."""
    return [line for line in text.splitlines() if line.startswith("datagen: error:")]


def one_error(done):
    """Return the only error line of a command that ended."""
    (line,) = errors(done.stderr)
    return line


def status(folder):
    """Return the status of the only run in a folder's cache."""
    (found,) = json.loads(run(folder, "status", "--json").stdout)
    return found


def states(folder):
    """Return the states of the missing ranges of the only run."""
    return {each["state"] for each in status(folder)["ranges"]}


def reasons(folder):
    """Return the reasons that status gives for missing ranges."""
    return " | ".join(each["reason"] for each in status(folder)["ranges"])


def wait_until_complete(folder):
    wait_until(lambda: status(folder)["state"] == "complete", "a complete run")


def set_of(folder):
    """Return the only parameter set in a folder's cache."""
    return Cache(folder / "cache")["noisy_sine"][0]


def made(folder):
    """Return the indices of the samples that exist."""
    return set_of(folder).existing


def columns(folder):
    """Return all samples that exist, x and y."""
    return np.stack(set_of(folder)["raw"].get())


def same_bytes(folder, reference, n):
    """Whether the first n samples are there, and they alone, byte for byte as in the reference."""
    whole = made(folder) == IntervalSet([(0, n)])
    return whole and columns(folder).tobytes() == reference[:, :n].tobytes()


def plans_of(folder):
    """Return the plans of the only run: for each plan the ranges of its tasks."""
    plans = sorted(folder.glob("cache/noisy_sine/*/runs/0/[0-9]*.json"))
    return [json.loads(plan.read_text()) for plan in plans]


def logs_of(folder):
    return sorted(folder.glob("cache/noisy_sine/*/runs/0/logs/*.log"))


def files_of(folder):
    """Return all files of a cache with inode and time of change: what a look shows as changed."""
    files = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def job_ids(cluster, state="running"):
    """Return the ids of the tasks in a state, such as "12_3"."""
    return cluster.run("squeue", "-h", "-r", "-t", state, "-o", "%i").split()
