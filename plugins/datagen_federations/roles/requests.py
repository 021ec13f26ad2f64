"""What a server and a client are told: plain data, which travel to their processes as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen_federations.errors import TrainingError

Protocol = Literal["websockets", "grpc"]

Event = dict[str, Any]
"""What a server or a client reports: a dictionary whose `event` says what it is.

`listening` (uri), `client` (name, train and valid: numbers of samples), `round` (round, loss and
the metrics of all clients together, seconds, and `clients`: for each by name its own metrics, and
train_seconds, train_steps, valid_seconds), `done` (model: the file with the last weights)."""

Report = Callable[[Event], None]

SERVER = "server"
"""The name of the server among the processes of a run, and of its folder."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_client_name(name: str) -> bool:
    """Return whether a client may be called so: files and folders get its name."""
    return _NAME.fullmatch(name) is not None and name != SERVER


def check_client_name(name: str) -> None:
    """Refuse a name that no server takes.

    Raises
    ------
    TrainingError
        When it is one.
    """
    if not is_client_name(name):
        message = f"{name!r} is no name for a client: take letters, digits, - and _, but not server"
        raise TrainingError(message)


HEARTBEAT = 0.05
"""Seconds between two looks of the server at its messages; declearn's default of 1 s decides the
time of a short round."""


@dataclass(frozen=True, kw_only=True)
class _Timed:
    deadline: float = 3600.0
    began: float = field(default_factory=time.time)

    def seconds_left(self) -> float:
        """Return how long it may take from now on."""
        return max(self.began + self.deadline - time.time(), 0.0)


@dataclass(frozen=True)
class ServerRequest(_Timed):
    """What a server is told.

    Attributes
    ----------
    clients
        How many clients take part.
    plan
        `plans.make_plan`'s.
    folder
        Where results go; made when it is not there.
    certificate, private_key
        Files, PEM.
    host, port
        Where it listens; port 0 is a free one.
    names
        The names of the clients, where they are known beforehand; for messages.
    heartbeat
        Seconds between two looks at messages.
    registration
        Seconds within which all clients come.
    deadline, began
        Seconds within which all is over, from `began`, in seconds since the epoch.
    seed
        Of the first weights.
    checkpoints
        Whether declearn keeps its own records of all rounds in the folder.
    """

    clients: int
    plan: dict[str, dict[str, Any]]
    folder: str
    certificate: str
    private_key: str
    host: str = "localhost"
    port: int = 0
    protocol: Protocol = "websockets"
    names: tuple[str, ...] = ()
    heartbeat: float = HEARTBEAT
    registration: float = 300.0
    seed: int = 0
    checkpoints: bool = True


@dataclass(frozen=True)
class ClientRequest(_Timed):
    """What a client is told.

    Attributes
    ----------
    name
        Its name, and its folder's in `data_folder`.
    data_folder
        The folder with the data of clients.
    uri
        Of the server, such as `wss://localhost:8765`; None: it comes with the next line.
    ca_cert
        The file with the authority that the server's certificate is from.
    folder
        Where its own records go; None: it keeps none.
    patience
        Seconds within which the server can be reached.
    deadline, began
        Seconds within which all is over, from `began`, in seconds since the epoch.
    seed
        Of its own random numbers, together with its name.
    """

    name: str
    data_folder: str
    uri: str | None
    ca_cert: str
    protocol: Protocol = "websockets"
    folder: str | None = None
    patience: float = 60.0
    seed: int = 0
