"""What is said of certificates and keys before a server or a client begins."""

import os
import subprocess

import pytest

from datagen_federations.errors import TrainingError
from datagen_federations.sessions.certificate_checks import (
    check_ca,
    check_server_files,
    describe_certificate,
)
from datagen_federations.sessions.certificates import make_certificates
from tls_handshakes import shake_hands, trust

pytest.importorskip("cryptography")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


def openssl(*words):
    """Make what users have from elsewhere, with the package that our own code does not use."""
    try:
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here")


def make_own(folder, *extensions, kind="rsa:2048"):
    """Make a certificate that has signed itself, for the common name localhost."""
    new = ["-newkey", kind, "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    more = [word for extension in extensions for word in ("-addext", extension)]
    openssl("req", "-x509", "-days", 2, "-subj", "/CN=localhost", *new, *more)
    (folder / "key.pem").chmod(0o600)
    return folder / "cert.pem", folder / "key.pem"


def test_what_was_made_here_passes(made):
    assert check_server_files(made.server_cert, made.server_key, "localhost") == ()
    check_ca(made.ca_cert)


def test_a_file_that_is_missing_is_named(made, tmp_path):
    absent = tmp_path / "absent.pem"
    for call in (
        lambda: check_ca(absent),
        lambda: check_server_files(absent, made.server_key),
        lambda: check_server_files(made.server_cert, absent),
    ):
        with pytest.raises(TrainingError, match=r"absent.pem does not exist; .* certificates"):
            call()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read: Is a directory; name another"):
        check_ca(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (locked := tmp_path / "locked.pem").touch(mode=0)

    with pytest.raises(TrainingError, match=r"locked.pem cannot be read: Permission denied"):
        check_ca(locked)


@pytest.mark.parametrize(
    "text",
    [b"", b"\0\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_a_file_of_another_kind_is_named(made, tmp_path, text):
    (other := tmp_path / "other.pem").write_bytes(text)

    with pytest.raises(TrainingError, match=r"other.pem holds no certificate in PEM form"):
        check_ca(other)
    with pytest.raises(TrainingError, match=r"other.pem holds no private key in PEM form"):
        check_server_files(made.server_cert, other)


def test_files_in_each_others_place_are_told(made):
    with pytest.raises(TrainingError, match=r"pkey.pem holds no certificate"):
        check_server_files(made.server_key, made.server_cert)
    with pytest.raises(TrainingError, match=r"server-pkey.pem is not the key of .*ca-cert.pem"):
        check_server_files(made.ca_cert, made.server_key)
    with pytest.raises(TrainingError, match=r"clients need its authority's, such as ca-cert.pem"):
        check_ca(made.server_cert)


def test_a_key_of_another_set_is_told(made, tmp_path):
    other = make_certificates(tmp_path)

    with pytest.raises(TrainingError, match=r"is not the key of .*; name two files that were made"):
        check_server_files(made.server_cert, other.server_key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602])
def test_a_key_that_others_can_touch_is_told(tmp_path, mode):
    made = make_certificates(tmp_path)
    made.server_key.chmod(mode)

    (note,) = check_server_files(made.server_cert, made.server_key)
    assert note == f"{made.server_key} is open to others; run: chmod 600 {made.server_key}"


def test_a_key_under_a_password_is_told(made, tmp_path):
    openssl("pkey", "-in", made.server_key, "-aes256", "-passout", "pass:x", "-out",
            tmp_path / "locked.pem")  # fmt: skip

    with pytest.raises(TrainingError, match=r"locked by a password; .* openssl pkey -in"):
        check_server_files(made.server_cert, tmp_path / "locked.pem")


@pytest.mark.parametrize("kind", ["rsa:2048", "ed25519"])
@pytest.mark.parametrize(
    "extension", ["basicConstraints=critical,CA:FALSE", "keyUsage=digitalSignature"]
)
def test_ones_from_elsewhere_are_judged_as_openssl_does(tmp_path, kind, extension):
    certificate, key = make_own(tmp_path, extension, kind=kind)

    check_server_files(certificate, key, "localhost")
    check_ca(certificate)
    shake_hands(certificate, key, trust(certificate, strict=False), "localhost")


def test_a_name_besides_makes_the_common_name_void(tmp_path):
    certificate, key = make_own(tmp_path, "subjectAltName=DNS:fl.example.org")

    check_server_files(certificate, key, "fl.example.org")
    with pytest.raises(TrainingError, match=r"is for fl.example.org, not for localhost"):
        check_server_files(certificate, key, "localhost")


def test_a_certificate_may_be_followed_by_its_authoritys(made, tmp_path):
    chain = tmp_path / "chain.pem"
    chain.write_bytes(made.server_cert.read_bytes() + made.ca_cert.read_bytes())

    check_server_files(chain, made.server_key, "::1")
    check_ca(chain)
    assert describe_certificate(chain) == describe_certificate(made.server_cert)
