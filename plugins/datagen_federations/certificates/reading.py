"""Files of certificates and keys, read; they may come from other programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from datagen_federations.certificates.host_names import HostName
from datagen_federations.errors import TrainingError


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
    public_key
        Its key, as SubjectPublicKeyInfo in DER.
    """

    hosts: tuple[HostName, ...]
    begin: datetime
    end: datetime
    is_authority: bool
    fingerprint: str
    public_key: bytes = field(repr=False)


def read_certificates(path: Path) -> list[CertificateFacts]:
    """Return the facts of all certificates in a PEM file, in their order, at least one.

    Raises
    ------
    TrainingError
        When there is no such file, or it holds no certificate, or one that cannot be read.
    """
    text = _read(path)
    try:
        return [_describe(one) for one in x509.load_pem_x509_certificates(text)]
    except (ValueError, UnsupportedAlgorithm) as error:
        which = "name the file that begins with -----BEGIN CERTIFICATE-----"
        raise TrainingError(f"{path} holds no certificate in PEM form; {which}") from error


def read_public_key(private_key: Path) -> bytes:
    """Return the public half of a private key, as SubjectPublicKeyInfo in DER.

    Raises
    ------
    TrainingError
        When there is no such file, it holds no private key in PEM form, or needs a password.
    """
    text = _read(private_key)
    try:
        return _write(load_pem_private_key(text, password=None).public_key())
    except TypeError as error:
        clear = f"write it without one: openssl pkey -in {private_key} -out NEW"
        raise TrainingError(f"{private_key} is locked by a password; {clear}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
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
    return CertificateFacts(
        hosts=_find_hosts(certificate),
        begin=certificate.not_valid_before_utc,
        end=certificate.not_valid_after_utc,
        is_authority=_is_authority(certificate),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        public_key=_write(certificate.public_key()),
    )


def _find_hosts(certificate: x509.Certificate) -> tuple[HostName, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    domains: list[HostName] = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    return (*(domains or _common_names(certificate)), *_addresses(names))


def _common_names(certificate: x509.Certificate) -> list[str]:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(name.value).lower() for name in names]


def _addresses(names: x509.SubjectAlternativeName) -> list[HostName]:
    # Networks occur in constraints only, but the type allows them here.
    found = names.get_values_for_type(x509.IPAddress)
    return [address for address in found if isinstance(address, HostName)]


def _is_authority(certificate: x509.Certificate) -> bool:
    if certificate.issuer == certificate.subject:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _write(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
