"""Federated runs on a few digits, as a user starts them, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from slurm_cluster import wait_until

DATAGEN = str(Path(sys.executable).with_name("datagen"))
_MARK = "DATAGEN_TEST_MARK"
"""A variable that all processes of a command inherit, whoever their parent is later."""


class Ended(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def error(self):
        """The only line of an error: no traceback, nothing else after it."""
        assert "Traceback" not in self.err, self.err
        (line,) = [line for line in self.err.splitlines() if line.startswith("datagen: error:")]
        assert self.err.splitlines()[-1] == line, self.err
        return line

    @property
    def json(self):
        return json.loads(self.out)


def write_digits(folder, rows=300):
    """Write scikit-learn's digits, rows of 8 x 8, and return the options that name them."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    np.save(folder / "x.npy", (digits.images[:rows] / 16).astype(np.float32))
    np.save(folder / "y.npy", digits.target[:rows].astype(np.uint8))
    return "--data-file", str(folder / "x.npy"), "--label-file", str(folder / "y.npy")


def _hear_interrupts():
    """Undo what shells do to those that they start in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Command:
    """A running `datagen federated …`; its output goes to files, so that it never waits."""

    def __init__(self, folder, *words, prefix=(), **environment):
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "stdout", folder / "stderr"
        self._mark = uuid.uuid4().hex
        own = {_MARK: self._mark, "TMPDIR": str(folder / "tmp"), "COLUMNS": "200"}
        (folder / "tmp").mkdir(exist_ok=True)
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*prefix, DATAGEN, "federated", *map(str, words)],
                cwd=folder, env={**os.environ, **own, **environment}, start_new_session=True,
                preexec_fn=_hear_interrupts,  # noqa: PLW1509 (one thread)
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip

    @property
    def err(self):
        return self._err.read_text()

    def wait_for(self, words, seconds=60):
        """Wait until it has said some words on stderr, and return it."""

        def said():
            return words in self.err or self.process.poll() is not None

        wait_until(said, words, seconds)
        assert words in self.err, self.err
        return self

    @property
    def port(self):
        """Where a server listens, once it does."""
        self.wait_for("listening at")
        (line,) = [line for line in self.err.splitlines() if "listening at" in line]
        return line.rpartition(":")[2]

    def end(self, how=None, seconds=60):
        """Wait for its end, after a signal when there is one."""
        if how is not None:
            self.process.send_signal(how)
        try:
            wait_until(lambda: self.process.poll() is not None, "the end of the command", seconds)
            code = self.process.wait()
        finally:
            self.process.kill()
            self.process.wait()
        return Ended(code, self._out.read_text(), self.err)

    def relatives(self):
        """Return the living processes that it started, and those that they started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_dead = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
                is_ours = process.environ().get(_MARK) == self._mark
                if is_ours and not is_dead and process.pid != self.process.pid:
                    found.append(process)
        return found

    def find(self, log):
        """Return the process that writes a log, None while there is none."""
        for process in self.relatives():
            with suppress(psutil.Error):
                if str(log) in {file.path for file in process.open_files()}:
                    return process
        return None

    def kill_all(self):
        """Leave nothing behind, whatever the code does."""
        for process in [self.process, *self.relatives()]:
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()


def run(folder, *words, seconds=90, **options):
    """Run a command to its end."""
    command = Command(folder, *words, **options)
    try:
        return command.end(seconds=seconds)
    finally:
        command.kill_all()


def read_weights(path):
    """Return the bytes of a model's weights by name."""
    import torch

    weights = torch.load(path, weights_only=True)
    return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}
