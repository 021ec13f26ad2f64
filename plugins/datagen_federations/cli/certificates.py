"""The command `datagen federated certificates`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import json_option, print_json, say_text

if TYPE_CHECKING:
    from datagen_federations.sessions.certificates import Certificates

_EXAMPLES = """\b
Examples:
  datagen federated certificates
  datagen federated certificates --host fl.example.org --host 192.168.1.7
  datagen federated certificates --folder of-june --days 90 --json"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--folder",
    default="certificates",
    type=click.Path(path_type=Path),
    help="The folder to write to; it is made, for you only, if it does not exist.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name or an IP address by which clients reach the server, besides localhost, 127.0.0.1"
    " and ::1; repeatable.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=30,
    help="Validity in days.",
)
@click.option(
    "--keep-ca-key",
    is_flag=True,
    help="Keep the authority's key; its owner can pretend to be the server.",
)
@json_option
def certificates(
    *, folder: Path, hosts: tuple[str, ...], days: int, keep_ca_key: bool, as_json: bool
) -> None:
    """Make the certificates by which clients recognize their server (TLS).

    \b
    ca-cert.pem      for each client, on its machine: which server to trust
    server-cert.pem  stays with the server
    server-pkey.pem  stays with the server: its key, a secret
    ca-pkey.pem      only with --keep-ca-key: signs more certificates, a secret

    Only ca-cert.pem goes to clients. Files that exist are never replaced.
    """
    from datagen_federations.sessions.certificates import (  # not for help
        LOOPBACK,
        make_certificates,
    )

    made = make_certificates(folder, (*LOOPBACK, *hosts), days=days, keep_ca_key=keep_ca_key)
    facts = _describe(made)
    if as_json:
        print_json(facts)
    else:
        say_text(_write_text(facts))


def _describe(made: Certificates) -> dict[str, Any]:
    from datagen_federations.sessions.certificate_checks import describe_certificate  # not for help

    server, authority = map(describe_certificate, (made.server_cert, made.ca_cert))
    return {
        **{name: path and str(path) for name, path in asdict(made).items()},
        "hosts": [str(host) for host in server.hosts],
        "valid_until": server.end.isoformat(),
        "ca_sha256": authority.fingerprint,
    }


def _write_text(facts: dict[str, Any]) -> str:
    lines = [
        f"{facts['ca_cert']}: copy this file, and no other, to each client",
        f"{facts['server_cert']}: the server's",
        f"{facts['server_key']}: the server's key, a secret; leave it here",
        f"Valid for {', '.join(facts['hosts'])} until {facts['valid_until'][:10]}.",
        f"SHA-256 of the authority, to compare on clients: {facts['ca_sha256']}",
    ]
    if facts["ca_key"]:
        lines.insert(3, f"{facts['ca_key']}: the authority's key, a secret; keep it off line")
    return "\n".join(lines)
