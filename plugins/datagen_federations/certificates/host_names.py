"""Names of servers in certificates: DNS names and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from datagen_federations.errors import TrainingOptionError

HostName = str | IPv4Address | IPv6Address
"""A DNS name is text in ASCII and lower case."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
# RFC 1123, 2.1: the last label is not all digits, so that 192.168.1.300 is not a name.
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*(?!\d+$){_LABEL}")


def parse_hosts(hosts: Sequence[str]) -> list[HostName]:
    """Return the names for a certificate, without repetitions.

    Raises
    ------
    TrainingOptionError
        When there are none, or clients cannot connect to one of them.
    """
    names = list(dict.fromkeys(parse_host(host) for host in hosts))
    if not names:
        raise TrainingOptionError("a certificate needs a host that it is for, such as localhost")
    for name in names:
        if is_wildcard(name):
            raise TrainingOptionError(
                f"{name} is not an address to connect to; name the host as clients do"
            )
    return names


def parse_host(host: str) -> HostName:
    """Return a DNS name, which may begin with `*.`, or an IP address.

    Raises
    ------
    TrainingOptionError
        When the text is neither.
    """
    text = host.strip()
    try:
        return _parse_address(text)
    except ValueError:
        name = _encode(text)
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        like = "give it like server.example.org or 192.168.1.7, without a port"
        raise TrainingOptionError(f"{host!r} is not a name or address of a host; {like}")
    return name


def _parse_address(text: str) -> HostName:
    address = ip_address(text.removeprefix("[").removesuffix("]"))
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ValueError("certificates do not know zones")
    return address


def _encode(text: str) -> str:
    """Return a name in the form of certificates, to which ssl converts names too."""
    try:
        return text.encode("idna").decode().lower()
    except UnicodeError:
        return ""


def is_wildcard(host: HostName) -> bool:
    """Return whether a host stands for all addresses of a machine."""
    return not isinstance(host, str) and host.is_unspecified


def covers(certified: Iterable[HostName], host: HostName) -> bool:
    """Return whether one of the names stands for the host (RFC 6125, 6.4; `*.` is one label)."""
    names = set(certified)
    if isinstance(host, str) and "." in host:
        return host in names or f"*.{host.partition('.')[2]}" in names
    return host in names
