"""Certificates: what TLS makes of them, who can read them, and what is said of bad ones."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datagen_core import DatagenError
from datagen_federations.errors import TrainingError
from datagen_federations.sessions import certificates
from datagen_federations.sessions.certificate_checks import (
    check_ca,
    check_server_files,
    describe_certificate,
)
from datagen_federations.sessions.certificates import LOOPBACK, make_certificates
from patience import patience
from tls_handshakes import shake_hands, trust

pytest.importorskip("cryptography")

HOSTS = (*LOOPBACK, "fl.example.org", "10.1.2.3", "*.cluster.example.org", "Bücher.example")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls") / "certificates", HOSTS)


@pytest.fixture
def make_at(monkeypatch, tmp_path):
    """Make certificates some days from now, in the past too."""

    def make(days_from_now):
        now = datetime.now(UTC).replace(microsecond=0)
        with monkeypatch.context() as patch:
            patch.setattr(certificates, "_read_clock", lambda: now + timedelta(days=days_from_now))
            return make_certificates(tmp_path / "other-day", days=1)

    return make


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "host",
    [*LOOPBACK, "fl.example.org", "FL.Example.org", "10.1.2.3", "n7.cluster.example.org",
     "bücher.example"],
)  # fmt: skip
def test_a_client_trusts_the_server_by_each_of_its_names(made, host):
    shake_hands(made.server_cert, made.server_key, trust(made.ca_cert), host)
    check_server_files(made.server_cert, made.server_key, host)


@pytest.mark.parametrize("host", ["example.org", "10.1.2.4", "a.b.cluster.example.org", "::2"])
def test_a_client_refuses_any_other_name(made, host):
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(made.server_cert, made.server_key, trust(made.ca_cert), host)
    with pytest.raises(TrainingError, match=f"not for {host}; make another: .* --host {host}"):
        check_server_files(made.server_cert, made.server_key, host)


def test_a_client_refuses_the_certificate_of_another_authority(made, tmp_path):
    other = make_certificates(tmp_path / "other")

    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(made.server_cert, made.server_key, trust(other.ca_cert), "localhost")


@pytest.mark.parametrize(
    ("days", "by_openssl", "by_us"),
    [(-2, "has expired", "expired at .*make new ones"),
     (2, "not yet valid", "not valid before .*clock")],
)  # fmt: skip
def test_a_certificate_is_refused_out_of_its_time(make_at, days, by_openssl, by_us):
    made = make_at(days)

    with pytest.raises(ssl.SSLCertVerificationError, match=by_openssl):
        shake_hands(made.server_cert, made.server_key, trust(made.ca_cert), "localhost")
    with pytest.raises(TrainingError, match=f"server-cert.pem.*{by_us}"):
        check_server_files(made.server_cert, made.server_key)
    with pytest.raises(TrainingError, match=f"ca-cert.pem.*{by_us}"):
        check_ca(made.ca_cert)


def test_they_serve_over_tcp(made):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.server_cert, made.server_key)

    def answer():
        connection, _ = listener.accept()
        with server.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(b"hello")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        (thread := threading.Thread(target=answer, daemon=True)).start()
        with (
            socket.create_connection(listener.getsockname(), timeout=patience(30)) as plain,
            trust(made.ca_cert).wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.recv(5) == b"hello"
        thread.join()


def test_the_authority_signs_servers_alone(made):
    x509 = pytest.importorskip("cryptography.x509")
    authority, server = (
        x509.load_pem_x509_certificate(path.read_bytes()).extensions
        for path in (made.ca_cert, made.server_cert)
    )
    constraints = authority.get_extension_for_class(x509.BasicConstraints)
    purposes = server.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert not server.get_extension_for_class(x509.BasicConstraints).value.ca
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.5.5.7.3.1"]


def test_they_are_valid_for_thirty_days_from_five_minutes_ago(made):
    for path in (made.ca_cert, made.server_cert):
        facts = describe_certificate(path)

        assert facts.end - facts.begin == timedelta(days=30, minutes=5)
        assert facts.begin + timedelta(minutes=5) <= datetime.now(UTC) < facts.end


def test_a_description_says_for_whom_and_by_whom(made):
    server, authority = map(describe_certificate, (made.server_cert, made.ca_cert))

    assert sorted(map(str, server.hosts)) == sorted(
        [*HOSTS[:-1], "xn--bcher-kva.example"],
    )
    assert (server.is_authority, authority.is_authority) == (False, True)
    assert server.fingerprint != authority.fingerprint


@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o277])
def test_nobody_else_reads_keys_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        made = make_certificates(tmp_path / "set", keep_ca_key=True)
    finally:
        os.umask(before)

    assert {mode(made.server_key), mode(made.ca_key)} == {0o600}
    assert mode(tmp_path / "set") & 0o077 == 0
    assert mode(made.ca_cert) == 0o644 & ~umask


def test_a_folder_that_exists_keeps_its_mode_and_its_files(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "mine.txt").write_text("mine")
    made = make_certificates(tmp_path)

    assert mode(tmp_path) == 0o755
    assert mode(made.server_key) == 0o600
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("keep", [False, True])
def test_the_authoritys_key_is_kept_only_on_request(tmp_path, keep):
    made = make_certificates(tmp_path, keep_ca_key=keep)

    assert (made.ca_key is not None) == keep == (tmp_path / "ca-pkey.pem").exists()
    assert len(list(tmp_path.iterdir())) == 3 + keep


def test_keys_are_in_the_form_that_everybody_reads(tmp_path):
    made = make_certificates(tmp_path, keep_ca_key=True)

    for key in (made.server_key, made.ca_key):
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    "name", ["ca-cert.pem", "ca-pkey.pem", "server-cert.pem", "server-pkey.pem"]
)
def test_nothing_is_replaced_and_nothing_added(tmp_path, name):
    (tmp_path / name).write_text("mine")

    with pytest.raises(TrainingError, match=f"{name} exists and is not replaced"):
        make_certificates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_link_to_nowhere_is_not_replaced_either(tmp_path):
    (tmp_path / "ca-cert.pem").symlink_to("nowhere")

    with pytest.raises(TrainingError, match="exists and is not replaced"):
        make_certificates(tmp_path)


def test_two_calls_at_once_make_one_set(tmp_path):
    command = "from datagen_federations.sessions.certificates import *; import sys, pathlib\n"
    command += "make_certificates(pathlib.Path(sys.argv[1]))"
    calls = [
        subprocess.Popen([sys.executable, "-c", command, tmp_path / "set"], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [call.communicate()[1].decode() for call in calls]

    assert sorted(call.returncode for call in calls) == [0, 1, 1]
    assert all("exists and is not" in error or "another call" in error for error in errors if error)
    check_server_files(tmp_path / "set/server-cert.pem", tmp_path / "set/server-pkey.pem")


def test_a_failure_on_the_way_leaves_nothing(tmp_path, monkeypatch):
    def refuse(source, place):
        if place.name == "server-cert.pem":
            raise OSError(28, "No space left on device")
        return link(source, place)

    link = os.link
    monkeypatch.setattr("os.link", refuse)
    with pytest.raises(TrainingError, match="set cannot be written to: No space left on device"):
        make_certificates(tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_a_kill_at_any_point_leaves_nothing_to_trip_over(tmp_path):
    script = Path(__file__).parents[2] / "certificate_kills.py"
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, check=True)
    killed = int(done.stdout)

    assert killed > 12
    for folder in map(tmp_path.joinpath, map(str, range(killed + 1))):
        with suppress(TrainingError):  # the set was whole already
            make_certificates(folder, keep_ca_key=True)
        check_server_files(folder / "server-cert.pem", folder / "server-pkey.pem")
        assert len(list(folder.iterdir())) == 5
        assert {mode(key) for key in folder.glob("*pkey*")} == {0o600}


def test_what_a_killed_call_left_is_told_from_the_users_files(tmp_path):
    (tmp_path / ".ca-cert.pem.unfinished").write_text("half")
    (tmp_path / "server-cert.pem").write_text("mine")

    with pytest.raises(TrainingError, match=r"server-cert.pem exists"):
        make_certificates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["server-cert.pem"]


@pytest.mark.parametrize(
    "host",
    ["", "wss://localhost:8765", "localhost:8765", "192.168.1.300", "a b", "-a.example",
     "a..example", "fe80::1%eth0", "a" * 64, "a." * 130 + "a", "a.*.example", "ex\0ample"],
)  # fmt: skip
def test_what_is_no_host_is_refused(tmp_path, host):
    with pytest.raises(TrainingError, match="is not a name or address of a host; give it like"):
        make_certificates(tmp_path / "set", ["localhost", host])
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_an_address_to_listen_on_is_not_one_to_connect_to(tmp_path, made, host):
    with pytest.raises(TrainingError, match="is not an address to connect to"):
        make_certificates(tmp_path, [host])
    check_server_files(made.server_cert, made.server_key, host)


def test_hosts_stand_once_and_at_least_one_is_needed(tmp_path):
    made = make_certificates(tmp_path / "set", ["A.example", "a.example ", "[::1]", "::1"])

    assert list(map(str, describe_certificate(made.server_cert).hosts)) == ["a.example", "::1"]
    with pytest.raises(TrainingError, match="needs a host"):
        make_certificates(tmp_path / "none", [])


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_days_have_bounds(tmp_path, days):
    with pytest.raises(TrainingError, match=f"for 1 to 3650 days, not {days}"):
        make_certificates(tmp_path, days=days)


def test_without_cryptography_it_says_what_to_install(tmp_path, made, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    for call in (
        lambda: make_certificates(tmp_path),
        lambda: check_ca(made.ca_cert),
        lambda: check_server_files(made.server_cert, made.server_key),
    ):
        with pytest.raises(DatagenError, match=r"run: pip install 'datagen\[declearn\]'"):
            call()
