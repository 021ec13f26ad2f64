"""The processes of a federated run on this machine: started, heard, and always ended."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from datagen_federations.errors import TrainingOptionError
from datagen_federations.roles.requests import ClientRequest, Event, ServerRequest
from datagen_federations.sessions.plans import Plan

_MODULE = "datagen_federations.sessions.child"


@dataclass(frozen=True)
class Message:
    """A report of a process; `event` is None when the process has ended."""

    name: str
    event: Event | None


class Processes:
    """A server and its clients, each a process in a session of its own.

    As a context manager it ends all of them on exit, even stopped ones. When this process is
    killed, they see the end of their standard input, and end too.
    """

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._listening: list[threading.Thread] = []
        self._messages: queue.Queue[Message] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        for thread in self._listening:
            thread.join()
        for process in self._running.values():
            _close(process)

    def start(self, name: str, log: Path, request: ServerRequest | ClientRequest) -> None:
        """Start a process; its standard error and declearn's log go to the file `log`."""
        role = "server" if isinstance(request, ServerRequest) else "client"
        with log.open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self._running[name] = process
        self._listening.append(
            threading.Thread(target=self._listen, args=(name, process), daemon=True)
        )
        self._listening[-1].start()
        self.send(name, json.dumps({"role": role, "log": str(log), "request": asdict(request)}))

    def send(self, name: str, line: str) -> None:
        """Write a line to the standard input of a process; one that has ended is ignored."""
        stream = self._running[name].stdin
        try:
            if stream is not None:
                stream.write(line + "\n")
                stream.flush()
        except BrokenPipeError:
            pass  # its end is reported by itself

    def wait(self, timeout: float) -> Message | None:
        """Return the next message; None if none comes within `timeout` seconds."""
        try:
            return self._messages.get(timeout=max(timeout, 0))
        except queue.Empty:
            return None

    def describe_end(self, name: str) -> str:
        """Return how a process ended that did not report `done` or `error`."""
        code = self._running[name].wait()
        if code < 0:
            return f"was killed by signal {-code} ({signal.Signals(-code).name})"
        return f"ended with exit code {code}"

    @property
    def alive(self) -> set[str]:
        """The names of running processes."""
        return {name for name, process in self._running.items() if process.poll() is None}

    def _listen(self, name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._messages.put(Message(name, _parse(line)))
        self._messages.put(Message(name, None))


def check_plan(plan: Plan) -> None:
    """Refuse a plan that no server can follow; a separate process imports declearn for that.

    Raises
    ------
    TrainingOptionError
        When declearn does not accept it, or the model cannot be built.
    """
    _check_plan(json.dumps(plan))


@lru_cache(maxsize=8)  # parameter sets of a sweep usually have the same plan
def _check_plan(plan: str) -> None:
    request = ServerRequest(1, json.loads(plan), folder="", certificate="", private_key="")
    order = json.dumps({"role": "check", "log": os.devnull, "request": asdict(request)})
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-P", "-m", _MODULE], input=order + "\n", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    event = _parse((done.stdout.splitlines() or [""])[-1])
    if event["event"] != "done":
        reason = event.get("message") or f"its check ended with exit code {done.returncode}"
        raise TrainingOptionError(f"this plan cannot be followed: {reason}")


def _close(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):  # of lines that it never read
                stream.close()


def _parse(line: str) -> Event:
    try:
        event: Any = json.loads(line)
    except ValueError:  # half a line of a killed process
        event = None
    return dict(event) if isinstance(event, Mapping) else {"event": "noise"}
