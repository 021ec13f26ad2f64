"""The processes of a federated run on this machine: begun, heard, and ended for certain."""

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

from datagen_federations.errors import TrainingError
from datagen_federations.roles.requests import ClientRequest, Event, ServerRequest
from datagen_federations.sessions.plans import Plan

_MODULE = "datagen_federations.sessions.child"


@dataclass(frozen=True)
class Message:
    """What a process reported; `event` is None when it has ended."""

    name: str
    event: Event | None


class Processes:
    """A server and its clients, each a process of its own session.

    Used as a context manager: on the way out none of them is left, not even one that is stopped.
    When this process is killed, they see the end of their standard input, and end too.
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
        """Start one; standard error and declearn's log go to the file `log`."""
        role = "server" if isinstance(request, ServerRequest) else "client"
        with log.open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-m", _MODULE],
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
        self.tell(name, json.dumps({"role": role, "log": str(log), "request": asdict(request)}))

    def tell(self, name: str, line: str) -> None:
        """Write a line to the standard input of one; nothing happens when it has ended."""
        stream = self._running[name].stdin
        try:
            if stream is not None:
                stream.write(line + "\n")
                stream.flush()
        except BrokenPipeError:
            pass  # its end is a message of its own

    def wait(self, timeout: float) -> Message | None:
        """Return the next message; None when there is none within `timeout` seconds."""
        try:
            return self._messages.get(timeout=max(timeout, 0))
        except queue.Empty:
            return None

    def describe_end(self, name: str) -> str:
        """Return how one ended that said no last word."""
        code = self._running[name].wait()
        if code < 0:
            return f"was killed by signal {-code} ({signal.Signals(-code).name})"
        return f"ended with exit code {code}"

    @property
    def alive(self) -> set[str]:
        """The names of those that run."""
        return {name for name, process in self._running.items() if process.poll() is None}

    def _listen(self, name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._messages.put(Message(name, _parse(line)))
        self._messages.put(Message(name, None))


def check_plan(plan: Plan) -> None:
    """Refuse a plan that no server can follow; a process of its own imports declearn for that.

    Raises
    ------
    TrainingError
        When declearn does not take it, or the model cannot be built.
    """
    _check_plan(json.dumps(plan))


@lru_cache(maxsize=8)  # all parameter sets of a sweep have the same, as a rule
def _check_plan(plan: str) -> None:
    request = ServerRequest(1, json.loads(plan), folder="", certificate="", private_key="")
    told = json.dumps({"role": "check", "log": os.devnull, "request": asdict(request)})
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", _MODULE], input=told + "\n", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    event = _parse((done.stdout.splitlines() or [""])[-1])
    if event["event"] != "done":
        reason = event.get("message") or f"its check ended with exit code {done.returncode}"
        raise TrainingError(f"this plan cannot be followed: {reason}")


def _close(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):  # what it never read
                stream.close()


def _parse(line: str) -> Event:
    try:
        event: Any = json.loads(line)
    except ValueError:  # half a line, of one that was killed
        event = None
    return dict(event) if isinstance(event, Mapping) else {"event": "noise"}
