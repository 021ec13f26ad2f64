"""A whole federated run on this machine: certificates, a server and its clients."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from datagen_federations.errors import RunError
from datagen_federations.roles.declearn_import import require_declearn
from datagen_federations.roles.requests import (
    HEARTBEAT,
    SERVER,
    ClientRequest,
    Event,
    Protocol,
    ServerRequest,
)
from datagen_federations.sessions.certificates import Certificates, make_certificates
from datagen_federations.sessions.plans import Plan
from datagen_federations.sessions.processes import Message, Processes

_SETTLE = 1.0  # seconds in which other processes report what they know of a failure
_MARGIN = 2.0  # seconds before the deadline in which they can still report whom they wait for


@dataclass(frozen=True)
class Federation:
    """A run on this machine.

    Attributes
    ----------
    data_folder, names
        The folder with one folder of data per client, and the clients' names.
    plan
        The plan, from `plans.make_plan`.
    folder
        The folder of results and logs, with one folder for the server and one per client.
    seed
        Seed of all random numbers; the same seed gives the same weights, bit for bit.
    deadline
        Seconds for the whole run.
    host
        The address on which the server listens, on a free port.
    heartbeat
        Seconds between two looks of the server at messages.
    checkpoints
        Whether declearn keeps its own records of all rounds in the folders.
    """

    data_folder: Path
    names: tuple[str, ...]
    plan: Plan
    folder: Path
    seed: int = 0
    deadline: float = 3600.0
    host: str = "127.0.0.1"
    protocol: Protocol = "websockets"
    heartbeat: float = HEARTBEAT
    checkpoints: bool = True


@dataclass
class Outcome:
    """The outcome of a run.

    Attributes
    ----------
    rounds
        The events `round`, in order.
    sizes
        Numbers of samples of each client: `train`, `valid`.
    seconds
        Duration of the run.
    model
        The file of the last weights.
    """

    rounds: list[Event] = field(default_factory=list)
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    model: Path | None = None


def run_federation(
    federation: Federation, report: Callable[[Event], None] = lambda _: None
) -> Outcome:
    """Run a server and its clients as processes of this machine, and return the outcome.

    Parameters
    ----------
    federation
        The run.
    report
        Called with each event.

    Raises
    ------
    RunError
        When a process fails, dies or hangs; it names the process and its log. No process is left.
    MissingPackageError, TrainingError
        When declearn is missing or has another version.
    """
    require_declearn(federation.protocol)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="datagen-") as scratch, Processes() as processes:
        certificates = make_certificates(Path(scratch) / "tls", (federation.host,), days=1)
        watch = _Watch(federation, processes, report)
        watch.start(certificates)
        outcome = watch.finish()
    outcome.seconds = time.monotonic() - began
    return outcome


class _Watch:
    """Listens to the processes of one run."""

    def __init__(
        self, federation: Federation, processes: Processes, report: Callable[[Event], None]
    ) -> None:
        self._federation = federation
        self._processes = processes
        self._report = report
        self._until = time.monotonic() + federation.deadline
        self._began = time.time() - _MARGIN
        self._outcome = Outcome()
        self._done: set[str] = set()
        self._is_listening = False

    def start(self, certificates: Certificates) -> None:
        """Start all processes at once; clients get the address when the server listens."""
        federation = self._federation
        for name in (SERVER, *federation.names):
            self._folder(name).mkdir(parents=True, exist_ok=True)
        self._processes.start(SERVER, self._log(SERVER), self._server(certificates))
        for name in federation.names:
            request = ClientRequest(
                name=name,
                data_folder=str(federation.data_folder),
                uri=None,
                ca_cert=str(certificates.ca_cert),
                protocol=federation.protocol,
                folder=str(self._folder(name)) if federation.checkpoints else None,
                patience=federation.deadline,
                deadline=federation.deadline,
                began=self._began,
                seed=federation.seed,
            )
            self._processes.start(name, self._log(name), request)

    def _server(self, certificates: Certificates) -> ServerRequest:
        federation = self._federation
        return ServerRequest(
            clients=len(federation.names),
            plan=federation.plan,
            folder=str(self._folder(SERVER)),
            certificate=str(certificates.server_cert),
            private_key=str(certificates.server_key),
            host=federation.host,
            protocol=federation.protocol,
            names=federation.names,
            heartbeat=federation.heartbeat,
            registration=federation.deadline,
            deadline=federation.deadline,
            began=self._began,
            seed=federation.seed,
            checkpoints=federation.checkpoints,
        )

    def finish(self) -> Outcome:
        """Listen until all are done."""
        while not self._is_over():
            message = self._processes.wait(self._until - time.monotonic())
            if message is None:
                raise self._hung()
            failure = self._take(message)
            if failure is not None:
                first = min([failure, *self._settle()], key=lambda each: each.rank)
                raise RunError(first.line, f"its log: {self._log(first.name)}")
        return self._outcome

    def _is_over(self) -> bool:
        return self._done == {SERVER, *self._federation.names}

    def _take(self, message: Message) -> _Failure | None:
        """Process a message; return the failure that it reports."""
        name, event = message.name, message.event
        if event is None:
            if name in self._done:
                return None
            return _Failure(name, f"{name} {self._processes.describe_end(name)}", rank=0)
        if event["event"] == "error":
            self._done.add(name)
            return _Failure.reported(name, event)
        self._record(name, event)
        return None

    def _record(self, name: str, event: Event) -> None:
        kind = event["event"]
        if kind == "listening":
            self._is_listening = True
            for client in self._federation.names:
                self._processes.send(client, event["uri"])
        elif kind == "client":
            self._outcome.sizes[name] = {key: event[key] for key in ("train", "valid")}
        elif kind == "round":
            self._outcome.rounds.append(event)
        elif kind == "done":
            self._done.add(name)
            if name == SERVER:
                self._outcome.model = Path(event["model"])
        self._report({**event, "from": name})

    def _settle(self) -> list[_Failure]:
        """Wait briefly for other reports of a failure; the first need not be its cause."""
        until = time.monotonic() + _SETTLE
        heard = []
        while (message := self._processes.wait(until - time.monotonic())) is not None:
            heard.append(self._take(message))
        return [failure for failure in heard if failure is not None]

    def _hung(self) -> RunError:
        # Until the server listens, the clients wait for it.
        waiting = self._processes.alive - self._done if self._is_listening else {SERVER}
        names = ", ".join(sorted(waiting))
        message = f"not over after {self._federation.deadline:g} s: {names} did not end"
        return RunError(message, f"the server's log: {self._log(SERVER)}")

    def _folder(self, name: str) -> Path:
        return self._federation.folder / name

    def _log(self, name: str) -> Path:
        return self._folder(name) / "logs.txt"


@dataclass(frozen=True)
class _Failure:
    """A failure of a process; the lowest rank is the likeliest cause of the others."""

    name: str
    line: str
    rank: int

    @classmethod
    def reported(cls, name: str, event: Event) -> Self:
        """Return the failure in an event `error`: of the process, or of one that it blames."""
        message, blamed = event["message"], event["blames"]
        if blamed is None:
            return cls(name, f"{name}: {message}", rank=2 if name == SERVER else 1)
        return cls(blamed, message, rank=2 if name == SERVER else 3)
