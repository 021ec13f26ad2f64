"""Addresses and ports of servers."""

from __future__ import annotations

import errno
import socket
from typing import Any
from urllib.parse import urlsplit

from datagen_federations.errors import TrainingError, TrainingOptionError

USUAL_PORT = 8765
"""declearn's port."""

AddressInfo = tuple[int, int, int, str, Any]
"""Family, kind, protocol, canonical name and address."""

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def choose_port(host: str, port: int | None) -> int:
    """Return the port to listen on: the given one, else the usual one, else 0 for a free one.

    Raises
    ------
    TrainingError
        When the host is not an address of this machine, or the given port is taken.
    """
    wanted = USUAL_PORT if port is None else port
    try:
        find_addresses(host, wanted)
    except OSError as error:
        if port is None and not isinstance(error, socket.gaierror):
            return choose_port(host, 0)
        message = f"cannot listen on {host}:{wanted}: {error.strerror or error}"
        advice = "choose another --port, or 0 for a free one; --host is an address of this machine"
        raise TrainingError(f"{message}; {advice}") from None
    return wanted


def find_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a name on which this machine can listen.

    Raises
    ------
    OSError
        When there are none, or one of them is taken.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    absent = {each[4][0]: _probe(each) for each in found}
    addresses = [str(address) for address, error in absent.items() if error is None]
    if not addresses:
        raise next(error for error in absent.values() if error is not None)
    return addresses


def _probe(found: AddressInfo) -> OSError | None:
    """Try to bind an address from `getaddrinfo`; return the error if this machine lacks it.

    A name may have such an address, as `::1 localhost` in the hosts file while IPv6 is off; the
    server then listens at the others.
    """
    family, kind, protocol, _, address = found
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in _ABSENT:
            return error
        raise
    return None


def make_uri(host: str, port: int) -> str:
    """Return the URI of a server for websockets; IPv6 addresses are in brackets."""
    return f"wss://[{host}]:{port}" if ":" in host else f"wss://{host}:{port}"


def split_uri(uri: str) -> tuple[str, int]:
    """Return host and port of a server's URI; `wss://` may be left out.

    Raises
    ------
    TrainingOptionError
        When it is not a URI of a server.
    """
    try:
        parts = urlsplit(uri if "//" in uri else f"//{uri}")
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if not host or not port or scheme not in ("", "wss"):
        raise TrainingOptionError(f"{uri!r} is not an address of a server; write wss://HOST:PORT")
    return host, port
