"""The server's end of the network, which knows the clients that it waits for."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, cast

from declearn.communication.api import NetworkServer
from declearn.communication.api.backend import MessagesHandler, flags
from declearn.communication.api.backend.actions import Accept, Join, Reject
from declearn.communication.websockets import WebsocketsServer
from declearn.messaging import Message, SerializedMessage

from datagen_federations.errors import BlamingError, TrainingError
from datagen_federations.roles.ports import find_addresses, make_uri
from datagen_federations.roles.requests import ServerRequest, is_client_name

_PATIENCE = 1.0  # seconds

_Result = TypeVar("_Result")


class _Registrar(MessagesHandler):
    """Accepts the number of clients of a request, with valid names only."""

    def __init__(self, heartbeat: float, clients: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # about its logger
            super().__init__(logging.getLogger(__name__), heartbeat)
        self._clients = clients

    async def _handle_join_request(self, message: Join, context: Any) -> Accept | Reject:
        if not is_client_name(message.name):
            self.logger.info("Refusing a client, whose name is %r", message.name[:80])
            return Reject(flags.INVALID_MESSAGE)
        reply = await super()._handle_join_request(message, context)
        if len(self.registered_clients) >= self._clients:
            self.close_clients_registration()
        return reply


class WatchedNetwork(NetworkServer, register=False):
    """A network server for which a lost client is an error at once, which names it.

    declearn waits forever for clients that hang, or that leave before they fetch a message. Answers
    are ordered by name, so that sums over clients do not depend on their arrival.
    """

    def __init__(self, request: ServerRequest, **options: Any) -> None:
        super().__init__(**options)
        self.handler = _Registrar(self.handler.heartbeat, request.clients)
        self.awaited: dict[str, str] = {}
        self.is_registering = False
        self._request = request

    async def wait_for_clients(
        self,
        min_clients: int = 1,  # noqa: ARG002 (the request has them)
        max_clients: int | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
    ) -> None:
        """Wait until all clients of the request have come.

        Raises
        ------
        TrainingError
            When they do not come in time, or two have the same name.
        """
        self.is_registering = True
        self.handler.open_clients_registration()
        patience = asyncio.timeout(self._request.registration)
        try:
            async with patience:
                while len(self._here()) < self._request.clients:
                    self.handler.open_clients_registration()  # one may have left
                    await asyncio.sleep(self.handler.heartbeat)
        except TimeoutError:
            raise self.blame_missing(f"not all within {self._request.registration:g} s") from None
        self.is_registering = False
        self.handler.close_clients_registration()
        self._check_names()

    def _here(self) -> set[str]:
        self.forget_lost()
        return {name for name in self.client_names if self.is_here(name)}

    def blame_missing(self, message: str) -> TrainingError:
        """Return the error of a run for which some clients did not come."""
        here, request = self._here(), self._request
        names = f" ({', '.join(sorted(here))})" if here else ""
        came = f"{message}: only {len(here)} of {request.clients} clients came{names}"
        missing = [name for name in request.names if name not in here]
        if not missing:
            return TrainingError(f"{came}; see the logs of the others")
        return BlamingError(f"{came}, without {', '.join(missing)}", missing[0])

    def _check_names(self) -> None:
        """Refuse names that declearn had to number, and unexpected names."""
        names, expected = self.client_names, self._request.names
        for name in sorted(names):
            first = name.rpartition(".")[0]  # no client has a dot in its name
            if first in names:
                raise TrainingError(f"two clients are called {first}; each needs its own name")
            if expected and name not in expected:
                raise TrainingError(f"{name} is not one of the clients {', '.join(expected)}")

    def forget_lost(self) -> None:
        """Forget clients that have left, so that others may have their names."""

    def is_here(self, client: str) -> bool:
        """Return whether a client's connection is open, as far as is known."""
        return client in self.client_names

    async def send_message(
        self, message: Message, client: str, timeout: float | None = None
    ) -> None:
        """Send a message and wait until the client has fetched it."""
        with self._awaiting(client, f"did not fetch its {type(message).__name__}"):
            await self._unless_lost(client, super().send_message(message, client, timeout))

    async def wait_for_messages(
        self, clients: set[str] | None = None
    ) -> dict[str, SerializedMessage[Any]]:
        """Return the next message of each client, by name in ascending order."""
        names = sorted(self.client_names if clients is None else clients)
        received = await asyncio.gather(*map(self._receive, names))
        return dict(zip(names, received, strict=True))

    async def _receive(self, client: str) -> SerializedMessage[Any]:
        with self._awaiting(client, "does not answer"):
            content = await self._unless_lost(client, self.handler.recv_message(client))
        return SerializedMessage.from_bin_message(content)

    @contextmanager
    def _awaiting(self, client: str, what: str) -> Iterator[None]:
        self.awaited[client] = what
        yield
        del self.awaited[client]  # after an error it stays, to be blamed

    async def _unless_lost(self, client: str, exchange: Coroutine[Any, Any, _Result]) -> _Result:
        task = asyncio.ensure_future(exchange)
        while self.is_here(client) and not task.done():
            await asyncio.wait({task}, timeout=self.handler.heartbeat)
        # A client leaves as soon as it has its last message; declearn notices the fetching later.
        await asyncio.wait({task}, timeout=2 * self.handler.heartbeat)
        try:
            if task.done():
                return task.result()
        except KeyError:  # declearn does not know the client any more
            pass
        task.cancel()
        raise BlamingError(f"{client} has gone: its connection broke", client)


class WatchedWebsockets(WatchedNetwork, WebsocketsServer, register=False):
    """A server for websockets; for port 0, `port` becomes the free port once it listens."""

    @property
    def uri(self) -> str:
        """The address for clients."""
        return make_uri(self.host, self.port)

    async def start(self) -> None:
        """Begin to listen, on all addresses of the host that this machine has."""
        host: Any = self.host
        # The library websockets accepts a list; afterwards `host` is the name again, for `uri`.
        self.host = cast("str", find_addresses(host, self.port))
        try:
            await super().start()
        finally:
            self.host = host
        sockets = self._server.sockets if self._server is not None else ()
        self.port = min(sockets, key=lambda each: each.family).getsockname()[1]

    async def stop(self) -> None:
        """Close all connections.

        After an error, handlers of connections would wait forever for the next message to send;
        they are abandoned.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await super().stop()

    def forget_lost(self) -> None:
        """Forget clients whose sockets were closed properly, which declearn overlooks."""
        for socket in [each for each in self.handler.registered_clients if each.closed]:
            del self.handler.registered_clients[socket]

    def is_here(self, client: str) -> bool:
        """Return whether a client's socket is open."""
        sockets = self.handler.registered_clients.items()
        return any(name == client and not socket.closed for socket, name in sockets)


def make_network(request: ServerRequest) -> WatchedNetwork:
    """Return the server's end of the network; it does not listen yet.

    Raises
    ------
    TrainingError
        When the certificate and its key do not load.
    """
    network = _grpc_network() if request.protocol == "grpc" else WatchedWebsockets
    try:
        return network(
            request,
            host=request.host,
            port=request.port,
            certificate=request.certificate,
            private_key=request.private_key,
            heartbeat=request.heartbeat,
        )
    except OSError as error:  # ssl.SSLError is one
        message = f"{request.certificate} and {request.private_key} do not load: {error}"
        raise TrainingError(message) from None


def _grpc_network() -> type[WatchedNetwork]:
    from declearn.communication.grpc import GrpcServer  # needs a package that is rarely installed

    class WatchedGrpc(WatchedNetwork, GrpcServer, register=False):
        """A server for gRPC."""

    return WatchedGrpc
