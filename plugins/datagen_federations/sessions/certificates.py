"""Certificates of a server and its clients, made by cryptography.

Clients trust one authority, `ca-cert.pem`, which signs the server's certificate. Its key,
`ca-pkey.pem`, is kept only on request, since its owner can pretend to be the server.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_core.files import require
from datagen_federations.errors import TrainingError, TrainingOptionError

if TYPE_CHECKING:
    from cryptography import x509

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names of this machine that other machines cannot reach."""

MOST_DAYS = 3650
"""The longest validity: ten years."""

HostName = str | IPv4Address | IPv6Address
"""A DNS name is text in ASCII and lower case."""

_CLOCKS_DIFFER = timedelta(minutes=5)
_NAMES = ("ca-cert.pem", "ca-pkey.pem", "server-cert.pem", "server-pkey.pem")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
# RFC 1123, 2.1: the last label is not all digits, so that 192.168.1.300 is not a name.
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*(?!\d+$){_LABEL}")


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
    names = _parse_hosts(hosts)
    if not 1 <= days <= MOST_DAYS:
        raise TrainingOptionError(f"certificates are valid for 1 to {MOST_DAYS} days, not {days}")
    now = _read_clock()
    require("cryptography", "declearn")
    files = _sign_set(names, now - _CLOCKS_DIFFER, now + timedelta(days=days))
    if not keep_ca_key:
        del files["ca-pkey.pem"]
    _publish(folder, files)
    ca_cert, ca_key, server_cert, server_key = (folder / name for name in _NAMES)
    return Certificates(ca_cert, server_cert, server_key, ca_key if keep_ca_key else None)


def _read_clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _parse_hosts(hosts: Sequence[str]) -> list[HostName]:
    """Return the names for a certificate, without repetitions."""
    names = list(dict.fromkeys(parse_host(host) for host in hosts))
    if not names:
        raise TrainingOptionError("a certificate needs a host that it is for, such as localhost")
    for name in filter(is_wildcard, names):
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
    with suppress(ValueError):
        address = ip_address(text.removeprefix("[").removesuffix("]"))
        if not getattr(address, "scope_id", None):  # certificates do not know zones
            return address
    try:
        name = text.encode("idna").decode().lower()  # ssl converts names in the same way
    except UnicodeError:
        name = ""
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        like = "give it like server.example.org or 192.168.1.7, without a port"
        raise TrainingOptionError(f"{host!r} is not a name or address of a host; {like}")
    return name


def is_wildcard(host: HostName) -> bool:
    """Return whether a host stands for all addresses of a machine."""
    return not isinstance(host, str) and host.is_unspecified


def _sign_set(names: Sequence[HostName], begin: datetime, end: datetime) -> dict[str, bytes]:
    """Return the content of all files: certificates that pass `VERIFY_X509_STRICT` (RFC 5280)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id)
    alternatives = x509.SubjectAlternativeName(
        x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name) for name in names
    )
    server_use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificates = (
        _begin("authority", ca_key.public_key(), begin, end),
        _begin("server", server_key.public_key(), begin, end)
        .add_extension(server_use, critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(authority, critical=False),
    )
    ca_cert, server_cert = (each.sign(ca_key, SHA256()) for each in certificates)
    secret = (form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return {
        "ca-cert.pem": ca_cert.public_bytes(form.Encoding.PEM),
        "ca-pkey.pem": ca_key.private_bytes(*secret),
        "server-cert.pem": server_cert.public_bytes(form.Encoding.PEM),
        "server-pkey.pem": server_key.private_bytes(*secret),
    }


def _begin(who: str, key: Any, begin: datetime, end: datetime) -> x509.CertificateBuilder:
    """Return what certificates have in common; hosts are in the alternative names only."""
    from cryptography import x509

    subject, issuer = (
        x509.Name(
            [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"datagen federated training: {name}")]
        )
        for name in (who, "authority")
    )
    is_ca = who == "authority"  # it cannot sign other authorities
    constraints = x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None)
    use = {"key_cert_sign": is_ca, "digital_signature": not is_ca}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
              "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), begin, end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(constraints, critical=True)
        .add_extension(x509.KeyUsage(**use, **dict.fromkeys(others, False)), critical=True)
    )


def _publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made, for its owner only, if it does not exist.

    Each file is written beside its name and then linked to it, which replaces nothing. The next
    call removes leftovers of a killed one; they are hard links of the files beside, which the
    user's own files are not.
    """
    try:
        is_new = not folder.exists()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with _sole_writer(folder, is_new=is_new):
            _clear_unfinished(folder)
            for path in filter(os.path.lexists, (folder / name for name in _NAMES)):
                instead = "name another folder, or remove the whole old set"
                raise TrainingError(f"{path} exists and is not replaced; {instead}")
            _place(folder, files)
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"{folder} cannot be written to: {reason}; name another") from error


@contextmanager
def _sole_writer(folder: Path, *, is_new: bool) -> Iterator[None]:
    """Lock a folder; if the block fails, remove a new one, which only its sole writer may do."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        message = f"another call is writing to {folder}; wait until it has ended"
        raise TrainingError(message) from error
    except OSError:
        pass  # NFS does not lock folders; links replace nothing there either
    try:
        yield
        with suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        os.close(descriptor)


def _clear_unfinished(folder: Path) -> None:
    """Remove the files beside, and an incomplete set of placed files."""
    unfinished = [name for name in _NAMES if _beside(folder, name).exists()]
    placed = [
        name
        for name in unfinished
        if (folder / name).exists() and (folder / name).samefile(_beside(folder, name))
    ]
    if len(placed) < len(unfinished):
        for name in placed:
            (folder / name).unlink()
    for name in unfinished:
        _beside(folder, name).unlink()


def _beside(folder: Path, name: str) -> Path:
    return folder / f".{name}.unfinished"


def _place(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            _write(_beside(folder, name), content, 0o600 if "pkey" in name else 0o644)
        for name in files:
            os.link(_beside(folder, name), folder / name)
    finally:
        _clear_unfinished(folder)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        if mode == 0o600:
            os.fchmod(descriptor, mode)  # in spite of the umask and the folder's defaults
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
