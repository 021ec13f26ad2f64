"""An authority that signs one certificate, in memory (RFC 5280)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from datagen_federations.certificates.host_names import HostName

Key = ec.EllipticCurvePrivateKey

Period = tuple[datetime, datetime]
"""Begin and end of the validity of certificates, in UTC."""


class SignedSet(NamedTuple):
    """A server's certificate, the authority that signed it, and their keys (PKCS 8), all PEM."""

    ca_cert: bytes
    ca_key: bytes
    server_cert: bytes
    server_key: bytes


def sign_set(names: Sequence[HostName], period: Period) -> SignedSet:
    """Make two keys on the curve P-256, and certificates that pass `VERIFY_X509_STRICT`."""
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_cert = _sign_ca(ca_key, period)
    server_cert = _sign_server(server_key, names, (ca_cert, ca_key), period)
    return SignedSet(
        ca_cert=ca_cert.public_bytes(Encoding.PEM),
        ca_key=_write_key(ca_key),
        server_cert=server_cert.public_bytes(Encoding.PEM),
        server_key=_write_key(server_key),
    )


def _sign_ca(key: Key, period: Period) -> x509.Certificate:
    """Return an authority's certificate, signed by itself; it cannot sign other authorities."""
    name = _name("datagen federated training: authority")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    return (
        _begin(name, name, key, period)
        .add_extension(constraints, critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(key, SHA256())
    )


def _sign_server(
    key: Key, names: Sequence[HostName], signer: tuple[x509.Certificate, Key], period: Period
) -> x509.Certificate:
    ca_cert, ca_key = signer
    subject_id = ca_cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_id)
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return (
        _begin(_name("datagen federated training: server"), ca_cert.subject, key, period)
        .add_extension(constraints, critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_alternative, names)), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, SHA256())
    )


def _begin(
    subject: x509.Name, issuer: x509.Name, key: Key, period: Period
) -> x509.CertificateBuilder:
    public_key = key.public_key()
    subject_id = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=public_key,
        serial_number=x509.random_serial_number(),
        not_valid_before=period[0],
        not_valid_after=period[1],
    ).add_extension(subject_id, critical=False)


def _name(text: str) -> x509.Name:
    """Return a name for people; hosts are in the alternative names only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: HostName) -> x509.GeneralName:
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
