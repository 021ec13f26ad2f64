"""Certificates for a server and its clients, and checks of them before any work.

Clients trust one authority, `ca-cert.pem`, which signs the server's certificate. Its key,
`ca-pkey.pem`, is kept only on request, since its owner can pretend to be the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core.files import require
from datagen_federations.certificates.host_names import covers, is_wildcard, parse_host, parse_hosts
from datagen_federations.certificates.publishing import PUBLIC, SECRET, NewFile, publish_set
from datagen_federations.errors import TrainingError, TrainingOptionError

if TYPE_CHECKING:
    from datagen_federations.certificates.reading import CertificateFacts

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names of this machine that other machines cannot reach."""

MOST_DAYS = 3650
"""The longest validity: ten years."""

_CLOCKS_DIFFER = timedelta(minutes=5)
_NAMES = ("ca-cert.pem", "ca-pkey.pem", "server-pkey.pem", "server-cert.pem")


@dataclass(frozen=True)
class Certificates:
    """Paths of the files.

    Attributes
    ----------
    ca_cert
        The authority's certificate, for each client; not a secret.
    server_cert, server_key
        The server's certificate and key. The key is a secret that stays on its machine.
    ca_key
        The authority's key, which signs further certificates; None if it was not kept.
    """

    ca_cert: Path
    server_cert: Path
    server_key: Path
    ca_key: Path | None


def make_certificates(
    folder: Path, hosts: Sequence[str] = LOOPBACK, *, days: int = 30, keep_ca_key: bool = False
) -> Certificates:
    """Make an authority and a server's certificate, as files of one folder under declearn's names.

    Keys are on the curve P-256. Keys, and a folder that is made, are readable by their owner only.
    The set appears whole or not at all, and replaces nothing.

    Parameters
    ----------
    hosts
        All DNS names and IP addresses by which clients reach the server.
    days
        Validity of both certificates; it begins five minutes ago, since clocks differ.
    keep_ca_key
        Whether to write the authority's key too.

    Raises
    ------
    TrainingOptionError
        When a host is not a name or an address, or the number of days is out of range.
    TrainingError
        When a file exists already, or the folder cannot be written to.
    MissingPackageError
        When cryptography is not installed.
    """
    names, period = parse_hosts(hosts), _choose_period(days)
    require("cryptography", "declearn")
    from datagen_federations.certificates.signing import sign_set  # checked above

    signed = sign_set(names, period)
    made = _locate(folder, keep_ca_key=keep_ca_key)
    files = {
        made.ca_cert.name: NewFile(signed.ca_cert, PUBLIC),
        made.server_cert.name: NewFile(signed.server_cert, PUBLIC),
        made.server_key.name: NewFile(signed.server_key, SECRET),
    }
    if made.ca_key is not None:
        files[made.ca_key.name] = NewFile(signed.ca_key, SECRET)
    publish_set(folder, files, reserved=_NAMES)
    return made


def _choose_period(days: int) -> tuple[datetime, datetime]:
    if not 1 <= days <= MOST_DAYS:
        raise TrainingOptionError(f"certificates are valid for 1 to {MOST_DAYS} days, not {days}")
    now = _read_clock()
    return now - _CLOCKS_DIFFER, now + timedelta(days=days)


def _read_clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _locate(folder: Path, *, keep_ca_key: bool) -> Certificates:
    ca_cert, ca_key, server_key, server_cert = (folder / name for name in _NAMES)
    return Certificates(ca_cert, server_cert, server_key, ca_key if keep_ca_key else None)


def describe_certificate(path: Path) -> CertificateFacts:
    """Return the facts of the first certificate in a PEM file; a server's file begins with its own.

    Raises
    ------
    TrainingError
        When there is no such file, or it holds no certificate.
    MissingPackageError
        When cryptography is not installed.
    """
    return _read_certificates(path)[0]


def _read_certificates(path: Path) -> list[CertificateFacts]:
    require("cryptography", "declearn")
    from datagen_federations.certificates.reading import read_certificates  # checked above

    return read_certificates(path)


def check_server_files(
    certificate: Path, private_key: Path, host: str | None = None
) -> tuple[str, ...]:
    """Check the files of a server before it begins.

    Parameters
    ----------
    host
        The name or address that clients connect to; None, or the address of all interfaces
        (`0.0.0.0`, `::`), if it is not known.

    Returns
    -------
    notes
        Lines for the user, if the key is open to others.

    Raises
    ------
    TrainingError
        When a file is missing or damaged, the key belongs to another certificate, or the
        certificate is not valid now, or not for that host.
    """
    facts = describe_certificate(certificate)
    _check_key(private_key, certificate, facts)
    if problem := _find_problem_of_time(facts):
        raise TrainingError(f"{certificate} {problem}")
    if host:
        _check_host(certificate, facts, host)
    return _note_open_key(private_key)


def _check_key(private_key: Path, certificate: Path, facts: CertificateFacts) -> None:
    from datagen_federations.certificates.reading import (
        read_public_key,  # after the certificate was read, with the same package
    )

    if read_public_key(private_key) != facts.public_key:
        both = "name two files that were made together"
        raise TrainingError(f"{private_key} is not the key of {certificate}; {both}")


def _note_open_key(private_key: Path) -> tuple[str, ...]:
    if private_key.stat().st_mode & 0o077:
        return (f"{private_key} is open to others; run: chmod 600 {private_key}",)
    return ()


def _find_problem_of_time(facts: CertificateFacts) -> str | None:
    now = _read_clock()
    if now > facts.end:
        new = "make new ones: datagen federated certificates"
        return f"expired at {facts.end:%Y-%m-%d %H:%M} UTC; {new}"
    if now < facts.begin:
        look = "check this machine's clock"
        return f"is not valid before {facts.begin:%Y-%m-%d %H:%M} UTC; {look}"
    return None


def _check_host(certificate: Path, facts: CertificateFacts, host: str) -> None:
    name = parse_host(host)
    if is_wildcard(name) or covers(facts.hosts, name):
        return
    known = ", ".join(map(str, facts.hosts)) or "no host"
    new = f"make another: datagen federated certificates --host {name}"
    raise TrainingError(f"{certificate} is for {known}, not for {name}; {new}")


def check_ca(ca_cert: Path) -> None:
    """Check the certificate of an authority before a client connects.

    Raises
    ------
    TrainingError
        When the file is missing, or holds no authority's certificate that is valid now.
    """
    problems = [_find_problem_of_authority(facts) for facts in _read_certificates(ca_cert)]
    if all(problems):
        raise TrainingError(f"{ca_cert} {problems[0]}")


def _find_problem_of_authority(facts: CertificateFacts) -> str | None:
    if not facts.is_authority:
        return "is a server's certificate; clients need its authority's, such as ca-cert.pem"
    return _find_problem_of_time(facts)
