"""Requests to a server and to clients: plain data, sent to their processes as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen_federations.errors import TrainingOptionError

Protocol = Literal["websockets", "grpc"]

Event = dict[str, Any]
"""A report of a server or a client: a dictionary with its kind as `event`.

`listening` (uri), `client` (name, train and valid: numbers of samples), `round` (round, loss and
metrics of all clients together, seconds, and `clients`: by name the client's own metrics,
train_seconds, train_steps and valid_seconds), `done` (model: the file with the last weights)."""

Report = Callable[[Event], None]

SERVER = "server"
"""The name of the server among the processes of a run, and of its folder."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_client_name(name: str) -> bool:
    """Return whether a name is valid for a client, whose files and folders have it."""
    return _NAME.fullmatch(name) is not None and name != SERVER


def check_client_name(name: str) -> None:
    """Refuse an invalid name of a client.

    Raises
    ------
    TrainingOptionError
        With the characters that are allowed.
    """
    if not is_client_name(name):
        message = (
            f"{name!r} is not a name for a client: take letters, digits, - and _, but not server"
        )
        raise TrainingOptionError(message)


HEARTBEAT = 0.05
"""Seconds between two looks of the server at its messages; declearn's default of 1 s would be most
of a short round."""


@dataclass(frozen=True, kw_only=True)
class _Timed:
    deadline: float = 3600.0
    began: float = field(default_factory=time.time)

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return max(self.began + self.deadline - time.time(), 0.0)


@dataclass(frozen=True)
class ServerRequest(_Timed):
    """A request to serve a run.

    Attributes
    ----------
    clients
        Number of clients.
    plan
        The plan, from `plans.make_plan`.
    folder
        The folder of results; it is made if it does not exist.
    certificate, private_key
        Files, PEM.
    host, port
        The address to listen on; port 0 is a free one.
    names
        The names of the clients, if they are known beforehand, for messages.
    heartbeat
        Seconds between two looks at messages.
    registration
        Seconds to wait for all clients.
    deadline, began
        Seconds for the whole run, from `began`, in seconds since the epoch.
    seed
        Seed of the first weights.
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
    """A request to take part in a run.

    Attributes
    ----------
    name
        The client's name, which is also that of its folder in `data_folder`.
    data_folder
        The folder with the data of clients.
    uri
        The server's address, such as `wss://localhost:8765`; None if it follows on standard input.
    ca_cert
        The file with the certificate of the server's authority.
    folder
        The folder of its own records; None for no records.
    patience
        Seconds to wait until the server can be reached.
    deadline, began
        Seconds for the whole run, from `began`, in seconds since the epoch.
    seed
        Seed of its random numbers, together with its name.
    """

    name: str
    data_folder: str
    uri: str | None
    ca_cert: str
    protocol: Protocol = "websockets"
    folder: str | None = None
    patience: float = 60.0
    seed: int = 0
