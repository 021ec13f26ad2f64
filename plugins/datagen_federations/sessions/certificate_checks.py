"""Checks of certificates and keys before any work; they may come from other programs."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core.files import require
from datagen_federations.errors import TrainingError
from datagen_federations.sessions.certificates import HostName, is_wildcard, parse_host

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True)
class CertificateFacts:
    """Facts of a certificate.

    Attributes
    ----------
    hosts
        Its DNS names and addresses; without a DNS name, the common names of its subject count as
        such, as for OpenSSL.
    begin, end
        Its validity, in UTC.
    is_authority
        Whether OpenSSL accepts it as an authority: it signs others, or has signed itself.
    fingerprint
        SHA-256 of the certificate, 64 hexadecimal digits.
    """

    hosts: tuple[HostName, ...]
    begin: datetime
    end: datetime
    is_authority: bool
    fingerprint: str


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
    _check_key(private_key, certificate)
    if problem := _find_problem_of_time(facts):
        raise TrainingError(f"{certificate} {problem}")
    if host:
        _check_host(certificate, facts, host)
    if private_key.stat().st_mode & 0o077:
        return (f"{private_key} is open to others; run: chmod 600 {private_key}",)
    return ()


def check_ca(ca_cert: Path) -> None:
    """Check the certificate of an authority before a client connects.

    Raises
    ------
    TrainingError
        When the file is missing, or holds no authority's certificate that is valid now.
    """
    other = "is a server's certificate; clients need its authority's, such as ca-cert.pem"
    problems = [
        _find_problem_of_time(facts) if facts.is_authority else other
        for facts in _read_certificates(ca_cert)
    ]
    if all(problems):
        raise TrainingError(f"{ca_cert} {problems[0]}")


def _find_problem_of_time(facts: CertificateFacts) -> str | None:
    now = datetime.now(UTC)
    if now > facts.end:
        new = "make new ones: datagen federated certificates"
        return f"expired at {facts.end:%Y-%m-%d %H:%M} UTC; {new}"
    if now < facts.begin:
        look = "check this machine's clock"
        return f"is not valid before {facts.begin:%Y-%m-%d %H:%M} UTC; {look}"
    return None


def _check_host(certificate: Path, facts: CertificateFacts, host: str) -> None:
    name = parse_host(host)
    if is_wildcard(name) or _covers(facts.hosts, name):
        return
    known = ", ".join(map(str, facts.hosts)) or "no host"
    new = f"make another: datagen federated certificates --host {name}"
    raise TrainingError(f"{certificate} is for {known}, not for {name}; {new}")


def _covers(certified: Iterable[HostName], host: HostName) -> bool:
    """Return whether one of the names stands for the host (RFC 6125, 6.4; `*.` is one label)."""
    names = set(certified)
    if isinstance(host, str) and "." in host:
        return host in names or f"*.{host.partition('.')[2]}" in names
    return host in names


def _read_certificates(path: Path) -> list[CertificateFacts]:
    """Return the facts of all certificates in a PEM file, in their order, at least one."""
    require("cryptography", "declearn")
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    text = _read(path)
    try:
        return [_describe(one) for one in x509.load_pem_x509_certificates(text)]
    except (ValueError, UnsupportedAlgorithm) as error:
        which = "name the file that begins with -----BEGIN CERTIFICATE-----"
        raise TrainingError(f"{path} holds no certificate in PEM form; {which}") from error


def _check_key(private_key: Path, certificate: Path) -> None:
    def refuse() -> str:
        raise TrainingError(
            f"{private_key} is locked by a password; write it without one: openssl pkey -in "
            f"{private_key} -out NEW"
        )

    _read(private_key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key, refuse)
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise TrainingError(
                f"{private_key} is not the key of {certificate}; name two files that were made "
                "together"
            ) from error
        which = "name the file that begins with -----BEGIN PRIVATE KEY-----"
        raise TrainingError(f"{private_key} holds no private key in PEM form; {which}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        make = "name another file, or make one: datagen federated certificates"
        raise TrainingError(f"{path} does not exist; {make}") from error
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"{path} cannot be read: {reason}; name another file") from error


def _describe(certificate: x509.Certificate) -> CertificateFacts:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    extensions = {type(each.value): each.value for each in certificate.extensions}
    names = extensions.get(x509.SubjectAlternativeName, x509.SubjectAlternativeName([]))
    commons = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    domains = names.get_values_for_type(x509.DNSName) or [str(name.value) for name in commons]
    # Networks occur in constraints only, but the type allows them here.
    found = names.get_values_for_type(x509.IPAddress)
    constraints = extensions.get(x509.BasicConstraints)
    return CertificateFacts(
        hosts=(*map(str.lower, domains), *(each for each in found if isinstance(each, HostName))),
        begin=certificate.not_valid_before_utc,
        end=certificate.not_valid_after_utc,
        is_authority=certificate.issuer == certificate.subject
        or (constraints is not None and constraints.ca),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
    )
