"""The names of a server that a certificate vouches for: DNS names and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from datagen_federations.errors import TrainingError

HostName = str | IPv4Address | IPv6Address
"""A DNS name is a text in ASCII and lower case."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
# RFC 1123, 2.1: no name ends in digits alone, so that 192.168.1.300 is a slip and no name.
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*(?!\d+$){_LABEL}")


def parse_hosts(hosts: Sequence[str]) -> list[HostName]:
    """Return the names that a certificate is to vouch for, each once, in their order.

    Raises
    ------
    TrainingError
        When there are none, or one is no name that a client can connect to.
    """
    names = list(dict.fromkeys(parse_host(host) for host in hosts))
    if not names:
        raise TrainingError("a certificate needs a host that it is for, such as localhost")
    for name in names:
        if is_wildcard(name):
            raise TrainingError(f"{name} is no address to connect to; name the host as clients do")
    return names


def parse_host(host: str) -> HostName:
    """Return a DNS name (`*.` at its beginning is allowed) or an address of the text of it.

    Raises
    ------
    TrainingError
        When the text is neither.
    """
    text = host.strip()
    try:
        return _parse_address(text)
    except ValueError:
        name = _encode(text)
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        like = "give it like server.example.org or 192.168.1.7, without a port"
        raise TrainingError(f"{host!r} is no name or address of a host; {like}")
    return name


def _parse_address(text: str) -> HostName:
    address = ip_address(text.removeprefix("[").removesuffix("]"))
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ValueError("certificates know no zones")
    return address


def _encode(text: str) -> str:
    """Return a name as certificates hold it, which ssl makes of a client's in the same way."""
    try:
        return text.encode("idna").decode().lower()
    except UnicodeError:
        return ""


def is_wildcard(host: HostName) -> bool:
    """Tell whether a server that listens on it listens on all addresses."""
    return not isinstance(host, str) and host.is_unspecified


def covers(certified: Iterable[HostName], host: HostName) -> bool:
    """Tell whether one of the names stands for the host (RFC 6125, 6.4; `*.` is one label)."""
    names = set(certified)
    if isinstance(host, str) and "." in host:
        return host in names or f"*.{host.partition('.')[2]}" in names
    return host in names
